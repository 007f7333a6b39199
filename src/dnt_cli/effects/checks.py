"""What a reader must know about the trends: controls that were tried before, and second opinions on the fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from dnt_cli.effects.estimators import ESTIMATORS
from dnt_cli.effects.fitting import Options, fit_all
from dnt_cli.effects.kinds import KINDS
from dnt_cli.engines import Fit
from dnt_cli.engines.random_intercept.integral import MOST_NODES
from dnt_cli.imputed.data import Completed
from dnt_cli.messages import Message, decoded, encoded, message
from dnt_cli.models import LONGITUDINAL, TREND, Model, keys_in
from dnt_cli.progress import Progress, named

# The integral over the random intercept is doubted where more nodes move the effect by more than this many standard
# errors, or change its standard error by more than this share.
QUADRATURE_SHIFT = 0.03
# The Laplace approximation is doubted beyond this SD of the random intercept as well.
LARGE_SD = 3.0


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
    data: Completed, rows: dict[str, list[dict[str, Any]]], fits: Mapping[str, Sequence[Fit]], options: Options,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """Refit the first imputations with more nodes and mark the effects whose estimate or standard error moves.

    Args:
        data: Completed data sets.
        rows: Per outcome those of its effect, which are marked.
        fits: Per outcome the fits behind them, one per imputation.
        options: As for the fits.
        progress: Called with (done, all) fits.
    """
    doubted = {
        k: own for k, own in rows.items() if KINDS[own[0]["kind"]].integrated and own[0]["status"] != "not estimable"
    }
    few, own = options.quadrature_check, named(progress, "Checking quadrature")
    used = {key: fits[key][:few] for key in doubted}
    # How many nodes are enough does not depend on the engine.
    by_own = replace(options, engine="own", clusters=False, marginal=False)
    if options.engine != "own":
        used = _refitted(data, doubted, by_own, few, own)
    compared: dict[int, dict[str, list[dict[str, Any]]]] = {}
    for key, found in doubted.items():
        compared.setdefault(more_nodes(options.nodes, float(found[0]["random_sd"])), {})[key] = found
    for nodes, part in compared.items():
        for key, exact in _refitted(data, part, replace(by_own, nodes=nodes), few, own).items():
            _mark_doubtful(part[key], list(zip(used[key], exact, strict=True)), options.nodes, nodes)


def _mark_doubtful(rows: list[dict[str, Any]], pairs: list[tuple[Fit, Fit]], nodes: int, more: int) -> None:
    """Mark the rows of one model if more nodes give another answer."""
    usable = [(a, b) for a, b in pairs if a.status.usable and b.status.usable]
    shift = float(np.mean([_shift(a, b) for a, b in usable])) if usable else float("inf")
    ratio = float(np.mean([_error_ratio(b, a) for a, b in usable])) if usable else float("inf")
    spread = float(rows[0]["random_sd"])
    moved = max(abs(shift), abs(ratio - 1.0)) > QUADRATURE_SHIFT
    if moved or (nodes == 1 and spread > LARGE_SD):
        _note(rows, _doubt(nodes, more, spread, shift, ratio))
        for row in rows:
            row["status"] = "doubtful" if row["status"] == "ok" else row["status"]


def more_nodes(nodes: int, spread: float) -> int:
    """With how many nodes an answer is compared: 2K + 1, at least 25.

    Beyond an SD of the random intercept of `LARGE_SD` even 31 nodes may be off: then it is compared with 101.
    """
    return MOST_NODES if spread > LARGE_SD else min(max(2 * nodes + 1, 25), MOST_NODES)


def _doubt(nodes: int, more: int, sd: float, shift: float, ratio: float) -> Message:
    if nodes == 1:
        return message("effects.laplace_doubtful", sd=sd, nodes=more, shift=shift, ratio=ratio)
    return message("effects.quadrature", sd=sd, used=nodes, nodes=more, shift=shift, ratio=ratio)


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
    by_r = [key for key, own in ESTIMATORS.items() if own.trend_by_r is not None]
    trends = trends[trends["kind"].isin(by_r)]
    records = [{str(name): value for name, value in row.items()} for row in trends.to_dict("records")]
    rows = {record["outcome"]: [record] for record in records}
    table = []
    told = named(progress, "Fitting with lme4")
    alone = replace(options, clusters=False, marginal=False)
    one = _refitted(data, rows, alone, imputations, told)
    other = _refitted(data, rows, replace(alone, engine="lme4"), imputations, told)
    for key in rows:
        pairs = list(zip(one[key], other[key], strict=True))
        usable = [(a, b) for a, b in pairs if b.status.usable]
        shifts = [_shift(a, b) for a, b in usable]
        ratios = [_error_ratio(a, b) for a, b in usable]
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


def _refitted(
    data: Completed, rows: Mapping[str, list[dict[str, Any]]], options: Options, imputations: int,
    progress: Progress | None,
) -> dict[str, Sequence[Fit]]:  # fmt: skip
    """Per outcome the trends in `rows` fitted again on the first imputations."""
    few = Completed(data.study, data.observed, data.sets[:imputations])
    models = [Model(LONGITUDINAL, key, keys_in(own[0]["controls"])) for key, own in rows.items()]
    fitted = fit_all(few, [(model, options) for model in models], options.jobs, progress)
    return {model.outcome: [own.fit for own in found] for model, found in zip(models, fitted, strict=True)}


def _error_ratio(fit: Fit, other: Fit) -> float:
    """The effect's standard error in one fit as a multiple of that in the other."""
    return float(fit.std_error[fit.terms.index(TREND)] / other.std_error[other.terms.index(TREND)])


def _shift(fit: Fit, other: Fit) -> float:
    """How far the effect moves from one fit to the other, in standard errors of the first."""
    j = fit.terms.index(TREND)
    return float((other.estimate[j] - fit.estimate[j]) / fit.std_error[j])
