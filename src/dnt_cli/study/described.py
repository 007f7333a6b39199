"""What is described beside outcomes and covariates: further answers in tables of their own, and other populations."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dnt_cli.study.text import Text

if TYPE_CHECKING:
    from dnt_cli.study.spec import Study

Fail = Callable[[tuple[str, ...], str], None]

FLOW = "flow"  # the figure of who was seen when
_FILE_NAME = re.compile(r"^[A-Za-z0-9][\w-]*$", re.ASCII)
YES = "yes"  # of a binary outcome, in the figures of a population


@dataclass(frozen=True)
class DescribedBlock:
    """Answers that are described but not analysed, as one table of `dnt describe`."""

    label: Text  # title of the table
    items: dict[str, Text]  # column of the survey file -> what its row is called
    layout: Literal["groups", "answers", "counts", "waves"] = "groups"  # what the columns are; counts: of the groups
    answers: dict[str, Text] = field(default_factory=dict)  # answer in the file -> its name, in the order of the table
    shown: str = YES  # groups and waves: the answer whose percentage is shown
    wave: str | None = None  # when it was asked; default: each wave at which somebody answered
    group: Literal["both", "intervention", "comparison"] = "both"  # whose answers are shown
    note: Text | None = None  # printed under the table


@dataclass(frozen=True)
class Population:
    """Published figures of other people, beside the study's at baseline."""

    label: Text  # heading of the column
    means: dict[str, float] = field(default_factory=dict)  # covariate or score -> mean
    percentages: dict[str, dict[str, float]] = field(default_factory=dict)  # variable -> answer (or yes) -> per cent
    note: Text | None = None  # source, printed under the table


@dataclass(frozen=True)
class ComposedFigure:
    """A figure of `dnt describe --figures` beside the one of each outcome."""

    label: Text  # title of the figure
    kind: Literal["moves", "steps", "panel"]  # who rose and fell; mean steps; several outcomes beside each other
    outcomes: tuple[str, ...]  # ordinal ones of moves and steps, scores or yes/no of a panel
    number: str | None = None  # in the report that it stands in; told in figures.csv


PUBLISHED_HERE = (
    "sample", "patterns", "baseline", "dropout", "trend", "change", "codebook", "flow", "binary", "linear", "register",
)  # fmt: skip
"""The tables and the figure of a report that a published one can correspond to, beside the blocks of a description."""


@dataclass(frozen=True)
class Published:
    """A table or figure of an earlier report of the study, and what corresponds to it in the report of `dnt report`.

    Figures that outcomes and composed figures give the number of need no entry.
    """

    label: Text  # its number and title
    here: str | None = None  # a block of [description], or a table: baseline, binary, linear, register ...
    why_not: Text | None = None  # the reason why nothing corresponds to it


def block_columns(blocks: dict[str, DescribedBlock]) -> tuple[str, ...]:
    """The columns that blocks are about, each once."""
    return tuple(dict.fromkeys(column for block in blocks.values() for column in block.items))


def check_described(study: Study, fail: Fail) -> None:
    """Refuse blocks of what is described already, and figures of what the study does not know."""
    for key, block in study.description.items():
        _check_block(study, ("description", key), block, fail)
    for key, population in study.populations.items():
        _check_population(study, ("populations", key), population, fail)
    for key, published in study.published.items():
        _check_published(study, ("published", key), published, fail)
    for key, figure in study.figures.items():
        _check_figure(study, ("figures", key), figure, fail)


def _check_published(study: Study, path: tuple[str, ...], published: Published, fail: Fail) -> None:
    if (published.here is None) == (published.why_not is None):
        fail(path, "give one of the two: here, or why_not")
    known = (*PUBLISHED_HERE, *study.description)
    if published.here is not None and published.here not in known:
        fail((*path, "here"), f"expected one of: {', '.join(known)}")


def _check_figure(study: Study, path: tuple[str, ...], figure: ComposedFigure, fail: Fail) -> None:
    if path[-1] in study.outcomes or path[-1] == FLOW:
        fail(path, "a figure of this name is drawn already; give another key")
    if not _FILE_NAME.match(path[-1]):
        fail(path, "it becomes the name of a file: letters, digits, - and _ only")
    if not figure.outcomes:
        fail((*path, "outcomes"), "expected at least one outcome")
    for key in figure.outcomes:
        outcome = study.outcomes.get(key)
        if outcome is None:
            fail((*path, "outcomes"), f"found {key!r}; known: {', '.join(study.outcomes)}")
        elif (outcome.kind == "ordinal") == (figure.kind == "panel"):
            fail((*path, "outcomes"), f"{key} is {outcome.kind}, which a figure of {figure.kind} does not show")


def _check_block(study: Study, path: tuple[str, ...], block: DescribedBlock, fail: Fail) -> None:
    design = study.design
    if not block.items:
        fail((*path, "items"), "expected at least one column of the survey file, with what its row is called")
    if block.wave is not None and block.wave not in design.wave_keys:
        fail((*path, "wave"), f"found {block.wave!r}; allowed: {', '.join(design.wave_keys)}")
    known = {design.id, design.wave, design.group, *study.covariates, *study.outcomes}
    for column in block.items:
        if column in known:
            fail((*path, "items"), f"{column} stands in the other tables of the description already")
    if block.layout == "waves" and block.wave is not None:
        fail((*path, "wave"), 'it is not used: layout = "waves" shows them all')


def _check_population(study: Study, path: tuple[str, ...], population: Population, fail: Fail) -> None:
    design = study.design
    if path[-1] in ("all", design.intervention, design.comparison):
        fail(path, "this is the name of a group of the study; give another key")
    for variable, value in population.means.items():
        _check_known(study, (*path, "means"), variable, fail, mean=True)
        if not math.isfinite(value):
            fail((*path, "means", variable), "expected a number")
    for variable, shares in population.percentages.items():
        own = (*path, "percentages", variable)
        _check_known(study, own, variable, fail, mean=False)
        levels = _answers_of(study, variable)
        for level, value in shares.items():
            if level not in levels:
                fail(own, f"found {level!r}; known: {', '.join(levels)}")
            if not 0 <= value <= 100:
                fail(own, f"{level}: expected a percentage, 0 to 100")


def _check_known(study: Study, path: tuple[str, ...], variable: str, fail: Fail, *, mean: bool) -> None:
    """Refuse a variable that does not stand in the table of the baseline with such a figure."""
    covariate, outcome = study.covariates.get(variable), study.outcomes.get(variable)
    has_mean = (
        covariate.kind == "continuous"
        if covariate is not None
        else outcome is None or outcome.kind in ("linear", "count")
    )
    if covariate is None and (outcome is None or study.design.baseline not in outcome.waves):
        fail(path, f"{variable} is no covariate, nor an outcome asked at {study.design.baseline}")
    if has_mean != mean:
        fail(path, f"{variable} has {'answers, not a mean' if mean else 'a mean, not answers'}")


def _answers_of(study: Study, variable: str) -> tuple[str, ...]:
    """The answers whose percentages a population can have: levels, classes by number, or yes."""
    if variable in study.covariates:
        covariate = study.covariates[variable]
        return (*covariate.levels, *covariate.collapse)
    outcome = study.outcomes[variable]
    if outcome.kind == "binary":
        return (YES,)
    low, high = outcome.range or (0, -1)
    return tuple(str(value) for value in range(int(low), int(high) + 1))
