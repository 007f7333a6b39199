"""The plan of the example data: every margin that the generator must meet, read from the CSV files beside this module.

``published/`` holds tables as the report prints them; ``plan/`` holds the complete set of margins that the generator
uses, in which cells that the report leaves open were filled with plausible numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

import numpy as np

from dnt_cli.arrays import Integers

GROUPS = ("intervention", "control")
WAVES = ("T0", "T1", "T2", "T3", "T4")
N_RUNGS = 6


@dataclass(frozen=True, slots=True)
class PopulationPlan:
    """All margins of the example data; groups and waves are given by their position in `GROUPS` and `WAVES`.

    Attributes:
        categories: variable -> its categories, in order.
        counts: (variable, group, wave) -> persons per category; covariates stand under wave 0.
        means: (variable, group, wave) -> the mean of those who answered.
        answered: (block of questions, group, wave) -> number of persons who answered; absent means everybody.
        patterns: per group, (attendance at T1 to T4, number of persons).
        transitions: (group, wave of departure) -> persons by rung at that wave (row) and at the next one in the plan.
        match_groups: (match group, persons per group).
        reasons: (reason for missing one or more waves, persons).
        calibration: outcome -> {`stay <group>` or covariate indicator: weight}; see `dependence`.
        support: (item, group) -> {answer: persons} for the support asked about at T1.
    """

    categories: dict[str, tuple[str, ...]]
    counts: dict[tuple[str, int, int], Integers]
    means: dict[tuple[str, int, int], float]
    answered: dict[tuple[str, int, int], int]
    patterns: tuple[tuple[tuple[tuple[bool, ...], int], ...], ...]
    transitions: dict[tuple[int, int], Integers]
    match_groups: tuple[tuple[str, tuple[int, int]], ...]
    reasons: tuple[tuple[str, int], ...]
    calibration: dict[str, dict[str, float]]
    support: dict[tuple[str, int], dict[str, int]]


def rows(folder: str, name: str) -> Iterator[dict[str, str]]:
    """Yields the rows of one CSV file of the package, ``folder/name.csv``."""
    path = resources.files(__package__).joinpath(folder, f"{name}.csv")
    yield from csv.DictReader(path.read_text(encoding="utf-8").splitlines())


def read_plan() -> PopulationPlan:
    """Reads the whole plan."""
    categories, counts = _read_counts()
    reasons = ((row["item"], int(row["n"])) for row in rows("published", "attrition_reasons"))
    return PopulationPlan(
        categories=categories,
        counts=counts,
        means={_cell(row, "variable"): float(row["mean"]) for row in rows("plan", "means")},
        answered={_cell(row, "block"): int(row["n"]) for row in rows("plan", "answered")},
        patterns=tuple(tuple(_read_patterns(group)) for group in GROUPS),
        transitions=_read_transitions(),
        match_groups=tuple(
            (row["match_group"], (int(row["n_intervention"]), int(row["n_control"])))
            for row in rows("published", "match_groups")
            if row["match_group"] != "total"
        ),
        reasons=tuple((item, n) for item, n in reasons if "waves" not in item),
        calibration=_read_calibration(),
        support=_read_support(),
    )


def _cell(row: dict[str, str], key: str) -> tuple[str, int, int]:
    return row[key], GROUPS.index(row["group"]), WAVES.index(row["wave"])


def _read_counts() -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, int, int], Integers]]:
    categories: dict[str, list[str]] = {}
    cells: dict[tuple[str, int, int], list[int]] = {}
    for row in rows("plan", "counts"):
        seen = categories.setdefault(row["variable"], [])
        if row["category"] not in seen:
            seen.append(row["category"])
        cells.setdefault(_cell(row, "variable"), []).append(int(row["count"]))
    return {key: tuple(seen) for key, seen in categories.items()}, {key: np.array(n) for key, n in cells.items()}


def _read_patterns(group: str) -> Iterator[tuple[tuple[bool, ...], int]]:
    for row in rows("plan", "patterns"):
        if row["group"] == group:
            yield tuple(row[wave] == "1" for wave in WAVES[1:]), int(row["count"])


def _read_transitions() -> dict[tuple[int, int], Integers]:
    tables: dict[tuple[int, int], Integers] = {}
    for row in rows("plan", "ladder_transitions"):
        key = GROUPS.index(row["group"]), WAVES.index(row["from_wave"])
        table = tables.setdefault(key, np.zeros((N_RUNGS, N_RUNGS), dtype=np.int64))
        table[int(row["from_rung"]) - 1, int(row["to_rung"]) - 1] = int(row["count"])
    return tables


def _read_calibration() -> dict[str, dict[str, float]]:
    weights: dict[str, dict[str, float]] = {}
    for row in rows("plan", "calibration"):
        weights.setdefault(row["outcome"], {})[row["term"]] = float(row["weight"])
    return weights


def _read_support() -> dict[tuple[str, int], dict[str, int]]:
    cells: dict[tuple[str, int], dict[str, int]] = {}
    for row in rows("published", "support"):
        answers = cells.setdefault((row["item_key"], GROUPS.index(row["group"])), {})
        if row["column"] == "used_at_least_once":
            answers["no"], answers["yes"] = int(row["denom"]) - int(row["count"]), int(row["count"])
        elif row["count"]:
            answers[row["column"]] = int(row["count"])
    return cells
