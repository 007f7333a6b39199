"""The codebook of a study: what each variable is called, which values it has, and how many answered when."""

from __future__ import annotations

import pandas as pd

from dnt_cli.description.lookup import Lookup, level_label, variable_label
from dnt_cli.description.persons import Behind
from dnt_cli.description.rows import Rows
from dnt_cli.description.sample import group_names
from dnt_cli.study import Outcome, Study
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
    met = Lookup(description, "codebook")
    trend, baseline = Lookup(description, "trend"), Lookup(description, "baseline")
    waves, groups = study.design.wave_keys, group_names(study)[:2]

    def codes(variable: str) -> str:
        levels = met.values("level", variable=variable)
        return ", ".join(f"{code}: {met.get(variable, code, '', '', 'missing_code').n}" for code in levels)

    def answered(variable: str, outcome: Outcome, wave: str) -> Cell:
        if wave not in outcome.waves:
            return Cell("")
        statistic = "pct" if outcome.kind == "binary" else "mean"
        found = [trend.get(variable, "", group, wave, statistic) for group in groups]
        n = [figure.denominator if outcome.kind == "binary" else figure.n for figure in found]
        return _pair(n, variable, wave, behind)

    def of_covariate(variable: str) -> list[Cell]:
        levels = [level for level in baseline.values("level", variable=variable) if level]
        n = []
        for group in groups:
            share = [baseline.get(variable, level, group, "", "pct").denominator for level in levels]
            n.append(max(share, default=baseline.get(variable, "", group, "", "mean").n))
        return [_pair(n, variable, "", behind) if any(n) else Cell(""), *[Cell("")] * (len(waves) - 1)]

    def row(variable: str, kind: str, values: str, counts: list[Cell]) -> tuple[Cell, ...]:
        label = variable_label(variable, wording)
        texts = (variable, label, say(f"codebook_{kind}"), values)
        # The study file says these; the codes that were met are counts of those without an answer.
        said = (Cell(text, counts=Counts()) for text in texts[1:])
        return (Cell(variable), *said, Cell(codes(variable), counts=Counts(kind="missing")), *counts)

    covariates = [
        row(key, spec.kind, _levels(key, wording), of_covariate(key)) for key, spec in study.covariates.items()
    ]
    outcomes = [
        row(key, spec.kind, _values(key, spec, wording), [answered(key, spec, wave) for wave in waves])
        for key, spec in study.outcomes.items()
    ]
    sections = [
        Section(say(f"codebook_{name}"), tuple(rows))
        for name, rows in (("covariates", covariates), ("outcomes", outcomes))
        if rows
    ]
    headings = ("variable", "label", "kind", "values", "missing")
    columns = (
        *(Column(say(f"codebook_{heading}"), "left") for heading in headings),
        *(Column(wave) for wave in waves),
    )
    names = {"intervention": study.design.intervention_label, "comparison": study.design.comparison_label}
    notes = (say("codebook_note", **{arm: label[wording.language] for arm, label in names.items()}),)
    return Table(say("codebook_title"), columns, tuple(sections), notes, name="codebook")


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
