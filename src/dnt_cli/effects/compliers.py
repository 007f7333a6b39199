"""Those who took part because they were offered it: the complier average causal effect, by two-stage least squares.

Another estimand than the effect of being assigned: that on the persons who receive the programme in the intervention
group and would not have in the comparison group (Imbens and Angrist 1994, Econometrica 62; Angrist, Imbens and Rubin
1996, JASA 91). Being assigned is the instrument for having received. A yes/no outcome is a difference in probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.arrays import Floats, Integers
from dnt_cli.design import Designs
from dnt_cli.effects.clusters import Clustered, Variance, cluster_row
from dnt_cli.effects.columns import ASSIGNED, RECEIVED, UPTAKE
from dnt_cli.effects.fitting import FittedEffect, Options, fit_sets
from dnt_cli.effects.rows import described, pooled_numbers
from dnt_cli.engines import DesignMatrix, Fit, Status
from dnt_cli.engines.base import unusable
from dnt_cli.engines.robust_covariance import bias_reduced
from dnt_cli.imputed.data import Completed
from dnt_cli.messages import Message, encoded, message
from dnt_cli.models import COMPLIERS, ENDPOINT, GROUP, Model, control_of, keys_in
from dnt_cli.observed import known_answers
from dnt_cli.pooling import interval, pool_one
from dnt_cli.study import Study

WEAK = 10.0
"""First-stage F below which two-stage least squares is not to be trusted (Staiger and Stock 1997, Econometrica 65)."""

COMPARED_IN_MEANS = ("binary", "linear", "count")
"""Kinds of effect whose outcome has a mean that two-stage least squares can compare; classes have none."""


def complier_rows(data: Completed, main: pd.DataFrame, options: Options, label: str) -> list[dict[str, Any]]:
    """Per endpoint effect its rows for compliers, with the same controls.

    Args:
        data: Completed data sets.
        main: The endpoint effects.
        options: How intervals are made.
        label: What the `model` column says.
    """
    study = data.study
    received = str(study.design.received)
    unknown, left = (wide[received].isna().to_numpy(dtype=bool) for wide in (data.observed, data.sets[0]))
    known = known_answers(data.observed, study)
    known.loc[left] = False  # their answers are in no model
    sets = [Designs(wide, study, known) for wide in data.sets]
    told = [("left_out", int(left.sum())), ("imputed", int((unknown & ~left).sum()))]
    notes = [message(f"effects.received_{key}", count=count) for key, count in told if count]
    rows = []
    for _, row in main.iterrows():
        model = Model(ENDPOINT, str(row["outcome"]), (*keys_in(row["controls"]), received))
        results = fit_sets(sets, study, model, options, fitter=two_stage_least_squares)
        own = _rows(study, model, results, options, label)
        # Whether there are sites enough is known of the effect on the same persons.
        own = own if pd.isna(row["p_value_sites"]) else _with_sites(own, row, results, options)
        if own[0]["status"] == "ok":
            own[0] |= {"message": encoded([*notes, *_weakness(own[-1])])}
        rows += own
    return rows


def _weakness(uptake: dict[str, Any]) -> list[Message]:
    """That the group tells little about who took part, by the larger of the errors that the row of uptake has."""
    error = max(uptake["std_error"], uptake.get("std_error_sites", 0.0))
    f = (uptake["estimate"] / error) ** 2
    return [message("effects.weak_instrument", f=f, least=WEAK)] if f < WEAK else []


def _with_sites(
    rows: list[dict[str, Any]], main: pd.Series, results: Sequence[FittedEffect], options: Options
) -> list[dict[str, Any]]:
    """The rows with errors by site."""
    details = [r.fit.details.get("sites") for r in results]
    if any(own is None for own in details):
        return rows
    names = ("n_sites", "n_sites_intervention", "n_sites_comparison")
    counts: tuple[int, int, int] = tuple(int(main[name]) for name in names)  # type: ignore[assignment]
    found = []
    for j, row in enumerate(rows):
        errors = [Clustered(sites=Variance.of(*own[j]), counts=counts) for own in details if own is not None]
        found.append(row | cluster_row(np.array([r.fit.estimate[j] for r in results]), errors, options.level))
    return found


def two_stage_least_squares(designs: Designs, design: DesignMatrix, model: Model) -> Fit:
    """The effect of having received, which is the last control of the model, instrumented by the group.

    Returns:
        A fit with the terms `received`, `assigned` (least squares on the group) and `uptake` (who received, on the
        group), each with its heteroscedasticity-robust variance (HC1) and no covariance between them; and as the
        detail `sites` (3, 2) the variances by site (CR2) with their degrees of freedom. Or one that says why there is
        none.
    """
    received = model.controls[-1]
    own = [j for j, term in enumerate(design.terms) if control_of(term) == received]
    if len(own) != 1:
        return unusable(design, "", message("effects.nobody_received"))
    group, places = design.terms.index(GROUP), np.arange(len(design.terms))
    instruments = design.matrix[:, places != own[0]]
    regressors = design.matrix[:, places != group]
    fitted = instruments @ np.linalg.lstsq(instruments, regressors, rcond=None)[0]
    if np.linalg.matrix_rank(instruments) < instruments.shape[1] or np.linalg.matrix_rank(fitted) < fitted.shape[1]:
        return unusable(design, "", message("effects.not_instrumented"))
    taken = design.matrix[:, own[0]]
    stages = (
        (design.response, regressors, fitted, own[0] - (own[0] > group)),
        (design.response, instruments, instruments, group),
        (taken, instruments, instruments, group),
    )
    found = np.array([_stage(design.sites, *stage) for stage in stages])
    n, k = instruments.shape
    df = np.full(3, float(n - k))
    terms = (RECEIVED, ASSIGNED, UPTAKE)
    status = Status(converged=True, singular=False, separated=False, messages=())
    by_site = {} if design.sites is None else {"sites": found[:, 2:]}
    return Fit(terms, found[:, 0], np.diag(found[:, 1]), df, float("nan"), status, "2SLS, HC1", n, details=by_site)


def _stage(
    sites: Integers | None, response: Floats, regressors: Floats, projected: Floats, place: int
) -> tuple[float, ...]:
    """A coefficient and its HC1 variance; with sites, that by site (CR2) and Satterthwaite's degrees of freedom.

    `projected` are the regressors by the instruments, or the same.
    """
    bread = np.linalg.inv(projected.T @ projected)
    estimate = bread @ (projected.T @ response)
    residual = response - regressors @ estimate
    scores = projected * residual[:, None]
    n, k = regressors.shape
    covariance = bread @ (scores.T @ scores) @ bread * n / (n - k)
    found = float(estimate[place]), float(covariance[place, place])
    if sites is None:
        return found
    by_site = bias_reduced(projected, np.ones(n), residual, sites, np.eye(k)[[place]])
    return (*found, float(by_site.covariance[0, 0]), float(by_site.df[0]))


def _rows(
    study: Study, model: Model, results: Sequence[FittedEffect], options: Options, label: str
) -> list[dict[str, Any]]:
    """A row per term, pooled, uptake last; or a single row that says why there is none."""
    yes_no = study.outcomes[model.outcome].kind == "binary"
    base = described(study, model, results, options, label) | {
        "analysis": COMPLIERS, "kind": "probability" if yes_no else "linear", "standardise": "" if yes_no else "none",
        "controls": ", ".join(model.controls[:-1]), "left_out": "", "n_events": None, "fewest_events": None,
        "status": "ok", "message": "",
    }  # fmt: skip
    fits = [r.fit for r in results]
    if not all(fit.status.usable for fit in fits):
        why = list(dict.fromkeys(own for fit in fits for own in fit.status.messages))
        return [base | {"term": RECEIVED, "status": "not estimable", "message": encoded(why)}]
    rows = []
    for j, term in enumerate(fits[0].terms):
        estimates, variances, df = np.array([(f.estimate[j], f.covariance[j, j], f.df[j]) for f in fits]).T
        pooled = pool_one(estimates, variances, df)
        row: dict[str, Any] = {"term": term} | pooled_numbers(pooled, interval(pooled, options.level))
        if not yes_no:
            row |= {"beta": row["estimate"], "beta_se": row["std_error"]}
        rows.append(base | row)
    return rows
