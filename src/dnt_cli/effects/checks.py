"""What a reader must know about the trends: controls that were tried before, and second opinions on the fits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.design import LONGITUDINAL, TREND, Model, keys_in
from dnt_cli.effects.fitting import Options, fit_all
from dnt_cli.engines import Fit
from dnt_cli.imputed.data import Completed
from dnt_cli.messages import Message, decoded, encoded, message
from dnt_cli.progress import Progress, named

# The Laplace approximation is doubted where 25 quadrature nodes move the effect by more than this many standard
# errors, or where the random intercept's SD is so large that 25 nodes are too few as well.
QUADRATURE_SHIFT = 0.1
LARGE_SD = 3.0
QUADRATURE_NODES = 25


def note_ladder(rows: dict[str, list[dict[str, Any]]], fits: list[dict[str, Any]]) -> None:
    """Say beside an effect which sets of controls were tried before, and why they were left."""
    for key, own in rows.items():
        for rung in dict.fromkeys(f["controls"] for f in fits if f["outcome"] == key):
            if rung == own[0]["controls"]:
                break
            tried = [f for f in fits if f["outcome"] == key and f["controls"] == rung and not f["usable"]]
            separated = sum(f["separated"] for f in tried)
            values = {"controls": rung, "count": len(tried), "m": own[0]["m"]}
            if separated:
                _note(own, message("effects.rung_left_separated", **values, separated=separated))
            else:
                _note(own, message("effects.rung_left", **values))


def check_quadrature(
    data: Completed, rows: dict[str, list[dict[str, Any]]], options: Options, progress: Progress | None = None
) -> None:
    """Refit the first imputations with 25 nodes and mark the effects that the Laplace approximation gets wrong."""
    binary = {k: own for k, own in rows.items() if own[0]["kind"] == "binary" and own[0]["status"] != "not estimable"}
    exact = replace(options, nodes=QUADRATURE_NODES)
    own = named(progress, "Checking Laplace")
    for key, pairs in _fit_twice(data, binary, options, exact, options.quadrature_check, own).items():
        shifts = [_shift(a, b) for a, b in pairs if b.status.usable]
        shift = float(np.mean(shifts)) if shifts else float("inf")
        spread = binary[key][0]["random_sd"]
        if abs(shift) > QUADRATURE_SHIFT or spread > LARGE_SD:
            said = message("effects.laplace", sd=float(spread), nodes=QUADRATURE_NODES, shift=shift)
            _note(binary[key], said)
            for row in binary[key]:
                row["status"] = "doubtful" if row["status"] == "ok" else row["status"]


def _note(rows: list[dict[str, Any]], said: Message) -> None:
    """Add a message to the rows of one model."""
    for row in rows:
        row["message"] = encoded([*decoded(row["message"]), said])


def cross_check(
    data: Completed, estimates: pd.DataFrame, options: Options, imputations: int, progress: Progress | None = None
) -> pd.DataFrame:
    """Refit the trends on the first imputations with R's lme4 under tight control.

    Args:
        data: Completed data sets.
        estimates: What `trend_effects` gave.
        options: As then.
        imputations: How many to refit.
        progress: Called with (done, all) fits.

    Returns:
        Per outcome `imputations` compared, `shift` (largest difference of the effect, in standard errors),
        `error_ratio` (the standard error furthest from lme4's, as a ratio), `log_likelihood` (largest difference,
        ours minus lme4's) and `unusable` (fits that lme4 could not do).

    Raises:
        EngineError: R, lme4 or pymer4 is missing.
    """
    trends = estimates[(estimates["term"] == TREND) & (estimates["status"] != "not estimable")]
    records = [{str(name): value for name, value in row.items()} for row in trends.to_dict("records")]
    rows = {record["outcome"]: [record] for record in records}
    table = []
    other, own = replace(options, engine="lme4"), named(progress, "Fitting with lme4")
    for key, pairs in _fit_twice(data, rows, options, other, imputations, own).items():
        usable = [(a, b) for a, b in pairs if b.status.usable]
        shifts = [_shift(a, b) for a, b in usable]
        j = pairs[0][0].terms.index(TREND)
        ratios = [a.std_error[j] / b.std_error[j] for a, b in usable]
        rises = [a.log_likelihood - b.log_likelihood for a, b in usable]
        table.append(
            {
                "outcome": key,
                "imputations": len(pairs),
                "shift": max(shifts, key=abs, default=np.nan),
                "error_ratio": max(ratios, key=lambda r: abs(r - 1), default=np.nan),
                "log_likelihood": max(rises, key=abs, default=np.nan),
                "unusable": len(pairs) - len(usable),
            }
        )
    return pd.DataFrame(table)


def _fit_twice(
    data: Completed, rows: dict[str, list[dict[str, Any]]], one: Options, other: Options, imputations: int,
    progress: Progress | None,
) -> dict[str, list[tuple[Fit, Fit]]]:  # fmt: skip
    """The trends in `rows` fitted in two ways on the first imputations, in pairs per outcome."""
    few = Completed(data.study, data.observed, data.sets[:imputations])
    models = [Model(LONGITUDINAL, key, keys_in(own[0]["controls"])) for key, own in rows.items()]
    fitted = fit_all(few, [(model, options) for options in (one, other) for model in models], one.jobs, progress)
    return {
        model.outcome: [(a.fit, b.fit) for a, b in zip(fitted[i], fitted[len(models) + i], strict=True)]
        for i, model in enumerate(models)
    }


def _shift(fit: Fit, other: Fit) -> float:
    """How far the effect moves from one fit to the other, in standard errors of the first."""
    j = fit.terms.index(TREND)
    return float((other.estimate[j] - fit.estimate[j]) / fit.std_error[j])
