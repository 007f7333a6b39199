"""Random studies, and an attacker who reads only the released tables.

He knows the study file and how dnt rounds, not how it decides what to hide. Per question and wave he sets up the
persons of each group and answer as unknown numbers, takes every figure that he reads as an interval, and computes by
linear programming between which bounds each count lies that he cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from dnt_cli.description.result import Description
from dnt_cli.description.run import describe
from dnt_cli.description.tables import description_tables
from dnt_cli.disclosure.figures import traced_figures
from dnt_cli.disclosure.release import Release, released
from dnt_cli.disclosure.report import protected
from dnt_cli.report import Report, draft
from dnt_cli.report.material import Material
from dnt_cli.study import Study, parse_study
from dnt_cli.study.disclosure import CBS
from dnt_cli.survey import cast_survey
from dnt_cli.tables import Table
from dnt_cli.wording import Wording
from tests.support.studies import TWO_WAVES, study_text

GROUPS, WAVES = ("a", "b"), ("T0", "T1")
HEADINGS = {"Intervention": ("a",), "Comparison": ("b",), "Total": GROUPS}
STUDY = study_text(
    {
        "work": {"kind": "binary"},
        "ladder": {
            "kind": "ordinal", "role": "descriptive", "range": [1, 4],
            "level_labels": ["L-one", "L-two", "L-three", "L-four"],
        },
        "high": {"kind": "binary", "derive": {"source": "ladder", "rule": "at_least", "value": 3}},
    },
    key="random",
    waves=TWO_WAVES,
    design={"intervention": "a", "comparison": "b"},
    covariates={
        "school": {
            "kind": "ordered", "levels": ["low", "mid", "top"], "level_labels": ["S-low", "S-mid", "S-top"],
            "collapse": {"mid/top": ["mid", "top"]},
        },
    },
)  # fmt: skip
ASKED = ("work", "ladder")
LADDER = {"L-one": 1, "L-two": 2, "L-three": 3, "L-four": 4}
SCHOOL = {"S-low": "low", "S-mid": "mid", "S-top": "top"}
Unknown = tuple[str, str]  # group, level


def random_survey(seed: int) -> pd.DataFrame:
    """24 to 160 persons; answers of any shape, some of them missing, some persons gone at the end."""
    rng = np.random.default_rng(seed)
    shape, work = rng.dirichlet(np.full(4, 0.8)), rng.uniform(0.02, 0.98)
    schools = rng.dirichlet(np.full(3, 1.0))
    gone, silent = rng.uniform(0, 0.4), rng.choice([0.0, 0.05])
    rows = []
    for i in range(int(rng.integers(24, 160))):
        school, away = str(rng.choice(["low", "mid", "top"], p=schools)), rng.random() < gone
        for wave in WAVES[: 1 if away else 2]:
            answers = {"work": float(rng.random() < work), "ladder": float(rng.choice(4, p=shape) + 1)}
            answers = {key: None if rng.random() < silent else value for key, value in answers.items()}
            rows.append({"id": f"p{i}", "wave": wave, "group": "ab"[i % 2], "school": school} | answers)
    return pd.DataFrame(rows)


@lru_cache(maxsize=1)
def _described(seed: int) -> tuple[Study, pd.DataFrame, list[Table]]:
    """The study, its survey, and the tables of its description."""
    study = parse_study(STUDY)
    survey, _ = cast_survey(random_survey(seed), study)
    return study, survey, description_tables(describe(survey, study), Wording(study, "en"))


@lru_cache(maxsize=1)
def random_release(seed: int) -> tuple[Study, pd.DataFrame, Release]:
    """The study, its survey, and what leaves of its description."""
    study, survey, tables = _described(seed)
    return study, survey, released({"d": tables}, CBS, Wording(study, "en"))


def random_report(seed: int) -> tuple[Report, Release]:
    """The report of the description of a random study, and the release with which it leaves."""
    study, survey, tables = _described(seed)
    wording = Wording(study, "en")
    description = describe(survey, study)
    traced = traced_figures(description, None, wording)
    beside = released({"d": tables, "figures": [own.table for own in traced]}, CBS, wording)
    drawn = [own.draw(shown) for own, shown in zip(traced, beside.tables["figures"], strict=True)]
    figures = {own.key: d if own.parts else None for own, d in zip(traced, drawn, strict=True) if d is not None}
    whole = draft(Material([], [Description(study, description)], wording, "better"))
    return protected(whole, beside, figures, CBS, wording)


def subtracted(seed: int) -> Iterator[tuple[str, str]]:
    """A release without one person, and a later one with her: what anybody reads of her by comparing the two.

    Yields:
        Each number of a group of which she makes the difference that stands in both releases: row and column.
    """
    study, everybody, second = _described(seed)
    wording = Wording(study, "en")
    person = everybody["id"].iloc[int(np.random.default_rng(seed).integers(len(everybody)))]
    without = everybody[everybody["id"] != person].reset_index(drop=True)
    first = description_tables(describe(without, study), wording)
    earlier = released({"d": first}, CBS, wording)
    later = released({"d": second}, CBS, wording, [earlier.told])
    changed = _sizes_that_differ(first, second)
    before, after = _numbers(earlier.tables["d"]), _numbers(later.tables["d"])
    for place in before.keys() & after.keys():
        title, row, column = place
        if title.startswith("Outcomes per wave") and column in changed.get(row.split(" / ")[0], ()):
            yield row, column


def _sizes_that_differ(first: list[Table], second: list[Table]) -> dict[str, set[str]]:
    """Outcome -> the columns whose N is another in the second, in the tables of all numbers."""
    found: dict[str, set[str]] = {}
    before, after = _numbers(first), _numbers(second)
    for title, row, column in after:
        other = before.get((title, row, column)) != after[title, row, column]
        if other and title.startswith("Outcomes per wave") and row.endswith(" / N"):
            found.setdefault(row.split(" / ")[0], set()).add(column)
    return found


def _numbers(tables: list[Table]) -> dict[tuple[str, str, str], str]:
    """Title, row (outcome and level) and column -> text, of each cell with a digit."""
    found, outcome = {}, ""
    for table in tables:
        for row in table.rows:
            outcome = outcome if row[0].text.startswith(" ") else re.sub(r" \(.*", "", row[0].text)
            for cell, column in zip(row[1:], table.columns[1:], strict=True):
                if re.search(r"\d", cell.text):
                    found[table.title, f"{outcome} / {row[0].text.strip()}", column.heading] = cell.text
    return found


def forbidden(count: float, of: float) -> bool:
    """Whether a rule forbids a count of a group; one that is left out only to protect others may be known."""
    least, most = sorted((count, of - count))
    return least < CBS.persons or most > CBS.share * of


def attacked(seed: int, *, report: bool = False) -> Iterator[tuple[str, float, float, tuple[float, float]]]:
    """Each count that the release of a random study hides.

    Args:
        seed: Of the study.
        report: Whether the report leaves too, so that he reads its tables and the numbers behind figures.

    Yields:
        What it is, its value, the size of the group, and the bounds of the attacker.
    """
    if report:
        survey = _described(seed)[1]
        made, release = random_report(seed)
        figures = [replace(own, title=f"Outcomes per wave: {own.title}") for own in release.tables["figures"][1:]]
        tables = [*release.tables["d"], *(own.table for own in made.tables), *figures]
    else:
        _, survey, release = random_release(seed)
        tables = list(release.tables["d"])
    for variable, levels in (("work", ("1",)), ("ladder", tuple("1234")), ("school", ("low", "mid", "top"))):
        for wave in WAVES if variable != "school" else WAVES[:1]:
            rows = survey[(survey["wave"] == wave) & survey[variable].notna()]
            attacker = _Attacker(tables, variable, wave, levels)
            for group in GROUPS:
                for level in levels:
                    own = rows[rows["group"] == group][variable]
                    true = float(
                        (own.astype(str) == level).sum() if variable == "school" else (own == float(level)).sum()
                    )
                    if (group, level) not in attacker.read:
                        name = f"{variable} {wave} {group} {level}"
                        yield name, true, float(len(own)), attacker.bounds((group, level))


def attended(seed: int) -> Iterator[tuple[str, float, tuple[float, float], tuple[float, float]]]:
    """Each number of persons of a group seen at the second wave that a rule forbids.

    Yields:
        What it is, its value, the bounds of an attacker who knows that only who was seen answered, and what he knows
        from the numbers of answers alone.
    """
    _, survey, release = random_release(seed)
    tables = release.tables["d"]
    sample = next(table for table in tables if table.title.startswith("Sample"))
    read = {
        row[0].text: [int(found[0]) if (found := re.match(r"\d+", cell.text)) else None for cell in row[1:]]
        for section in sample.sections
        for row in section.rows
        if row[0].text in ("Participants", *WAVES)
    }
    sizes, seen = read["Participants"], read[WAVES[1]]
    answers = [_Attacker(tables, name, WAVES[1], ("1",) if name == "work" else tuple("1234")).sizes for name in ASKED]
    least = [max((own.get(g, 0.0) for own in answers), default=0.0) for g in GROUPS]
    alone = [(low, float(n)) for low, n in zip(least, sizes, strict=False) if n is not None]
    for i, group in enumerate(GROUPS if len(alone) == 2 else ()):
        if seen[i] is None:
            (low, high), other, total = alone[i], alone[1 - i], seen[2]
            if seen[1 - i] is not None:
                other = (float(seen[1 - i] or 0),) * 2
            if total is not None:
                low, high = max(low, total - other[1]), min(high, total - other[0])
            answered = survey[(survey["wave"] == WAVES[1]) & (survey["group"] == group)][list(ASKED)]
            true = float(answered.notna().any(axis=1).sum())
            if forbidden(true, alone[i][1]):
                yield f"seen {group}", true, (low, high), alone[i]


class _Attacker:
    """What is read of one question at one wave."""

    def __init__(self, tables: list[Table], variable: str, wave: str, levels: tuple[str, ...]) -> None:
        every = ("0", "1") if variable == "work" else levels
        self.place = {(g, level): i for i, (g, level) in enumerate((g, x) for g in GROUPS for x in every)}
        self.read: set[Unknown] = set()
        self.rows: list[tuple[np.ndarray, float, float]] = []  # coefficients, lowest, highest
        self.sizes = self._sizes(tables, variable, wave)
        for group, n in self.sizes.items():
            self._take({(group, level): 1.0 for level in every}, n, n)
        for label, groups, text in self._cells(tables, variable, wave):
            self._understand(variable, label, groups, text)

    def _take(self, terms: dict[Unknown, float], low: float, high: float) -> None:
        row = np.zeros(len(self.place))
        for unknown, factor in terms.items():
            row[self.place[unknown]] += factor
        self.rows.append((row, low, high))

    def _sizes(self, tables: list[Table], variable: str, wave: str) -> dict[str, float]:
        """N under an outcome; of the school, which everybody told, the size of the groups."""
        found = {}
        if variable == "school":
            row = next(r for t in tables if t.title.startswith("Sample") for r in t.sections[0].rows)
            return {g: float(c.text) for g, c in zip(GROUPS, row[1:3], strict=True) if c.text.isdigit()}
        label = {"work": "Work", "ladder": "Ladder"}[variable]
        for table in (t for t in tables if t.title.startswith("Outcomes per wave")):
            rows = table.rows
            start = next((i for i, row in enumerate(rows) if row[0].text.startswith(label)), None)
            if start is None:  # of another outcome
                continue
            n = next(row for row in rows[start:] if row[0].text.strip() == "N")
            for cell, column in zip(n, table.columns, strict=True):
                for g, initial in zip(GROUPS, "IC", strict=True):
                    if column.heading == f"{initial} {wave}" and cell.text.isdigit():
                        found[g] = float(cell.text)
        return found

    def _cells(self, tables: list[Table], variable: str, wave: str) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """Label, groups and text of each cell about the question at the wave."""
        for table in tables:
            baseline, trend = table.title.startswith("Groups at baseline"), table.title.startswith("Outcomes per wave")
            if not (baseline and wave == "T0") and not trend:
                continue
            for row in table.rows:
                for cell, column in zip(row[1:], table.columns[1:], strict=True):
                    groups = HEADINGS.get(column.heading) if baseline else None
                    for g, initial in zip(GROUPS, "IC", strict=True):
                        groups = (g,) if trend and column.heading == f"{initial} {wave}" else groups
                    if groups is not None:
                        yield row[0].text.strip(), groups, cell.text

    def _understand(self, variable: str, label: str, groups: tuple[str, ...], text: str) -> None:
        name = re.sub(r" \((%|mean)\)$", "", label)
        levels = self._levels(variable, name)
        if levels and (match := re.fullmatch(r"(\d+) \(\d+%\)", text)):
            self._take({(g, level): 1.0 for g in groups for level in levels}, int(match[1]), int(match[1]))
            self.read |= {(groups[0], levels[0])} if len(groups) == len(levels) == 1 else set()
        elif levels and re.fullmatch(r"\d+(\.\d)?", text) and groups[0] in self.sizes:
            half = 0.5 if "." not in text else 0.05
            n, share = self.sizes[groups[0]], float(text)
            low, high = n * (share - half) / 100, n * (share + half) / 100
            self._take({(groups[0], level): 1.0 for level in levels}, low, high)
            self.read |= {(groups[0], levels[0])} if len(levels) == 1 else set()
        elif variable == "ladder" and name == "Ladder" and all(g in self.sizes for g in groups):
            self._moments(groups, text)

    def _moments(self, groups: tuple[str, ...], text: str) -> None:
        match = re.fullmatch(r"(\d+\.(\d+))(?: \((\d+\.\d+)\))?", text)
        if match is None:
            return
        n, half = sum(self.sizes[g] for g in groups), 0.5 * 10.0 ** -len(match[2])
        mean = float(match[1])
        self._take({(g, x): float(x) for g in groups for x in "1234"}, n * (mean - half), n * (mean + half))
        if match[3]:
            low, high = max(0.0, float(match[3]) - half), float(match[3]) + half
            squares = (n - 1) * low**2 + n * (mean - half) ** 2, (n - 1) * high**2 + n * (mean + half) ** 2
            self._take({(g, x): float(x) ** 2 for g in groups for x in "1234"}, *squares)

    @staticmethod
    def _levels(variable: str, name: str) -> tuple[str, ...]:
        if variable == "work":
            return ("1",) if name == "Work" else ()
        if variable == "ladder":
            return ("3", "4") if name == "High" else (str(LADDER[name]),) if name in LADDER else ()
        taken = tuple(SCHOOL[part] for part in name.split("/") if part in SCHOOL)
        return taken if len(taken) == len(name.split("/")) else ()

    def bounds(self, unknown: Unknown) -> tuple[float, float]:
        """The lowest and highest number that agree with everything that was read."""
        goal = np.zeros(len(self.place))
        goal[self.place[unknown]] = 1.0
        above = np.array([row for row, _, _ in self.rows] + [-row for row, _, _ in self.rows])
        limits = np.array([high for _, _, high in self.rows] + [-low for _, low, _ in self.rows]) + 1e-9
        ends = [
            linprog(s * goal, A_ub=above if len(above) else None, b_ub=limits if len(above) else None) for s in (1, -1)
        ]
        return tuple(s * end.fun if end.status == 0 else s * -np.inf for s, end in zip((1, -1), ends, strict=True))
