"""Options that several commands share, written once."""

from __future__ import annotations

import locale
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dnt_cli.cli.completion import complete_outcomes, complete_settings, complete_studies
from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

if TYPE_CHECKING:
    from dnt_cli.study import Language

INPUT, MODEL, OUTPUT, RUN = "Input", "Model", "Output", "Reproducibility and speed"


OutputFormat = Literal["table", "csv", "json", "md", "tex", "html"]
TableFormat = Literal[OutputFormat, "docx", "xlsx"]  # how `dnt show` gives tables
Green = Literal["better", "positive"]  # what green means; red is the opposite


def default_language() -> Language:
    """DNT_LANG, else Dutch where the system speaks Dutch, else English."""
    match os.environ.get("DNT_LANG", ""):
        case "nl" | "en" as asked:
            return asked
    spoken = (locale.getlocale()[0] or os.environ.get("LANG", "")).lower()
    return "nl" if spoken.startswith(("nl", "dutch")) else "en"


def option(names: str, help: str, panel: str | None = None, **settings: Any) -> Any:
    """An option as Typer wants it.

    Args:
        names: Its names and, if it takes a value, what stands for that in the help: `-o --output FILE`.
        help: What the help says of it.
        panel: Part of the help that it stands in.
        settings: What else `typer.Option` takes.
    """
    *flags, last = names.split()
    flags, metavar = ([*flags, last], None) if last.startswith("-") else (flags, last)
    return typer.Option(*flags, metavar=metavar, help=help, rich_help_panel=panel, **settings)


def argument(metavar: str, help: str, **settings: Any) -> Any:
    """An argument as Typer wants it, likewise."""
    return typer.Argument(metavar=metavar, help=help, **settings)


StudyFile = Annotated[
    str | None,
    option(
        "--study FILE|NAME",
        "Study file, or a built-in study such as dnt; not needed for stage files.",
        INPUT,
        autocompletion=complete_studies,
    ),
]
Overrides = Annotated[
    list[str] | None,
    option(
        "--set KEY=VALUE", "Replace a value of the study file for this run.", INPUT, autocompletion=complete_settings
    ),
]
Contrast = Annotated[
    str | None,
    option("--contrast ARM:ARM", "Of a study with more than two arms, the two to compare, such as b:control.", INPUT),
]
Output = Annotated[str | None, option("-o --output FILE", "Stage file to write; - is standard output.", OUTPUT)]
Force = Annotated[bool, option("--force", "Replace the output whatever it holds.", OUTPUT)]
Shown = Annotated[OutputFormat, option("--format", "How the result is shown.", OUTPUT)]
Lang = Annotated[
    Literal["nl", "en"],
    option("--lang", "Language.", OUTPUT, default_factory=default_language, show_default="of the system"),
]
GreenMeans = Annotated[Green, option("--green", "Green is better for the person, or a positive effect.", OUTPUT)]
AsJson = Annotated[bool, option("--json", "As JSON.", OUTPUT)]
Level = Annotated[float, option("--level SHARE", "Level of the confidence intervals.", OUTPUT, min=0.5, max=0.999)]
Jobs = Annotated[int, option("-j --jobs N", "Processes; 0 is one per core. Results do not depend on it.", RUN, min=0)]
Seed = Annotated[int | None, option("--seed N", "Seed; default: the study's.", RUN, min=0)]
Outcomes = Annotated[
    str | None, option("--outcomes KEY,KEY", "Only these outcomes.", MODEL, autocompletion=complete_outcomes)
]
Scheduler = Annotated[
    str | None,
    option(
        "--scheduler ADDRESS",
        "Dask scheduler to use instead of processes here; what is computed with is sent to it over the network.",
        RUN,
    ),
]
SchedulerTls = Annotated[
    str | None,
    option(
        "--scheduler-tls CA,CERTIFICATE,KEY",
        "With --scheduler tls://HOST:PORT: files of the authority, and of this client's certificate and key.",
        RUN,
    ),
]


def split(keys: str | None) -> list[str] | None:
    """`a,b` as a list, each once; None stays None."""
    return None if keys is None else list(dict.fromkeys(key.strip() for key in keys.split(",") if key.strip()))


def choose(option: str, keys: str | None, known: Iterable[str], *, empty: bool = False) -> list[str] | None:
    """The keys given to `option`, all of them known; with `empty` there may be none.

    Raises:
        UsageError: A key is unknown, or there is none.
    """
    from dnt_cli.study.reader import suggest

    chosen, known = split(keys), list(known)
    for key in chosen or []:
        if key not in known:
            near = suggest(key, known) or "."  # first, since there may be many to choose from
            listed = ", ".join(known) or "-"
            raise UsageError(say("option_unknown", option=option, key=key, near=near, known=listed))
    if chosen == [] and not empty:
        raise UsageError(say("option_nothing", option=option, known=", ".join(known)))
    return chosen


def processes(jobs: int) -> int:
    """The number of processes for `--jobs`."""
    if jobs:
        return jobs
    import joblib

    return int(joblib.cpu_count())
