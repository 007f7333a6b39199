"""What is described beside outcomes and covariates: further answers in tables of their own, and other populations."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dnt_cli.study.problems import Place, expect, expect_one_of, fail
from dnt_cli.study.text import Text

if TYPE_CHECKING:
    from dnt_cli.study.spec import Study

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


def check_described(study: Study) -> None:
    """Refuse blocks of what is described already, and figures of what the study does not know."""
    for key, block in study.description.items():
        _check_block(study, ("description", key), block)
    for key, population in study.populations.items():
        _check_population(study, ("populations", key), population)
    for key, published in study.published.items():
        _check_published(study, ("published", key), published)
    for key, figure in study.figures.items():
        _check_figure(study, ("figures", key), figure)


def _check_published(study: Study, place: Place, published: Published) -> None:
    expect((published.here is None) != (published.why_not is None), place, "here_or_why_not")
    known = (*PUBLISHED_HERE, *study.description)
    expect(published.here is None or published.here in known, (*place, "here"), "one_of", known=known)


def _check_figure(study: Study, place: Place, figure: ComposedFigure) -> None:
    expect(place[-1] not in study.outcomes and place[-1] != FLOW, place, "figure_drawn")
    expect(_FILE_NAME.match(place[-1]), place, "file_name")
    place, known = (*place, "outcomes"), study.outcomes
    expect(figure.outcomes, place, "some_outcome")
    for key in figure.outcomes:
        if key not in known:
            fail(place, "known", found=key, known=known)
        kind = known[key].kind
        expect(
            (kind == "ordinal") != (figure.kind == "panel"), place, "not_drawn", key=key, kind=kind, figure=figure.kind
        )


def _check_block(study: Study, place: Place, block: DescribedBlock) -> None:
    design = study.design
    expect(block.items, (*place, "items"), "some_item")
    expect_one_of(design.wave_keys, (*place, "wave"), block.wave)
    known = {design.id, design.wave, design.group, *study.covariates, *study.outcomes}
    for column in block.items:
        expect(column not in known, (*place, "items"), "described", column=column)
    expect(block.layout != "waves" or block.wave is None, (*place, "wave"), "all_waves")


def _check_population(study: Study, place: Place, population: Population) -> None:
    expect(place[-1] not in ("all", *study.design.groups), place, "group_name")
    for variable, value in population.means.items():
        _check_known(study, (*place, "means"), variable, mean=True)
        expect(math.isfinite(value), (*place, "means", variable), "number")
    for variable, shares in population.percentages.items():
        own = (*place, "percentages", variable)
        _check_known(study, own, variable, mean=False)
        levels = _answers_of(study, variable)
        for level, value in shares.items():
            expect(level in levels, own, "known", found=level, known=levels)
            expect(0 <= value <= 100, own, "percentage", level=level)


def _check_known(study: Study, place: Place, variable: str, *, mean: bool) -> None:
    """Refuse a variable that does not stand in the table of the baseline with such a figure."""
    covariate, outcome, baseline = study.covariates.get(variable), study.outcomes.get(variable), study.design.baseline
    if covariate is not None:
        has_mean = covariate.kind == "continuous"
    elif outcome is not None and baseline in outcome.waves:
        has_mean = outcome.kind in ("linear", "count")
    else:
        fail(place, "not_at_baseline", variable=variable, wave=baseline)
    expect(has_mean == mean, place, "no_mean" if mean else "no_answers", variable=variable)


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
