"""The documentation tells the truth, as far as a test can hold it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

import pytest
from click import Context, Option

from feeds import settings
from feeds.cli import COMMANDS, feedmill
from feeds.settings.model import ConfigKeys

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def keys(model: type, found: set[str] | None = None) -> set[str]:
    """Every key that a person may write, in the config and in the mappings inside it."""
    found = set() if found is None else found
    for name, annotation in get_type_hints(model).items():
        found.add(name)
        for inner in re.findall(r"\w+Keys\b", str(annotation)):
            keys(getattr(settings.model, inner), found)  # type: ignore[attr-defined]
    return found


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert not {key for key in keys(ConfigKeys) if f"`{key}`" not in page and f"{key}:" not in page}


def test_every_command_is_documented_and_explains_itself() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        command = feedmill.get_command(Context(feedmill), name)
        assert f"`feedmill {name}" in readme
        assert command.help
        assert all(option.help for option in command.params if isinstance(option, Option))


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs/configuration.md"], ids=lambda page: page.name)
def test_every_config_in_the_documentation_can_be_used(page: Path, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(page, "yaml")):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block), "value") | {"HOME": str(tmp_path)}
        assert settings.load(path, environ=environ)


def test_the_shipped_config_is_good_also_with_its_comments_taken_away(tmp_path: Path) -> None:
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    uncommented = re.sub(r"^# (?=categories:|  )", "", text, flags=re.MULTILINE)
    for number, content in enumerate((text, uncommented)):
        path = tmp_path / f"{number}.yaml"
        path.write_text(content, encoding="utf-8")
        loaded = settings.load(path, environ={})
        assert len(loaded.sources) == (2, 6)[number]


def test_continuous_integration_runs_the_readmes_test_command() -> None:
    (command,) = [block.strip() for block in blocks(ROOT / "README.md", "sh") if "pytest" in block]
    assert command in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_pinned_versions_name_no_index() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line), line
