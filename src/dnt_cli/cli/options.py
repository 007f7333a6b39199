"""Options that several commands share, written once."""

from __future__ import annotations

import locale
import os
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from dnt_cli.cli.completion import complete_outcomes, complete_settings, complete_studies
from dnt_cli.errors import UsageError
from dnt_cli.sentences import say

INPUT, MODEL, OUTPUT, RUN = "Input", "Model", "Output", "Reproducibility and speed"


class Language(StrEnum):
    """Language of tables and notes."""

    nl = "nl"
    en = "en"


class OutputFormat(StrEnum):
    """How a result is shown."""

    table = "table"
    csv = "csv"
    json = "json"
    md = "md"
    tex = "tex"
    html = "html"


class TableFormat(StrEnum):
    """How `dnt show` gives tables."""

    table = "table"
    csv = "csv"
    json = "json"
    md = "md"
    tex = "tex"
    html = "html"
    docx = "docx"
    xlsx = "xlsx"


class Green(StrEnum):
    """What green means; red is the opposite."""

    better = "better"
    positive = "positive"


def default_language() -> str:
    """DNT_LANG, else Dutch where the system speaks Dutch, else English."""
    asked = os.environ.get("DNT_LANG", "")
    if asked in ("nl", "en"):
        return asked
    spoken = (locale.getlocale()[0] or os.environ.get("LANG", "")).lower()
    return "nl" if spoken.startswith(("nl", "dutch")) else "en"


StudyFile = Annotated[
    str | None,
    typer.Option(
        "--study",
        metavar="FILE|NAME",
        help="Study file, or a built-in study such as dnt; not needed for stage files.",
        autocompletion=complete_studies,
        rich_help_panel=INPUT,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a value of the study file for this run.",
        rich_help_panel=INPUT,
        autocompletion=complete_settings,
    ),
]
Contrast = Annotated[
    str | None,
    typer.Option(
        "--contrast",
        metavar="ARM:ARM",
        help="Of a study with more than two arms, the two to compare, such as b:control.",
        rich_help_panel=INPUT,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Stage file to write; - is standard output.", rich_help_panel=OUTPUT
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output whatever it holds.", rich_help_panel=OUTPUT)]
Shown = Annotated[OutputFormat, typer.Option("--format", help="How the result is shown.", rich_help_panel=OUTPUT)]
Lang = Annotated[
    Language,
    typer.Option(
        "--lang",
        default_factory=default_language,
        show_default="of the system",
        help="Language.",
        rich_help_panel=OUTPUT,
    ),
]
GreenMeans = Annotated[
    Green,
    typer.Option("--green", help="Green is better for the person, or a positive effect.", rich_help_panel=OUTPUT),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.", rich_help_panel=OUTPUT)]
Level = Annotated[
    float,
    typer.Option(
        "--level",
        metavar="SHARE",
        min=0.5,
        max=0.999,
        help="Level of the confidence intervals.",
        rich_help_panel=OUTPUT,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "-j",
        "--jobs",
        metavar="N",
        min=0,
        help="Processes; 0 is one per core. Results do not depend on it.",
        rich_help_panel=RUN,
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", min=0, help="Seed; default: the study's.", rich_help_panel=RUN)
]
Outcomes = Annotated[
    str | None,
    typer.Option(
        "--outcomes",
        metavar="KEY,KEY",
        help="Only these outcomes.",
        rich_help_panel=MODEL,
        autocompletion=complete_outcomes,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler to use instead of processes here; what is computed with is sent to it over the network.",
        rich_help_panel=RUN,
    ),
]
SchedulerTls = Annotated[
    str | None,
    typer.Option(
        "--scheduler-tls",
        metavar="CA,CERTIFICATE,KEY",
        help="With --scheduler tls://HOST:PORT: files of the authority, and of this client's certificate and key.",
        rich_help_panel=RUN,
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
    from dnt_cli.study.reader import nearest

    chosen, known = split(keys), list(known)
    for key in chosen or []:
        if key not in known:
            word = nearest(key, known)  # first, since there may be many to choose from
            near = say("did_you_mean", name=word) if word else "."
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
