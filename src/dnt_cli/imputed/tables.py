"""What an imputation did, as tables: how much was missing at each wave, and how each outcome was filled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dnt_cli.tables import Cell, Column, Counts, Section, Table, mean_of, resting, share_of, together
from dnt_cli.wording import is_known

FAR = 0.5
"""SDs of the observed answers by which imputed ones may differ before it is told."""
UNLIKE = 0.2
"""Difference between correlations of observed and of imputed answers that is told."""

if TYPE_CHECKING:
    from dnt_cli.imputation.diagnostics import Drift
    from dnt_cli.study import Study
    from dnt_cli.wording import Wording


def imputation_summary(
    wide: pd.DataFrame,
    models: pd.DataFrame,
    events: pd.DataFrame,
    settings: Mapping[str, Any],
    wording: Wording,
) -> Table:
    """Per imputed variable its method, the share missing per wave and the number of predictors.

    Args:
        wide: The table as observed.
        models: Per imputed column `variable`, `method` and `n_predictors`.
        events: The logged events.
        settings: What the imputation was told; `m`, `iterations`, `seed` and `method` are shown.
        wording: The study in a language.
    """
    study = wording.study
    waves = study.design.wave_keys
    columns = [Column(wording.text("imputed.variable"), "left"), Column(wording.text("imputed.method"), "left")]
    columns += [Column(wave) for wave in waves]
    columns += [Column(wording.text("imputed.predictors"))]
    models = models.set_index("variable")
    rows = []
    for key in [k for k in study.measured if k not in study.imputation.exclude]:
        names = {wave: study.column(key, wave) for wave in study.outcomes[key].waves}
        rows.append(_row(wide, models, key, names, wording))
    of_covariates: dict[str, dict[str, str]] = {}
    for name, (key, wave) in study.covariate_columns.items():
        if name in models.index:
            of_covariates.setdefault(key, {})[wave] = name
    covariates = [_row(wide, models, key, names, wording) for key, names in of_covariates.items()]
    sections = [Section("", tuple(rows))] + (
        [Section(wording.text("imputed.covariates"), tuple(covariates))] if covariates else []
    )
    asked = [c for c, (key, _) in study.columns.items() if c in wide.columns and not study.is_register(key)]
    missing = float(wide[asked].isna().to_numpy().mean()) if asked else 0.0
    notes = wording.synthetic_note()
    method = str(settings["method"])
    if (models["method"] == "block").any():
        method = wording.text("imputed.block_or", method=method)
    told = {key: settings[key] for key in ("m", "iterations", "seed")}
    notes.append(
        wording.text("imputed.imputed", n=len(wide), missing=_percent(missing, wording), method=method, **told)
    )
    if len(events):
        kinds = events.groupby("event")["variable"].nunique()
        listed = "; ".join(f"{event_in_words(str(event), wording)} ({count})" for event, count in kinds.items())
        notes.append(wording.text("imputed.events", events=listed))
    return Table(wording.text("imputed.imputation_title"), tuple(columns), tuple(sections), tuple(notes))


def event_in_words(event: str, wording: Wording) -> str:
    """An event in words; those of an older dnt as they stand."""
    before, _, rest = event.partition("'")
    column, _, after = rest.rpartition("'")
    key = "imputed.event_" + "_".join(re.findall("[a-z0-9]+", f"{before}{after}".lower()))
    return wording.text(key, column=column) if is_known(key) else event


def _row(
    wide: pd.DataFrame, models: pd.DataFrame, key: str, names: Mapping[str, str], wording: Wording
) -> tuple[Cell, ...]:
    """Share missing per wave of a variable whose columns are `names`, and the models that fill its gaps."""
    done = [name for name in names.values() if name in models.index]
    methods = list(dict.fromkeys(models.loc[done, "method"]))
    predictors = models.loc[done, "n_predictors"]
    shares = [
        _missing(wide[names[wave]], wording) if wave in names else Cell("") for wave in wording.study.design.wave_keys
    ]
    low, high = (predictors.min(), predictors.max()) if len(predictors) else (0, 0)
    span = "" if predictors.empty else f"{low:.0f}" if len(names) == 1 else f"{low:.0f}–{high:.0f}"
    return (Cell(wording.label(key)), Cell(", ".join(methods)), *shares, Cell(span, counts=resting([], len(wide))))


def _missing(values: pd.Series, wording: Wording) -> Cell:
    """The share without an answer."""
    counts = resting([(str(values.name), ("missing",))], int(values.isna().sum()), kind="missing")
    return Cell(_percent(values.isna().mean(), wording), counts=counts)


def _percent(share: float, wording: Wording) -> str:
    return wording.number(100 * float(np.round(share, 4)), 0) + "%"


def plausibility_table(
    wide: pd.DataFrame, comparison: pd.DataFrame, drifting: Drift, r_hat: pd.DataFrame | None, wording: Wording
) -> Table:
    """Observed against imputed means at the endpoint, and whether the chains settled.

    Args:
        wide: The table as observed.
        comparison: `variable`, `mean_observed`, `mean_imputed`, `difference`.
        drifting: Whether the chains still move.
        r_hat: `variable`, `mean`, `sd`, of which the worse is shown; None if there are too few rounds for it.
        wording: The study in a language.
    """
    study = wording.study
    compared = comparison.set_index("variable")
    moved = drifting.columns.set_index("variable")["drift"]
    names = ["observed_mean", "imputed_mean", "difference_sd", "drift"]
    settled = None
    if r_hat is not None:
        settled = r_hat.set_index("variable")[["mean", "sd"]].max(axis=1)
        names.append("r_hat")
    columns = (
        Column(wording.text("common.outcome"), "left"),
        *(Column(wording.text(f"imputed.{name}")) for name in names),
    )
    rows = []
    for key in study.measured:
        name = study.column(key, study.design.endpoint)
        if name in compared.index:
            found: list[Any] = [compared.at[name, c] for c in ("mean_observed", "mean_imputed", "difference")]
            found.append(moved.get(name, np.nan))
            found += [] if settled is None else [settled.get(name, np.nan)]
            observed, imputed = _behind(wide[name], key, study)
            counts = (observed, imputed, together([observed, imputed]), imputed, imputed)
            cells = (Cell(wording.number(float(v), 2), counts=own) for v, own in zip(found, counts, strict=False))
            rows.append((Cell(wording.label(key)), *cells))
    title = wording.text("imputed.plausible_title", wave=study.design.endpoint)
    notes = [wording.text("imputed.plausible_note"), *_far_notes(compared, wording), *_drift_notes(drifting, wording)]
    return Table(title, columns, (Section("", tuple(rows)),), tuple(notes))


def likeness_table(found: pd.DataFrame, wording: Wording) -> Table:
    """How alike a person's waves are among observed and imputed answers, and how often an answer is the lowest.

    Args:
        found: What `imputation.likeness` gives, with outcomes as series.
        wording: The study in a language.
    """
    from dnt_cli.description.lookup import group_label

    names = ["r_observed", "r_imputed", "floor_observed", "floor_imputed"]
    columns = (
        Column(wording.text("common.outcome"), "left"),
        *(Column(wording.text(f"imputed.{name}")) for name in names),
    )
    sections = []
    design = wording.study.design
    for group in (design.intervention, design.comparison):
        rows = []
        for row in found[found["group"] == group].to_dict("records"):
            pairs, shares = [], []
            for kind in ("observed", "imputed"):
                who = resting([(f"{row['series']} at two waves, {kind}", group)], int(row[f"pairs_{kind}"]))
                pairs.append(_alike(float(row[f"r_{kind}"]), who, wording))
                share = float(row[f"floor_{kind}"])
                shares.append(Cell("" if np.isnan(share) else _percent(share, wording)))
            rows.append((Cell(wording.label(str(row["series"]))), *pairs, *shares))
        sections.append(Section(group_label(group, wording), tuple(rows)))
    notes = [wording.text("imputed.likeness_note")]
    apart = found[(found["r_observed"] - found["r_imputed"]).abs() > UNLIKE]
    if len(apart):
        listed = ", ".join(dict.fromkeys(wording.label(str(key)) for key in apart["series"]))
        notes.append(wording.text("imputed.unlike", limit=wording.number(UNLIKE, 1), columns=listed))
    return Table(wording.text("imputed.likeness_title"), columns, tuple(sections), tuple(notes))


def _alike(r: float, counts: Counts, wording: Wording) -> Cell:
    return Cell("") if np.isnan(r) else Cell(wording.number(float(r), 2), counts=counts)


def _behind(values: pd.Series, key: str, study: Study) -> tuple[Counts, Counts]:
    """The persons behind an observed mean at the endpoint, under the names of a description, and an imputed one."""
    from dnt_cli.description.persons import Naming

    wave, naming = study.design.endpoint, Naming(study, {})
    every, answers = naming.answer(key, "", wave), values.dropna()
    if study.outcomes[key].kind == "binary":
        observed = share_of([naming.answer(key, "1", wave)], int(answers.sum()), [every], len(answers))
    else:
        classes = naming.classes_of(key, wave)
        observed = mean_of([every], len(answers), f"{key}@{wave}", float(answers.mean()), None, classes)
    return observed, resting([(f"{every[0]} imputed", "yes")], len(values) - len(answers))


def _far_notes(compared: pd.DataFrame, wording: Wording) -> list[str]:
    """The columns, at whatever wave, whose imputed values lie far from the observed ones."""
    study = wording.study
    far = compared.index[compared["difference"].abs() > FAR]
    listed = [wording.label(name) for name in far if name in study.columns or name in study.covariates]
    if not listed:
        return []
    return [wording.text("imputed.far", limit=wording.number(FAR, 1), columns=", ".join(listed))]


def _drift_notes(drifting: Drift, wording: Wording) -> list[str]:
    """What the drift of the chains means, and what to type where they have not settled."""
    first, last = drifting.rounds
    if np.isnan(drifting.size):
        return [wording.text("imputed.drift_unknown")]
    size, expected = (wording.number(value, 2) for value in (drifting.size, drifting.expected))
    notes = [wording.text("imputed.drift_note", first=first, last=last, size=size, expected=expected)]
    moving = [name for name in drifting.columns.loc[~drifting.columns["settled"], "variable"]]
    if moving:
        critical = wording.number(drifting.critical, 1)
        columns = ", ".join(wording.label(name) for name in moving)
        notes.append(wording.text("imputed.drifting", columns=columns, critical=critical, more=2 * last))
    return notes
