"""Which standard errors the marks rest on, and which marks do not survive other ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.effects.columns import CLUSTERS
from dnt_cli.effects.kinds import KINDS, RATIOS
from dnt_cli.models import LONGITUDINAL
from dnt_cli.study import Study
from dnt_cli.wording import Wording

LARGER = 1.10
"""A standard error by person that exceeds the model's by this factor is told: its waves are not equally alike."""
SMALLER = 0.85
"""A standard error by person below this multiple of the model's is told of counts: they scatter less than Poisson's."""

FLAGS = {"persons": "!p", "sites": "!s"}


def resting_on(rows: pd.DataFrame, errors: str) -> pd.DataFrame:
    """Effects with the standard errors, intervals and p-values that the marks rest on.

    Args:
        rows: Effects as the fitting stages write them.
        errors: "model", "persons" or "sites". By person the endpoint keeps the model's errors, since each person has
            one row there; an effect whose errors by cluster are not known keeps the model's too.

    Returns:
        The rows with a column `errors` that says what each rests on.
    """
    rows = rows.assign(errors="model")
    if errors == "model":
        return rows
    known = rows[f"std_error_{errors}"].notna().to_numpy(dtype=bool)
    ratio = rows[f"std_error_{errors}"] / rows["std_error"]
    changed: dict[str, Any] = {
        name: rows[f"{name}_{errors}"] for name in ("std_error", "df", "p_value", "conf_low", "conf_high")
    }
    changed["statistic"] = rows["estimate"] / rows[f"std_error_{errors}"]
    changed |= {name: rows[name] * ratio for name in ("beta_se", "marginal_effect_se")}
    changed |= _scales(rows, ratio, errors)
    for name, values in changed.items():
        rows[name] = rows[name].where(~known, values)
    for name in RATIOS:
        where = known & np.array([KINDS[kind].ratio == name for kind in rows["kind"]], dtype=bool)
        rows[f"{name}_se"] = rows[f"{name}_se"].where(~where, rows[f"{name}_se"] * ratio)
        for end in ("low", "high"):
            rows[f"{name}_{end}"] = rows[f"{name}_{end}"].where(~where, np.exp(rows[f"conf_{end}"]))
    return rows.assign(errors=np.where(known, errors, "model"))


def _scales(rows: pd.DataFrame, ratio: pd.Series, errors: str) -> dict[str, Any]:
    """Errors and intervals of the effect on other scales: as many standard errors wide as that of the estimate."""
    own, used = rows["conf_high"] - rows["conf_low"], rows[f"conf_high_{errors}"] - rows[f"conf_low_{errors}"]
    wider = used / own
    found: dict[str, Any] = {"d_se": rows["d_se"] * ratio}
    for name, middle in (("marginal", rows["marginal_effect"]), ("d", rows["d"])):
        for end in ("low", "high"):
            found[f"{name}_{end}"] = middle + (rows[f"{name}_{end}"] - middle) * wider
    log = np.log(rows["odds_ratio_population"].astype(float))
    for end in ("low", "high"):
        reach = np.log(rows[f"odds_ratio_population_{end}"].astype(float)) - log
        found[f"odds_ratio_population_{end}"] = np.exp(log + reach * wider)
    return found


def errors_note(rows: pd.DataFrame, wording: Wording) -> list[str]:
    """Which errors the marks of effects rest on, where they are not the model's."""
    by = wording.study.models.errors
    known = by != "model" and rows[f"p_value_{by}"].notna().any()
    beside = by == "persons" and (rows["analysis"] != LONGITUDINAL).any()  # at one wave each person has one row
    return [wording.text(f"effects.errors_{by}{'_trends' if beside else ''}")] if known else []


def decisive(row: pd.Series, errors: str) -> float:
    """The p-value that the mark of an effect rests on."""
    own = float("nan") if errors == "model" else float(row[f"p_value_{errors}"])
    return float(row["p_value"]) if np.isnan(own) else own


def flags_of(row: pd.Series, study: Study) -> list[str]:
    """Which errors, "persons" or "sites", the effect does not stand up to.

    Under them its mark is weaker or gone. A row that already rests on them has no such flag, and one without a mark has
    none to lose.
    """
    found = []
    for by in CLUSTERS:
        if pd.isna(row[f"p_value_{by}"]) or row.get("errors", "model") in (by, "sites"):
            continue
        mark = study.significance.mark
        found += [by] if len(mark(row[f"p_value_{by}"])) < len(mark(row["p_value"])) else []
    return found


def allocated_by_site(rows: pd.DataFrame | pd.Series) -> Any:
    """Of each row, or of one, whether every site lies in one group."""
    return rows["n_sites"] == rows["n_sites_intervention"] + rows["n_sites_comparison"]


def unknown_by_site(row: pd.Series) -> bool:
    """Whether each site lies in one group, and there are no errors by site, so that nothing tells sites from effect."""
    return bool(allocated_by_site(row) and pd.isna(row["p_value_sites"]))


def site_is_group(row: pd.Series) -> bool:
    """Whether a group is a single site, that has nobody of the other group."""
    return unknown_by_site(row) and min(row["n_sites_intervention"], row["n_sites_comparison"]) == 1


def larger_by_person(row: pd.Series) -> bool:
    """Whether the standard error of a trend by person is much larger than the one that the row rests on."""
    known = row["analysis"] == LONGITUDINAL and pd.notna(row["p_value_persons"])
    return bool(known and row.get("errors", "model") == "model" and inflation(row, "persons") > LARGER)


def smaller_by_person(row: pd.Series) -> bool:
    """Whether the standard error of a trend of counts by person is much smaller than that of the model.

    Poisson's variance is a floor that counts may lie below; the other kinds of outcome have none.
    """
    known = row["analysis"] == LONGITUDINAL and row["kind"] == "count" and pd.notna(row["p_value_persons"])
    return bool(known and row.get("errors", "model") == "model" and inflation(row, "persons") < SMALLER)


def inflation(row: pd.Series, by: str) -> float:
    """The standard error by cluster as a multiple of the one that the row rests on."""
    return float(row[f"std_error_{by}"] / row["std_error"])
