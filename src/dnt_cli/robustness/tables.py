"""The robustness checks as tables: effects in rows, checks in columns, and what lies behind some of the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from dnt_cli.effects.tables import displayed, hypothesis_heading, scale_of, tone_of, unit
from dnt_cli.robustness.checks.e_dropouts import SCOPES, grid_key
from dnt_cli.robustness.propensity import SIZE
from dnt_cli.robustness.run import BALANCE
from dnt_cli.robustness.summaries import site_ranges, tipping_points
from dnt_cli.robustness.texts import words
from dnt_cli.robustness.verdicts import VERDICTS
from dnt_cli.study import Language, Study, Text
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.texts import number, threshold
from dnt_cli.texts import words as common_words

_SIGNS = {"same": "", "lost": "–", "gained": "+", "reversed": "±", "not estimable": "#"}
_FAR = 1.0  # standard errors; beyond it the two imputation methods disagree


def robustness_tables(
    estimates: pd.DataFrame, study: Study, labels: Mapping[str, Text], left_out: Mapping[str, Text | dict[str, str]],
    language: Language,
) -> list[Table]:  # fmt: skip
    """One table per analysis, then the grid of deltas, the sites and the balance where those checks were done.

    Args:
        estimates: As `run_checks` gives them.
        study: Labels, hypotheses and marks.
        labels: Check key -> label; the columns stand in the order of the estimates.
        left_out: Check key -> why it does not apply.
        language: Of the words and the decimal sign.
    """
    labels = {key: labels[key] for key in dict.fromkeys(estimates["model"]) if key in labels}
    effects = estimates[estimates["analysis"] != BALANCE]
    reasons = {key: reason if isinstance(reason, Text) else Text(**reason) for key, reason in sorted(left_out.items())}
    parts = [
        _Part(rows, study, str(analysis), labels, reasons, language)
        for analysis, rows in effects.groupby("analysis", sort=False)
    ]
    tables = [part.verdicts() for part in parts]
    for part in parts:
        tables += [*part.grids(), *part.sites()]
    balance = estimates[estimates["analysis"] == BALANCE]
    return [*tables, _balance(balance, study, language)] if len(balance) else tables


def codes(labels: Mapping[str, Text]) -> dict[str, str]:
    """Check key -> short name: its letter, numbered where a check has several columns."""
    by_letter: dict[str, list[str]] = {}
    for key in labels:
        by_letter.setdefault(key[0], []).append(key)
    return {
        key: letter if len(keys) == 1 else f"{letter}{i}"
        for letter, keys in by_letter.items()
        for i, key in enumerate(keys, start=1)
    }


@dataclass(frozen=True)
class _Part:
    """The tables of one analysis."""

    rows: pd.DataFrame
    study: Study
    analysis: str
    labels: Mapping[str, Text]
    left_out: Mapping[str, Text]
    language: Language

    def verdicts(self) -> Table:
        """Effects in rows, checks in columns; narrow, only what changes is left of the checks."""
        names, language = codes(self.labels), self.language
        shown = [key for key in self.labels if (self.rows["model"] == key).any()]
        columns = [
            Column(common_words("outcome", language), "left"),
            Column("", optional=True),
            Column(common_words("main", language)),
            Column(words("changes", language), "left"),
            *(Column(f"({names[key]})", optional=True) for key in shown),
        ]
        cells = self._cells()

        def row(key: str) -> tuple[Cell, ...]:
            main = cells.get(("main", key))
            found = {k: cells.get((k, key)) for k in shown}
            first = next(r for r in (main, *found.values()) if r is not None)
            changed = " ".join(
                names[k] + _SIGNS[r["verdict"]] for k, r in found.items() if r is not None and r["verdict"] != "same"
            )
            kind = str(first["kind"])
            own = (self._cell(main), Cell(changed), *(self._cell(r, kind=kind) for r in found.values()))
            return (Cell(self.study.outcomes[key].label[language]), Cell(scale_of(kind, language), "muted"), *own)

        title = f"{common_words('robustness_title', language)}. {self._where()}"
        return Table(title, tuple(columns), self._sections(row), tuple(self._notes(shown, names)))

    def grids(self) -> Iterator[Table]:
        """Per scope the effects along the grid of deltas, with the tipping point."""
        deltas, language = (0.0, *self.study.robustness.deltas), self.language
        points = tipping_points(self.rows, self.study).set_index(["scope", "outcome"])["tipping_point"]
        cells = self._cells()
        for scope in SCOPES:
            if scope not in points.index:
                continue
            keys = [grid_key(scope, delta) for delta in deltas]
            columns = [Column(common_words("outcome", language), "left"), Column("", optional=True)]
            columns += [Column(number(delta, 2, language)) for delta in deltas]
            columns.append(Column(words("tipping", language)))

            def row(key: str, keys: Sequence[str] = keys, own: pd.Series = points[scope]) -> tuple[Cell, ...]:
                found = [self._cell(cells.get((k, key)), sign=False) for k in keys]
                point = own[key]
                shown = "–" if pd.isna(point) else number(point, 2, language)
                return (*self._head(key), *found, Cell(shown))

            title = words("grid_title", language, scope=words(f"scope_{scope}", language), where=self._where())
            lenient = threshold(self.study.significance.lenient, language)
            note = words("tipping_note", language, lenient=lenient)
            yield Table(title, tuple(columns), self._sections(row, points[scope].index), (note,))

    def sites(self) -> Iterator[Table]:
        """The range of each effect when every site is left out once."""
        language = self.language
        ranges = {str(own["outcome"]): own for own in site_ranges(self.rows).to_dict("records")}
        if not ranges:
            return
        columns = [Column(common_words("outcome", language), "left"), Column("", optional=True)]
        columns.append(Column(common_words("main", language)))
        for end in ("lowest", "highest"):
            columns += [Column(words(end, language)), Column(words("without", language), "left", optional=True)]
        columns.append(Column(words("other_conclusion", language)))
        cells = self._cells()
        by_label = {label: row for label, row in self.rows.iterrows()}

        def row(key: str) -> tuple[Cell, ...]:
            found = [Cell("")] * 5
            if key in ranges:
                own = ranges[key]
                low, high = (self._cell(by_label[own[end]], sign=False) for end in ("lowest", "highest"))
                count = Cell(f"{own['changed']} / {own['sites']}")
                found = [low, Cell(own["lowest_site"]), high, Cell(own["highest_site"]), count]
            return (*self._head(key), self._cell(cells.get(("main", key))), *found)

        title = words("sites_title", language, where=self._where())
        yield Table(title, tuple(columns), self._sections(row), (words("sites_note", language),))

    def _where(self) -> str:
        text = f"effect_{self.analysis}"
        return common_words(text, self.language, wave=self.study.design.endpoint, unit=unit(self.study, self.language))

    def _cells(self) -> dict[tuple[str, str], pd.Series]:
        """(check key, outcome) -> row; a register outcome stands beside its counterpart."""
        outcomes = self.study.outcomes
        return {(r["model"], outcomes[r["outcome"]].counterpart or r["outcome"]): r for _, r in self.rows.iterrows()}

    def _sections(
        self, row: Callable[[str], tuple[Cell, ...]], among: Iterable[str] | None = None
    ) -> tuple[Section, ...]:
        """Rows under their hypotheses, in the order of the study; `among` are the outcomes that have one."""
        keys = {key for _, key in self._cells()} if among is None else set(among)
        order = [key for key in self.study.outcomes if key in keys]
        by_hypothesis: dict[str, list[str]] = {}
        for key in order:
            by_hypothesis.setdefault(self.study.outcomes[key].hypothesis or "", []).append(key)
        return tuple(
            Section(hypothesis_heading(self.study, name, self.language), tuple(row(key) for key in own))
            for name, own in by_hypothesis.items()
        )

    def _head(self, key: str) -> tuple[Cell, Cell]:
        outcome = self.study.outcomes[key]
        return Cell(outcome.label[self.language]), Cell(scale_of(outcome.kind, self.language), "muted")

    def _cell(self, row: pd.Series | None, *, sign: bool = True, kind: str = "") -> Cell:
        """An effect, with its scale where that is not the one of `kind`."""
        if row is None:
            return Cell("")
        if row["status"] == "not estimable":
            return Cell("#", "muted")
        text = displayed(row, self.language)[0] + self.study.significance.mark(row["p_value"])
        if kind and row["kind"] != kind:
            text = f"{text} {scale_of(row['kind'], self.language)}"
        changed = _SIGNS[row["verdict"]] if sign and row["verdict"] else ""
        return Cell(text + changed, tone_of(row, self.study, "better"))

    def _notes(self, shown: Sequence[str], names: Mapping[str, str]) -> list[str]:
        language, rows = self.language, self.rows
        notes = [common_words("synthetic", language)] if self.study.synthetic else []
        for key in shown:
            own = rows[rows["model"] == key]
            counts = own["verdict"].value_counts()
            order = [v for v in (*VERDICTS[1:], "same") if v in counts]
            told = ", ".join(words(v, language, n=counts[v], all=len(own)) for v in order)
            label, n = self.labels[key][language], int(own["n_persons"].max())
            notes.append(words("counts", language, code=names[key], label=label, n=n, counts=told))
            far = own[own["shift"].abs() > _FAR]
            if len(far):
                outcomes = ", ".join(self.study.outcomes[k].label[language] for k in far["outcome"])
                notes.append(words("far", language, outcomes=outcomes))
        notes += [words("left_out", language, code=key[0], reason=why[language]) for key, why in self.left_out.items()]
        strict, lenient = (
            threshold(x, language) for x in (self.study.significance.strict, self.study.significance.lenient)
        )
        notes.append(common_words("marks", language, strict=strict, lenient=lenient))
        return [*notes, common_words("verdict_signs", language)]


def _balance(rows: pd.DataFrame, study: Study, language: Language) -> Table:
    """Standardised differences before and after weighting, the largest over the outcomes, and effective numbers."""
    when = rows["model"].str.rpartition(":")[2]
    wide = rows.assign(when=when).pivot(index=["outcome", "term"], columns="when", values="estimate").reset_index()
    sizes = wide["term"].str.startswith(f"{SIZE}[")
    largest = wide[~sizes].assign(before=wide["before"].abs(), after=wide["after"].abs())
    terms = list(dict.fromkeys(rows["term"]))
    differences = (
        largest.groupby("term")[["before", "after"]].max().reindex([t for t in terms if t in set(largest["term"])])
    )
    numbers = (
        wide[sizes].groupby("term")[["before", "after"]].min().reindex([t for t in terms if t.startswith(f"{SIZE}[")])
    )
    columns = (
        Column(words("term", language), "left"), Column(words("before", language)), Column(words("after", language))
    )  # fmt: skip
    sections = (
        Section(words("difference", language), _pairs(differences, study, 2, language)),
        Section(words("effective", language), _pairs(numbers, study, 0, language)),
    )
    return Table(
        words("balance_title", language),
        columns,
        sections,
        (words("balance_note", language, limit=threshold(0.1, language)),),
    )


def _pairs(values: pd.DataFrame, study: Study, decimals: int, language: Language) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            Cell(_term_label(str(term), study, language)),
            *(Cell(number(float(pair[name]), decimals, language)) for name in ("before", "after")),
        )
        for term, pair in values.iterrows()
    )


def _term_label(term: str, study: Study, language: Language) -> str:
    """`education[mid/high]` and `work_T0` in words."""
    name, _, level = term.removesuffix("]").partition("[")
    if name == SIZE:
        return (
            study.design.intervention_label[language]
            if level == "intervention"
            else study.design.comparison_label[language]
        )
    if term in study.columns:
        key, wave = study.columns[term]
        return f"{study.outcomes[key].label[language]} ({wave})"
    if name not in study.covariates:
        return term
    label = study.covariates[name].label[language]
    return f"{label}: {level}" if level else label
