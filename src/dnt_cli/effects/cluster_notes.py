"""What is said under a table of effects about persons of a site, and waves of a person, that are alike."""

from __future__ import annotations

import pandas as pd

from dnt_cli.effects.columns import CLUSTERS, LEAST_DF, LEAST_SITES
from dnt_cli.effects.errors import (
    allocated_by_site,
    flags_of,
    inflation,
    larger_by_person,
    site_is_group,
    smaller_by_person,
)
from dnt_cli.effects.note import Note, note
from dnt_cli.wording import Wording


def cluster_notes(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """The notes, given the effects of one table as `errors.resting_on` gives them."""
    fitted = rows[rows["status"] != "not estimable"]
    if fitted.empty:
        return []
    parts = (_allocation, _rested, _flagged, _few)
    return [own for part in parts for own in part(fitted, wording)]


def _allocation(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """That every site lies in one group, and how alike its persons are."""
    known = rows[allocated_by_site(rows)]
    if known.empty or known["icc_sites"].isna().all():
        return []
    icc, most = known["icc_sites"], known.iloc[int(known["n_sites"].to_numpy().argmax())]
    counts = {name: int(most[f"n_sites_{name}"]) for name in ("intervention", "comparison")}
    values = {
        name: wording.number(float(value), 2)
        for name, value in (("icc", icc.median()), ("low", icc.min()), ("high", icc.max()))
    }
    return [note("effects.allocation", wording, n=int(most["n_sites"]), **counts, **values)]


def _rested(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """What the standard errors shown are, where they are not the model's."""
    used = [by for by in CLUSTERS if (rows["errors"] == by).any()]
    notes = [note(f"effects.errors_{by}", wording) for by in used]
    left = rows[rows["errors"] == "model"]
    if used and len(left):
        notes.append(note("effects.errors_not_for", wording, outcomes=wording.labels(list(left["outcome"]))))
    return notes


def _flagged(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """The effects that do not stand up to other errors."""
    study, found = wording.study, []
    for by in CLUSTERS:
        told = [
            wording.text(
                "effects.flagged", outcome=wording.label(row["outcome"]), ratio=inflation(row, by),
                p=wording.p_value(row[f"p_value_{by}"]),
            )
            for _, row in rows.iterrows() if by in flags_of(row, study)
        ]  # fmt: skip
        if told:
            found.append(note(f"effects.flag_{by}", wording, outcomes="; ".join(told)))
    for key, told_of in (("larger_persons", larger_by_person), ("smaller_persons", smaller_by_person)):
        apart = [
            f"{wording.label(row['outcome'])} ({wording.number(inflation(row, 'persons'), 2)})"
            for _, row in rows.iterrows() if told_of(row)
        ]  # fmt: skip
        if apart:
            found.append(note(f"effects.{key}", wording, outcomes=", ".join(apart)))
    known = rows["p_value_sites"].notna() & (rows["errors"] != "sites")
    marked = any(study.significance.mark(p) for p in rows.loc[known, "p_value"])
    if marked and known.all() and not any(own.key == "effects.flag_sites" for own in found):
        found.append(note("effects.flag_sites_none", wording))
    return found


def _few(rows: pd.DataFrame, wording: Wording) -> list[Note]:
    """That there are too few sites for errors by site, or that one of the groups is a site."""
    without = rows[rows["n_sites"].notna() & rows["p_value_sites"].isna()]
    if without.empty:
        return []
    if any(site_is_group(row) for _, row in without.iterrows()):
        return [note("effects.site_is_group", wording)]
    if len(without) < len(rows):
        outcomes = wording.labels(list(without["outcome"]))
        return [note("effects.few_sites_of", wording, df=LEAST_DF, outcomes=outcomes)]
    counts = {name: int(without[f"n_sites_{name}"].max()) for name in ("intervention", "comparison")}
    return [note("effects.few_sites", wording, least=LEAST_SITES, df=LEAST_DF, **counts)]
