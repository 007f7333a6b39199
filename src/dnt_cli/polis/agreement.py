"""How far register and survey agree: who says to work, and who works according to the records."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.study import Study
from dnt_cli.tables import Cell, Column, Section, Table, resting, share_of, together
from dnt_cli.wording import Wording

COLUMNS = ("outcome", "counterpart", "wave", "n", "both", "survey_only", "register_only", "neither", "kappa")


def agreement(wide: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Counts and Cohen's kappa per register outcome with a binary counterpart, and wave.

    Args:
        wide: As observed, a row per person; what is missing in either source takes no part.
        study: Outcomes with `counterpart`.

    Returns:
        The columns `COLUMNS`; kappa is NaN where both sources say the same of everybody.
    """
    rows = []
    for key, outcome in study.outcomes.items():
        other = outcome.counterpart
        if not study.is_register(key) or other is None or {outcome.kind, study.outcomes[other].kind} != {"binary"}:
            continue
        for wave in outcome.waves:
            names = [study.column(other, wave), study.column(key, wave)]
            if set(names) <= set(wide.columns):
                pair = wide[names].dropna().astype(bool).to_numpy()
                rows.append({"outcome": key, "counterpart": other, "wave": wave} | _counts(pair[:, 0], pair[:, 1]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _counts(survey: NDArray[np.bool_], register: NDArray[np.bool_]) -> dict[str, float]:
    n = len(survey)
    both, neither = int((survey & register).sum()), int((~survey & ~register).sum())
    alone = int((survey & ~register).sum())
    expected = (survey.mean() * register.mean() + (1 - survey.mean()) * (1 - register.mean())) if n else 1.0
    kappa = ((both + neither) / n - expected) / (1 - expected) if expected < 1 else float("nan")
    counts = {"n": n, "both": both, "survey_only": alone, "register_only": n - both - neither - alone}
    return counts | {"neither": neither, "kappa": float(kappa)}


def agreement_tables(found: pd.DataFrame, wording: Wording) -> list[Table]:
    """One table with a section per outcome; none where no outcome has a counterpart."""
    if found.empty:
        return []
    counts = ["n", "both", "survey_only", "register_only", "neither"]
    columns = [
        Column(wording.text("agreement.wave"), "left"),
        *(Column(wording.text(f"agreement.{name}")) for name in [*counts, "kappa"]),
    ]
    sections = []
    for key, rows in found.groupby("outcome", sort=False):
        body = tuple(_row(row, counts, wording) for _, row in rows.iterrows())
        labels = [wording.label(str(k)) for k in (rows["counterpart"].iloc[0], key)]
        sections.append(Section(" | ".join(labels), body))
    notes = [*wording.synthetic_note(), wording.text("agreement.note")]
    return [Table(wording.text("agreement.title"), tuple(columns), tuple(sections), tuple(notes))]


def _row(row: pd.Series, names: list[str], wording: Wording) -> tuple[Cell, ...]:
    """The counts of one wave, and the persons behind them; kappa tells of all four ways to agree or not."""
    name = f"{row['counterpart']} and {row['outcome']}@{row['wave']}"
    n, every = int(row["n"]), (name, tuple(names[1:]))
    behind = [resting([every], n), *(share_of([(name, own)], int(row[own]), [every], n) for own in names[1:])]
    cells = [Cell(str(row[own]), counts=counts) for own, counts in zip(names, behind, strict=True)]
    return (Cell(row["wave"]), *cells, Cell(wording.number(row["kappa"], 2), counts=together(behind)))
