"""The codebook of a study: what each variable is called, which values it has, and how many answered when."""

from __future__ import annotations

import pandas as pd

from dnt_cli.description.lookup import Lookup, level_label, variable_label
from dnt_cli.description.persons import Behind
from dnt_cli.description.rows import Rows
from dnt_cli.description.sample import group_names
from dnt_cli.study import Covariate, Outcome, Study
from dnt_cli.tables import Cell, Column, Counts, Section, Table, together
from dnt_cli.wording import Wording


def codebook_rows(codes: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A row per variable and code for no answer: statistic `missing_code`, the code as level, its count as value.

    Args:
        codes: `variable`, `code`, `count`, as `reading.left_out.missing_codes` gives them.
        study: What they are about.
    """
    rows = Rows("codebook")
    by_variable = {key: own for key, own in codes.groupby("variable")} if len(codes) else {}
    known = [by_variable[key] for key in (*study.covariates, *study.measured) if key in by_variable]
    found = pd.concat(known) if known else pd.DataFrame(columns=["variable", "code", "count"])
    counts = found["count"].astype(float).tolist()
    frame = found[["variable", "code"]].set_axis(["variable", "level"], axis=1).assign(wave="")
    rows.add(frame, "", "missing_code", counts, counts)
    return rows.frame([*study.covariates, *study.measured])


def codebook_table(description: pd.DataFrame, wording: Wording, behind: Behind) -> Table:
    """Variables with their labels, kinds, values, codes for no answer, and observed answers per wave and group."""
    study, say = wording.study, wording.room("description")
    own = _Codebook(description, wording, behind)
    parts = {
        "covariates": [own.covariate(key, covariate) for key, covariate in study.covariates.items()],
        "outcomes": [own.outcome(key, outcome) for key, outcome in study.outcomes.items()],
    }
    sections = [Section(say(f"codebook_{name}"), tuple(rows)) for name, rows in parts.items() if rows]
    headings = ("variable", "label", "kind", "values", "missing")
    columns = (
        *(Column(say(f"codebook_{heading}"), "left") for heading in headings),
        *(Column(wave) for wave in study.design.wave_keys),
    )
    names = {"intervention": study.design.intervention_label, "comparison": study.design.comparison_label}
    notes = (say("codebook_note", **{arm: label[wording.language] for arm, label in names.items()}),)
    return Table(say("codebook_title"), columns, tuple(sections), notes, name="codebook")


class _Codebook:
    """The rows of a codebook."""

    def __init__(self, description: pd.DataFrame, wording: Wording, behind: Behind) -> None:
        self.wording, self.behind = wording, behind
        self.met, self.trend, self.baseline = (Lookup(description, own) for own in ("codebook", "trend", "baseline"))
        self.waves, self.groups = wording.study.design.wave_keys, group_names(wording.study)[:2]

    def covariate(self, key: str, covariate: Covariate) -> tuple[Cell, ...]:
        """A covariate, with the persons of whom it is known."""
        levels = [level for level in self.baseline.values("level", variable=key) if level]
        n = []
        for group in self.groups:
            share = [self.baseline.get(key, level, group, "", "pct").denominator for level in levels]
            n.append(max(share, default=self.baseline.get(key, "", group, "", "mean").n))
        first = _pair(n, key, "", self.behind) if any(n) else Cell("")
        counts = [first, *[Cell("")] * (len(self.waves) - 1)]
        return self._row(key, covariate.kind, _levels(key, self.wording), counts)

    def outcome(self, key: str, outcome: Outcome) -> tuple[Cell, ...]:
        """An outcome, with the answers per wave."""
        counts = [self._answered(key, outcome, wave) for wave in self.waves]
        return self._row(key, outcome.kind, _values(key, outcome, self.wording), counts)

    def _answered(self, variable: str, outcome: Outcome, wave: str) -> Cell:
        if wave not in outcome.waves:
            return Cell("")
        statistic = "pct" if outcome.kind == "binary" else "mean"
        found = [self.trend.get(variable, "", group, wave, statistic) for group in self.groups]
        n = [figure.denominator if outcome.kind == "binary" else figure.n for figure in found]
        return _pair(n, variable, wave, self.behind)

    def _row(self, variable: str, kind: str, values: str, counts: list[Cell]) -> tuple[Cell, ...]:
        label = variable_label(variable, self.wording)
        # The study file says these; the codes that were met are counts of those without an answer.
        texts = (label, self.wording.text(f"description.codebook_{kind}"), values)
        said = (Cell(text, counts=Counts()) for text in texts)
        return (Cell(variable), *said, Cell(self._codes(variable), counts=Counts(kind="missing")), *counts)

    def _codes(self, variable: str) -> str:
        levels = self.met.values("level", variable=variable)
        return ", ".join(f"{code}: {self.met.get(variable, code, '', '', 'missing_code').n}" for code in levels)


def _pair(n: list[int], variable: str, wave: str, behind: Behind) -> Cell:
    """Answers of both groups."""
    groups = group_names(behind.study)[:2]
    if any(n):
        counts = together(behind.everybody(size, variable, group, wave) for group, size in zip(groups, n, strict=True))
    else:  # not asked in these data, which other files may join with the answers of a register
        counts = Counts(kind="missing")
    return Cell(" + ".join(map(str, n)), counts=counts)


def _levels(variable: str, wording: Wording) -> str:
    covariate = wording.study.covariates[variable]
    if covariate.kind == "continuous":
        return _between(covariate.range, wording)
    return ", ".join(
        level if (name := level_label(variable, level, wording)) == level else f"{level} = {name}"
        for level in covariate.levels
    )


def _values(variable: str, outcome: Outcome, wording: Wording) -> str:
    if outcome.derive is not None:
        return wording.text("description.codebook_derived", source=outcome.derive.source)
    if outcome.kind == "binary":
        return wording.text("description.codebook_yes_no")
    if outcome.level_labels and outcome.range is not None:
        first = int(outcome.range[0])
        names = (text[wording.language] for text in outcome.level_labels)
        return ", ".join(f"{code} = {name}" for code, name in enumerate(names, start=first))
    return _between(outcome.range, wording)


def _between(limits: tuple[float, float] | None, wording: Wording) -> str:
    if limits is None:
        return ""
    low, high = (wording.number(limit, 0 if float(limit).is_integer() else 1) for limit in limits)
    return f"{low}–{high}" if limits[0] >= 0 else wording.text("description.codebook_range", low=low, high=high)
