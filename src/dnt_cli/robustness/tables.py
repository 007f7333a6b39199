"""The robustness checks as tables: effects in rows, checks in columns, and what lies behind some of the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from dnt_cli.effects.further_columns import decimals_for
from dnt_cli.effects.persons import behind, with_counts
from dnt_cli.effects.tables import displayed, scale_of, tone_of, where_of
from dnt_cli.robustness.confounding_tables import confounding_tables
from dnt_cli.robustness.notes import details_of, notes_of
from dnt_cli.robustness.result import (
    BALANCE,
    MEASURES,
    SCOPES,
    SHIFT,
    SIZE,
    WITH_ALL,
    RobustnessResult,
    codes,
    grid_key,
    in_order,
)
from dnt_cli.robustness.summaries import site_ranges, tipping_points
from dnt_cli.tables import Cell, Column, Section, Table, together
from dnt_cli.wording import Wording

_SIGNS = {
    "same": "", "not compared": "", "lost": "–", "gained": "+", "opposite": "~", "reversed": "±", "not estimable": "#",
}  # fmt: skip
_BALANCED = 0.1  # standardised difference
_SHOWN = 0.05  # a smaller shift has no figure in one decimal


def robustness_tables(result: RobustnessResult, wording: Wording) -> list[Table]:
    """One table per analysis, then the grid of deltas, the sites and the balance where those checks were done.

    Args:
        result: Of the checks.
        wording: The study in a language.
    """
    estimates = result.estimates
    effects = estimates[~estimates["analysis"].isin(MEASURES)]
    parts = [
        _TablePart(rows, result, str(analysis), wording) for analysis, rows in effects.groupby("analysis", sort=False)
    ]
    tables = [part.effects() for part in parts]
    for part in parts:
        tables += [*part.grids(), *part.sites()]
    balance = estimates[estimates["analysis"] == BALANCE]
    if len(balance):
        tables.append(_balance(balance, wording))
    return [*tables, *confounding_tables(estimates, wording)]


@dataclass(frozen=True)
class _TablePart:
    """The tables of one analysis."""

    rows: pd.DataFrame
    result: RobustnessResult
    analysis: str
    wording: Wording

    def effects(self) -> Table:
        """Effects in rows, checks in columns; narrow, only what changes is left of the checks."""
        labels = in_order(self.result.labels, self.result.estimates)
        names, wording = codes(labels), self.wording
        shown = [key for key in labels if (self.rows["model"] == key).any()]
        columns = [
            Column(wording.text("common.outcome"), "left"),
            Column("", optional=True),
            Column(wording.text("common.main")),
            Column(wording.text("robustness.changes"), "left"),
            *(Column(f"({names[key]})", optional=True) for key in shown),
        ]
        cells = self._cells()

        def row(key: str) -> tuple[Cell, ...]:
            main = cells.get(("main", key))
            found = {k: cells.get((k, key)) for k in shown}
            first = next(r for r in (main, *found.values()) if r is not None)
            changes = [
                changed_as(names[k], str(r["verdict"]), float(r["shift"]), wording)
                for k, r in found.items()
                if r is not None
            ]
            kind = str(first["kind"])
            told = " ".join(filter(None, changes))
            counts = together(behind(r, wording.study) for r in found.values() if r is not None)
            own = (self._cell(main), Cell(told, counts=counts if told else None))
            checks = (self._cell(r, kind=kind) for r in found.values())
            return (Cell(wording.label(key)), Cell(scale_of(kind, wording, first), "muted"), *own, *checks)

        title = f"{wording.text('common.robustness_title')}. {where_of(self.analysis, self.wording)}"
        notes = notes_of(self.rows, labels, self.result.notes, self.result.left_out, wording)
        texts = tuple(note.text for note in notes)
        return Table(title, tuple(columns), self._sections(row), texts, details_of(notes), name="effects")

    def grids(self) -> Iterator[Table]:
        """Per scope the effects along the grid of deltas, with the tipping point."""
        study, wording = self.wording.study, self.wording
        deltas = (0.0, *study.robustness.deltas)
        units = self.result.estimates[self.result.estimates["analysis"] == SHIFT]
        found = tipping_points(pd.concat([self.rows, units]), study).set_index(["scope", "outcome"])
        points, in_units = found["tipping_point"], found["tipping_units"]
        cells = self._cells()
        for scope in SCOPES:
            if scope not in points.index:
                continue
            keys = [grid_key(scope, delta) for delta in deltas]
            columns = [Column(wording.text("common.outcome"), "left"), Column("", optional=True)]
            columns += [Column(wording.number(delta, 2)) for delta in deltas]
            columns.append(Column(wording.text("robustness.tipping")))
            columns.append(Column(wording.text("robustness.in_points"), optional=True))

            def row(
                key: str,
                keys: Sequence[str] = keys,
                own: pd.Series = points[scope],
                scaled: pd.Series = in_units[scope],
            ) -> tuple[Cell, ...]:
                found = [self._cell(cells.get((k, key))) for k in keys]
                shown = "–" if pd.isna(own[key]) else wording.number(own[key], 2)
                counts = together(c.counts for c in found if c.text)
                ours = "" if pd.isna(scaled[key]) else wording.number(scaled[key], decimals_for(abs(scaled[key]) / 10))
                return (*self._head(key), *found, Cell(shown, counts=counts), Cell(ours, counts=counts))

            named = wording.text(f"robustness.scope_{scope}")
            title = wording.text("robustness.grid_title", scope=named, where=where_of(self.analysis, self.wording))
            lenient = wording.threshold(study.significance.lenient)
            note = wording.text("robustness.tipping_note", lenient=lenient)
            yield Table(title, tuple(columns), self._sections(row, points[scope].index), (note,))

    def sites(self) -> Iterator[Table]:
        """The range of each effect when every site is left out once."""
        wording = self.wording
        ranges = {str(own["outcome"]): own for own in site_ranges(self.rows).to_dict("records")}
        if not ranges:
            return
        columns = [Column(wording.text("common.outcome"), "left"), Column("", optional=True)]
        columns.append(Column(wording.text("robustness.all_sites")))
        for end in ("lowest", "highest"):
            columns.append(Column(wording.text(f"robustness.{end}")))
            columns.append(Column(wording.text("robustness.without"), "left", optional=True))
        columns.append(Column(wording.text("robustness.other_conclusion")))
        cells = self._cells()
        by_label = {label: row for label, row in self.rows.iterrows()}

        def row(key: str) -> tuple[Cell, ...]:
            own = ranges[key]
            low, high = (self._cell(by_label[own[end]]) for end in ("lowest", "highest"))
            every = self._cell(cells.get((WITH_ALL, key)))
            count = Cell(f"{own['changed']} / {own['sites']}", counts=every.counts)
            without = [Cell(own[f"{end}_site"], counts=c.counts) for end, c in (("lowest", low), ("highest", high))]
            found = [low, without[0], high, without[1], count]
            return (*self._head(key), every, *found)

        title = wording.text("robustness.sites_title", where=where_of(self.analysis, self.wording))
        m = int(self.rows.loc[self.rows["model"] == WITH_ALL, "m"].max())
        note = wording.text("robustness.sites_note", m=m)
        yield Table(title, tuple(columns), self._sections(row, ranges), (note,))

    def _cells(self) -> dict[tuple[str, str], pd.Series]:
        """(check key, outcome) -> row; a register outcome stands beside its counterpart."""
        outcomes = self.wording.study.outcomes
        return {(r["model"], outcomes[r["outcome"]].counterpart or r["outcome"]): r for _, r in self.rows.iterrows()}

    def _sections(
        self, row: Callable[[str], tuple[Cell, ...]], among: Iterable[str] | None = None
    ) -> tuple[Section, ...]:
        """Rows under their hypotheses, both in the order of the study; `among` are the outcomes that have one."""
        outcomes = self.wording.study.outcomes
        keys = {key for _, key in self._cells()} if among is None else set(among)
        by_hypothesis: dict[str, list[str]] = {}
        for key in (own for own in outcomes if own in keys):
            by_hypothesis.setdefault(outcomes[key].hypothesis or "", []).append(key)
        return tuple(
            Section(self.wording.hypothesis(name), tuple(row(key) for key in by_hypothesis[name]))
            for name in self.wording.in_order(by_hypothesis)
        )

    def _head(self, key: str) -> tuple[Cell, Cell]:
        kind, rows = self.wording.study.outcomes[key].kind, self.rows[self.rows["outcome"] == key]
        return Cell(self.wording.label(key)), Cell(scale_of(kind, self.wording, rows), "muted")

    def _cell(self, row: pd.Series | None, *, kind: str = "") -> Cell:
        """An effect, with its scale where that is not the one of `kind`."""
        if row is None:
            return Cell("")
        if row["status"] == "not estimable":
            return Cell("#", "muted")
        study = self.wording.study
        mark = study.significance.mark(row["p_value"])
        text = (displayed(row, self.wording)[0] if pd.notna(row["estimate"]) else _joint(row, self.wording)) + mark
        if kind and row["kind"] != kind:
            text = f"{text} {scale_of(row['kind'], self.wording, row)}"
        return with_counts([Cell(text, tone_of(row, study, "better"))], row, study)[0]


def _joint(row: pd.Series, wording: Wording) -> str:
    """A test of several coefficients, which has no estimate."""
    return f"p {wording.p_value(row['p_value'])}"


def changed_as(code: str, verdict: str, shift: float, wording: Wording) -> str:
    """How far an effect moved and what became of its mark, such as `a-1.2–`; empty where the verdict is the same."""
    sign = _SIGNS[verdict]
    moved = abs(shift) >= _SHOWN
    return code + (wording.number(shift, 1, sign=True) if moved else "") + sign if sign else ""


def _balance(rows: pd.DataFrame, wording: Wording) -> Table:
    """Standardised differences before and after weighting, the largest over the outcomes, and effective numbers."""
    when = rows["model"].str.rpartition(":")[2]
    wide = rows.assign(when=when).pivot(index=["outcome", "term"], columns="when", values="estimate").reset_index()
    sizes = wide["term"].str.startswith(f"{SIZE}[")
    largest = wide[~sizes].assign(before=wide["before"].abs(), after=wide["after"].abs())
    terms = list(dict.fromkeys(rows["term"]))
    groups = [t for t in terms if t.startswith(f"{SIZE}[")]
    differences = largest.groupby("term")[["before", "after"]].max().reindex([t for t in terms if t not in groups])
    numbers = wide[sizes].groupby("term")[["before", "after"]].min().reindex(groups)
    columns = (
        Column(wording.text("robustness.term"), "left"),
        Column(wording.text("robustness.before")),
        Column(wording.text("robustness.after")),
    )
    sections = (
        Section(wording.text("robustness.difference"), _pairs(differences, wording, 2)),
        Section(wording.text("robustness.effective"), _pairs(numbers, wording, 0)),
    )
    note = wording.text(
        "robustness.balance_note", limit=wording.threshold(_BALANCED), weights=rows["outcome"].nunique(),
        count=int((differences["after"] > _BALANCED).sum()), all=len(differences),
    )  # fmt: skip
    return Table(wording.text("robustness.balance_title"), columns, sections, (note,))


def _pairs(values: pd.DataFrame, wording: Wording, decimals: int) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            Cell(_term_label(str(term), wording)),
            *(Cell(wording.number(float(pair[name]), decimals)) for name in ("before", "after")),
        )
        for term, pair in values.iterrows()
    )


def _term_label(term: str, wording: Wording) -> str:
    """`education[mid/high]` and `work_T0` in words."""
    name, _, level = term.removesuffix("]").partition("[")
    study = wording.study
    if name == SIZE:
        labels = {"intervention": study.design.intervention_label, "comparison": study.design.comparison_label}
        return labels[level][wording.language]
    if term in study.columns or name in study.covariates:
        label = wording.label(term if term in study.columns else name)
        return f"{label}: {level}" if level else label
    return term
