"""The command line: each command in a file of its own, imported when it is called."""

from __future__ import annotations

import gc
import importlib
import keyword
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from feeds import __version__
from feeds.cli import logs, showing
from feeds.errors import FeedmillError, NoConfigError, NotFoundError, SettingsError
from feeds.records import Category, Source

if TYPE_CHECKING:
    from feeds.settings import Settings
    from storage import Store

# Listed in the order in which a newcomer meets them.
COMMANDS = {
    "fetch": "Fetch every source that is due, and publish what moved.",
    "run": "Keep running: fetch when sources are due, publish what moved.",
    "serve": "Serve the published files; fetch nothing.",
    "publish": "Write the feeds again from the store.",
    "preview": "Show what a feed or file would bring; store nothing.",
    "sources": "List the sources and their health.",
    "status": "Show what runs, what is next, what fails.",
    "categories": "List the published categories.",
    "articles": "List what the store holds, newest first.",
    "why": "Tell the whole story of an article.",
    "diff": "Show what was changed in an article.",
    "held": "List what the flood guard keeps back.",
    "release": "Publish what is held.",
    "drop": "Throw away what is held, for good.",
    "replay": "Read the kept documents of sources again, without a request.",
    "withdraw": "Take an article back: gone at once, and it stays away.",
    "add": "Find the feed behind an address, and add it to the config.",
    "remove": "Take a source out of the config.",
    "import": "Add the sources of an OPML, Planet or newsboat file.",
    "export": "Write the sources as OPML.",
    "backup": "Copy the store to a file, also while it is written to.",
    "check": "Check the config, and tell what would help.",
}


MADE_MEANWHILE = 20_000  # objects, between two searches for what refers to itself alone


class Context(Struct, dict=True):
    """What every command starts from. Each part is made when it is first asked for."""

    config: str | None
    verbosity: int

    @cached_property
    def file(self) -> Path:
        """The config that is used."""
        from feeds import settings  # which --help and --version do without

        return settings.find(self.config, environ=os.environ, cwd=Path.cwd())

    @cached_property
    def settings(self) -> Settings:
        from feeds import settings

        return settings.load(self.file, environ=os.environ)

    def change_config(self, text: str) -> Settings:
        """Write a new config, if it is a good one; what it says."""
        from feeds import settings
        from feeds.settings import editing

        self.settings = settings.load(self.file, environ=os.environ, text=text)
        editing.replace_file(self.file, text)
        return self.settings

    def with_config(self, text: str) -> Settings:
        """What the config would say with this text, its lists of sources included; nothing is written."""
        from feeds import pipeline, settings

        return pipeline.complete(self.store, settings.load(self.file, environ=os.environ, text=text))

    @cached_property
    def settings_or_defaults(self) -> Settings:
        """For what needs no config, such as a look at a feed that may become a source."""
        from feeds import settings

        try:
            return self.settings
        except NoConfigError:
            return settings.defaults()

    @cached_property
    def store(self) -> Store:
        from storage import open_store

        return open_store(self.settings.database)

    def close(self) -> None:
        """End what was begun: a database is left as one file."""
        if "store" in vars(self):
            self.store.close()

    @property
    def complete(self) -> Settings:
        """The settings with the sources that lists of sources name."""
        from feeds import pipeline

        return pipeline.complete(self.store, self.settings)

    def sources(self, names: tuple[str, ...]) -> tuple[Source, ...]:
        """The sources of these names, or all; an unknown name is an error that offers the nearest."""
        every = self.complete.sources
        if not names:
            return every
        by_name = {source.name: source for source in every}
        return tuple(by_name[name] for name in known(names, by_name, "source", "sources"))


def known(names: tuple[str, ...], among: Mapping[str, object], word: str, command: str) -> tuple[str, ...]:
    """`names` without repetitions, as they are spelled `among` the known. Raises NotFoundError for any other."""
    return tuple(dict.fromkeys(_known(name, among, word, command) for name in names))


def _known(name: str, among: Mapping[str, object], word: str, command: str) -> str:
    if name in among:
        return name
    import difflib

    from feeds.settings.names import folded
    from feeds.settings.values import shown

    # As the config has it: capitals do not matter, nor which of two Unicode forms a keyboard or a file system gives.
    same = [each for each in among if folded(each) == folded(name)]
    if same and all(among[each] is among[same[0]] for each in same):
        return same[0]
    close = difflib.get_close_matches(name, list(among), n=1)
    hint = f"did you mean {close[0]}?" if close else f"`feedmill {command}` lists them"
    raise NotFoundError(f"no {word} is called {shown(name)}; {hint}")


def by_word(published: Iterable[Category | None]) -> dict[str, Category]:
    """Categories by what they may be called: by name, alias and title, and by slug unless that is a secret."""
    listed = [category for category in published if category]
    others = {word: category for category in listed for word in (category.title, *category.aliases) if word}
    slugs = {category.slug: category for category in listed if not (category.private and category.private.path)}
    return others | slugs | {category.name: category for category in listed}


class Commands(click.Group):
    """Imports a command only when it is called: `feedmill --help` and one command need not pay for the others."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = f"{name}_" if keyword.iskeyword(name) else name
        command: click.Command = importlib.import_module(f"feeds.cli.{module}").command
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--config", metavar="FILE", help="The config, instead of $FEEDMILL_CONFIG, ./config.yaml or the user's.")
@click.option("-v", "--verbose", count=True, help="Tell more on standard error.")
@click.option("-q", "--quiet", is_flag=True, help="Tell only of errors.")
@click.version_option(__version__, prog_name="feedmill")
@click.pass_context
def feedmill(context: click.Context, config: str | None, verbose: int, quiet: bool) -> None:
    """Collect articles from any number of sources; publish one clean feed per category."""
    context.obj = Context(config=config, verbosity=-1 if quiet else verbose)
    context.call_on_close(context.obj.close)
    logs.configure(context.obj.verbosity)


def main() -> None:
    """The `feedmill` command. Exit codes: 0 done, 1 could not be done, 2 wrong usage or config, 130 interrupted."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed, as by `>&-`: it swallows what is written to it
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for the process's life
        elif stream.encoding.lower() != "utf-8":  # an old locale: what it has no character for is written as a number
            stream.reconfigure(errors="backslashreplace")
    # Nearly all that a command makes is what it imports, which stays. To search that for what can go, as Python does
    # some hundred times by then and again at the end, is a sixth of what a round without news costs.
    gc.set_threshold(MADE_MEANWHILE, 10, 10)
    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        result = feedmill.main(args=arguments, prog_name="feedmill", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.ClickException as error:  # wrong usage
        error.show()
        return 2
    except SettingsError as error:
        return _tell(str(error), 2)
    except FeedmillError as error:
        return _tell(str(error), 1)
    except (KeyboardInterrupt, click.Abort):
        return _tell("interrupted; all that was finished is kept", 130)
    except (BrokenPipeError, SystemExit):  # the reader of our output has had enough, as `head` does; click exits
        _drop_output()
        return 0
    except OSError as error:  # the disk that our output goes to is full
        _drop_output()
        return _tell(f"{error}; what was stored and published before is still there", 1)


def _drop_output() -> None:
    """Or Python would try once more to write what could not be written, at its very end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(message: str, code: int) -> int:
    for line in message.splitlines():
        showing.tell(line)
    return code
