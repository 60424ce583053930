"""What docs/deploy/ says can be done: its files fit each other and the command."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from command import PATIENCE
from deployed import DATABASE_FOLDER, DEPLOY, PUBLIC_FOLDER, README, ROOT, SERVICES, far_end, text

from builders import MONDAY
from feeds import settings
from feeds.cli import COMMANDS
from feeds.cli import feedmill as cli
from feeds.daemon.metrics import Metrics
from feeds.records import Inventory


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """A unit file: sections, keys, and each key's values, since many may be given more than once."""
    found: dict[str, dict[str, list[str]]] = {}
    keys: dict[str, list[str]] = {}
    for line in text(name).splitlines():
        if line.startswith("["):
            keys = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, line
            keys.setdefault(key, []).append(value)
    return found


def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(text("compose.yaml"))
    return parsed


def instructions(word: str) -> list[str]:
    """What stands behind each `word` of the Containerfile; of both stages, in their order."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text("Containerfile"), flags=re.MULTILINE))
    return [line.removeprefix(word).strip() for line in joined.splitlines() if line.startswith(f"{word} ")]


def calls() -> list[list[str]]:
    """The arguments of every call of feedmill that a file or page of docs/deploy/ names."""
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    lines += re.findall(r"`([^`\n]+)`", README)
    lines += [line for name in SERVICES for line in unit(name)["Service"]["ExecStart"]]
    lines.append(f"feedmill {shlex.join(json.loads(instructions('CMD')[-1]))}")
    found = (re.search(r"(?:^|\* |bin/|exec feedmill )feedmill (.+)", line) for line in lines)
    return [shlex.split(call[1]) for call in found if call]


def test_every_call_of_feedmill_names_a_command_and_options_that_there_are() -> None:
    called = set()
    for arguments in calls():
        at = next(place for place, word in enumerate(arguments) if word in COMMANDS)
        name = arguments[at]
        context = cli.make_context("feedmill", arguments[: at + 1])  # raises for an option that there is not
        command = cli.get_command(context, name)
        assert command is not None
        command.make_context(name, arguments[at + 1 :])
        called.add(name)
    assert {"run", "fetch", "check", "sources", "backup", "publish"} <= called


def test_the_config_can_be_used_on_a_machine_and_with_the_documented_change_in_a_container(tmp_path: Path) -> None:
    for_container = next(line for line in README.splitlines() if line.startswith("sed "))
    before_redirection = shlex.split(for_container)[:3]
    changed = subprocess.check_output(before_redirection, cwd=ROOT, text=True, timeout=PATIENCE)
    hosts = []
    for content in (text("config.yaml"), changed):
        path = tmp_path / "config.yaml"
        path.write_text(content, encoding="utf-8")
        loaded = settings.load(path, environ={})
        assert loaded.database == f"sqlite:///{DATABASE_FOLDER}/feedmill.db"
        assert str(loaded.output) == PUBLIC_FOLDER
        assert loaded.server.port == 8080
        hosts.append(loaded.server.host)
    assert hosts == ["127.0.0.1", "0.0.0.0"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_gives_the_service_the_folders_that_the_config_names(name: str) -> None:
    service = unit(name)["Service"]
    assert [f"/var/lib/{folder}" for folder in service["StateDirectory"]] == [DATABASE_FOLDER]
    assert [f"/var/cache/{folder}" for folder in service["CacheDirectory"]] == [PUBLIC_FOLDER]
    assert service["ProtectSystem"] == ["strict"]
    assert service["User"] == ["feedmill"]
    assert "--config /etc/feedmill/config.yaml" in service["ExecStart"][0]


def test_both_units_may_do_the_same() -> None:
    about_the_run = {"Type", "ExecStart", "ExecReload", "TimeoutStartSec", "TimeoutStopSec", "WatchdogSec", "Restart",
                     "RestartSec", "RestartPreventExitStatus"}  # fmt: skip
    daemon, once = ({k: v for k, v in unit(name)["Service"].items() if k not in about_the_run} for name in SERVICES)
    assert daemon == once


def test_the_daemon_is_watched_reloaded_and_given_time_to_end() -> None:
    service = unit("feedmill.service")["Service"]
    assert service["Type"] == ["notify"]
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["WatchdogSec"]
    assert int(service["TimeoutStopSec"][0].removesuffix("s")) > 25
    assert int(compose()["services"]["feedmill"]["stop_grace_period"].removesuffix("s")) > 25


def test_a_daemon_may_have_more_connections_than_a_shell_allows() -> None:
    limits = {unit(name)["Service"]["LimitNOFILE"][0] for name in SERVICES}
    assert limits == {str(compose()["services"]["feedmill"]["ulimits"]["nofile"])} == {"65536"}


def test_the_timer_starts_the_service_of_its_name() -> None:
    assert set(unit("feedmill-fetch.timer")) == {"Unit", "Timer", "Install"}
    assert unit("feedmill-fetch.service")["Service"]["Type"] == ["oneshot"]
    assert "Install" not in unit("feedmill-fetch.service")


def test_container_and_compose_agree_on_port_and_folders() -> None:
    service = compose()["services"]["feedmill"]
    volumes = {folder: (source, *mode) for source, folder, *mode in (v.split(":") for v in service["volumes"])}
    assert sorted(json.loads(instructions("VOLUME")[0])) == sorted([DATABASE_FOLDER, PUBLIC_FOLDER])
    assert volumes == {
        "/etc/feedmill": ("./config", "ro"), DATABASE_FOLDER: ("store",), PUBLIC_FOLDER: ("public",)
    }  # fmt: skip
    assert set(compose()["volumes"]) == {"store", "public"}
    assert service["ports"] == [f"127.0.0.1:8080:{instructions('EXPOSE')[0]}"]
    assert "FEEDMILL_CONFIG=/etc/feedmill/config.yaml" in instructions("ENV")[0]
    assert f"--tag {service['image']} " in README


def test_the_container_does_not_run_as_root() -> None:
    assert instructions("USER") == ["feedmill"]
    made = instructions("RUN")[1]
    assert all(f"-o feedmill {folder}" in made for folder in (DATABASE_FOLDER, PUBLIC_FOLDER))


def test_the_container_is_built_from_all_that_the_package_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {
        *project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"],
        *project["project"]["license-files"],
        project["project"]["readme"],
        "pyproject.toml",
        "constraints.txt",
    }
    copied = {name for line in instructions("COPY") if not line.startswith("--from") for name in line.split()[:-1]}
    let_in = {line[1:] for line in text("Containerfile.dockerignore").splitlines() if line.startswith("!")}
    assert copied == let_in == needed


def test_the_health_check_fails_while_the_server_is_away_or_unwell() -> None:
    command = json.loads(re.search(r"CMD (\[.*\])$", instructions("HEALTHCHECK")[0])[1])  # type: ignore[index]
    assert command[0] == "python"
    seen: list[str] = []

    def check(port: int) -> int:
        arguments = [word.replace(":8080/", f":{port}/") for word in command[1:]]
        return subprocess.run([sys.executable, *arguments], stderr=subprocess.DEVNULL, timeout=PATIENCE).returncode

    for status in (200, 503):
        with far_end(status, seen.append) as port:
            assert (check(port) == 0) == (status == 200)
    assert check(port) != 0
    assert seen == ["/healthz", "/healthz"]


def test_every_metric_is_documented_and_no_other() -> None:
    metrics = Metrics()
    metrics.ticked("refresh", 1, True, now=MONDAY)
    inventory = Inventory(sources={"active": 1}, due=0, lag=timedelta(), articles=0, tombstones=0)
    told = re.findall(r"^# TYPE (\w+)", metrics.exposition(inventory).decode(), re.MULTILINE)
    assert set(re.findall(r"\bfeedmill_\w+", README)) == {name for name in told if name.startswith("feedmill_")}


def test_the_alerts_are_yaml_about_metrics() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (group,) = yaml.safe_load(block)["groups"]
    assert all("feedmill_" in rule["expr"] for rule in group["rules"])


def test_every_file_is_explained() -> None:
    for path in DEPLOY.iterdir():
        assert path.name in README or path.name == "README.md" or path.suffix == ".dockerignore", path.name
