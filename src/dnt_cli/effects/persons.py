"""The persons behind an estimate: those in the model, and those of each group whose answers it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from dnt_cli.description.persons import Naming
from dnt_cli.effects.columns import ARMS, subgroup_of
from dnt_cli.models import CALENDAR, ENDPOINT, LONGITUDINAL, MODERATORS, TREND, WAVES, keys_in
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Counts, Persons, mean_of, named, share_of, together
from dnt_cli.tables.counts import GROUP, Pair

YES = ("yes",)


def behind(row: pd.Series, study: Study) -> Counts | None:
    """The persons in the model, the observed answers per group, and of a yes/no outcome the events and the others.

    Of a yes/no outcome also the fewest of either in a group, since an odds ratio tells of all four.

    A model of the same outcome on other persons has the same name, so that a difference of a few is noticed.

    Returns:
        None where a file of an older version does not tell the numbers.
    """
    numbers = [row["n_persons"], row["n_observed_intervention"], row["n_observed_comparison"]]
    if any(pd.isna(number) for number in numbers):
        return None
    total, intervention, comparison = (int(number) for number in numbers)
    name, observed, whose = _names(row, study)
    trend = row["analysis"] == LONGITUDINAL or row["term"].startswith(TREND)
    people = [_persons(total, (f"in the model of {name}", YES))]
    for code, n in ((study.design.intervention, intervention), (study.design.comparison, comparison)):
        people.append(_persons(n, (GROUP, (code,)), (f"observed in the model of {observed}", YES), *whose))
    if not pd.isna(row["n_events"]) and not trend and not pd.isna(row["n_observations"]):
        events, answers = float(row["n_events"]), float(row["n_observations"])
        people.append(_persons(int(events), (f"events in the model of {name}, {row['model']}", YES)))
        people.append(_persons(int(answers - events), (f"others in the model of {name}, {row['model']}", YES)))
        if not pd.isna(row["fewest_events"]):
            who = (f"fewest of a kind in a group in the model of {name}, {row['model']}", YES)
            people.append(_persons(int(row["fewest_events"]), who))
    return Counts(tuple(people), df=total - coefficients(row, study))


def _names(row: pd.Series, study: Study) -> tuple[str, str, tuple[Pair, ...]]:
    """What the model is called, the model whose observed answers it has, and which part of those."""
    design, analysis, wave = study.design, row["analysis"], row["wave"]
    arms = "" if design.contrast is None else f", {design.intervention} against {design.comparison}"

    def called(analysis: str, *more: str) -> str:
        return " ".join([f"{row['outcome']}, {analysis}{arms}", *more])

    if analysis not in (MODERATORS, CALENDAR):
        name = called(analysis, wave) if analysis == WAVES else called(analysis)
        return name, name, ()
    moderator, level = subgroup_of(row["term"])
    if analysis == MODERATORS:
        name = called(analysis, row["term"])
        return name, name if row["term"].startswith(TREND) else called(ENDPOINT), ((moderator, (level,)),)
    whole = called(ENDPOINT) if wave == study.endpoint(row["outcome"]) else called(WAVES, wave)
    return called(analysis, row["term"], wave), whole, ((f"{moderator}@{wave}", (level,)),)


def with_counts(cells: Sequence[Cell], row: pd.Series, study: Study) -> tuple[Cell, ...]:
    """The cells of an estimate with the persons behind it; empty ones tell of nobody."""
    counts = behind(row, study)
    return tuple(replace(cell, counts=counts) if cell.text else cell for cell in cells)


def behind_levels(row: pd.Series, study: Study, place: str, wave: str) -> Counts | None:
    """The persons behind the observed share or mean of both groups at a wave, by the names that descriptions have."""
    naming, key = Naming(study, {}), row["outcome"]
    found: list[Counts | None] = []
    for arm, code in zip(ARMS, (study.design.intervention, study.design.comparison), strict=True):
        n, level, group = row[f"n_{place}_{arm}"], row[f"{place}_{arm}"], (GROUP, (code,))
        if pd.isna(n) or pd.isna(level):
            return None
        every = [group, naming.answer(key, "", wave)]
        if study.outcomes[key].kind == "binary":
            some = [group, naming.answer(key, "1", wave)]
            found.append(share_of(some, round(float(n * level)), every, int(n)))
        else:
            found.append(mean_of(every, int(n), f"{key}@{wave}", float(level)))
    return together(found)


def _persons(n: int, *who: Pair) -> Persons:
    return Persons(named(who), n)


def coefficients(row: pd.Series, study: Study) -> int:
    """Coefficients of the model: the constant and the group, time and its product, the controls, the baseline value."""
    left_out = keys_in(row["left_out"])
    trend = row["analysis"] == LONGITUDINAL or row["term"].startswith(TREND)
    terms = 4 if trend else 2
    if row["analysis"] in (MODERATORS, CALENDAR):  # the moderator itself is a control
        terms += (3 if trend else 1) * (len(study.subgroups(subgroup_of(row["term"])[0])) - 1)
    for key in keys_in(row["controls"]):
        if key not in left_out:
            covariate = study.covariates.get(key)
            terms += 1 if covariate is None or not covariate.levels else len(covariate.model_levels) - 1
    return terms + bool(row["baseline"])
