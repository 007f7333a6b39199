"""Chained equations for a chunk of imputations at once (van Buuren 2007; Raghunathan et al. 2001).

One random stream per imputation; every array operation works imputation by imputation. So the values of imputation i
depend on the plan and on stream i alone, not on which imputations share its chunk or its process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from dnt_cli.imputation import draws, person_blocks, posterior_mean
from dnt_cli.imputation.plan import Plan, Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SCORES = ("pmm", "norm")
"""Methods with a linear model."""


@dataclass(slots=True)
class Filled:
    """One column in a chunk of c imputations.

    Attributes:
        cells: (c, u) values of its unknown cells, in row order.
        mean: (c, iterations) mean of the imputed values.
        sd: (c, iterations) their standard deviation.
        failures: how often Newton did not converge.
    """

    cells: Array
    mean: Array
    sd: Array
    failures: int = 0


@dataclass(frozen=True, slots=True)
class _Noise:
    """The random numbers of one column in one iteration of c imputations.

    Attributes:
        normals: (c, parameters) standard normal, and (c, u) more for "norm".
        uniforms: (c, u) in [0, 1), but for "norm".
        chi_square: (c, 1) with the freedom of the linear model, if it is one.
        persons: (c, n) all persons in random order.
    """

    normals: Array
    uniforms: Array
    chi_square: Array
    persons: NDArray[np.intp]

    def shuffle(self, fit: NDArray[np.intp]) -> NDArray[np.intp]:
        """(c, f) random order of the persons in `fit`, as positions in it."""
        place = np.full(self.persons.shape[1], -1, dtype=np.intp)
        place[fit] = np.arange(fit.size)
        ordered = place[self.persons]
        return ordered[ordered >= 0].reshape(self.persons.shape[0], fit.size)


def run_chained(
    plan: Plan, streams: Sequence[np.random.SeedSequence], given: Mapping[int, Filled]
) -> dict[int, Filled]:
    """Impute once per stream; the same bytes for a stream whatever the other streams are.

    Args:
        plan: the models.
        streams: c random streams.
        given: per column index those that another engine has imputed.

    Returns:
        per column index the others.
    """
    generators = [np.random.default_rng(stream) for stream in streams]
    # One thread: how BLAS splits a sum over threads changes its last bits.
    with threadpool_limits(limits=1):
        return _run(plan, generators, given)


def _run(plan: Plan, generators: list[np.random.Generator], given: Mapping[int, Filled]) -> dict[int, Filled]:
    c = len(generators)
    state = np.repeat(np.nan_to_num(plan.design.rows)[None], c, axis=0)
    modes: dict[int, Array] = {}
    nothing, rounds = np.empty((c, 0)), (c, plan.settings.iterations)
    filled = {
        step.position: Filled(nothing, np.empty(rounds), np.empty(rounds))
        for step in plan.opening
        if step.method != "given"
    }

    def keep(step: Step, values: Array, iteration: int) -> None:
        """Store new values of a column, and their mean and SD."""
        # In row order, so that a sum does not depend on how many imputations lie beside each other in memory.
        column = filled[step.position]
        column.cells = values = np.ascontiguousarray(_store(plan, state, step, values))
        if iteration >= 0:
            column.mean[:, iteration] = values.mean(axis=1)
            column.sd[:, iteration] = values.std(axis=1, ddof=min(1, values.shape[1] - 1))

    for step in plan.opening:
        if step.method == "given":
            _store(plan, state, step, given[step.position].cells)
    chains: list[person_blocks.State] = []
    own = {step.position: step for step in plan.opening}
    for iteration in range(-1, plan.settings.iterations):
        if iteration == 0:
            chains = [person_blocks.start(block, state) for block in plan.blocks]
        for block, chain in zip(plan.blocks, chains, strict=False):  # none before the first round
            x = person_blocks.predictors(block, state, plan.group)
            for _ in range(plan.settings.sweeps if iteration > 0 else person_blocks.FIRST_SWEEPS):
                person_blocks.sweep(block, chain, x, generators)
            for t, (position, persons) in enumerate(zip(block.positions, block.missing, strict=True)):
                if persons.size:
                    keep(own[int(position)], person_blocks.values(block, chain, t), iteration)
        visits = [step for step in (plan.opening if iteration < 0 else plan.steps) if step.method != "given"]
        modes = modes if iteration > 0 else {}
        # What is left of the noise after the last step is empty.
        for step, noise in zip(visits, _noise(visits, generators, plan.design.rows.shape[1]), strict=False):
            values, failed = _impute(plan, state, step, noise, modes)
            filled[step.position].failures += failed
            keep(step, values, iteration)
    return filled


def _noise(steps: Sequence[Step], generators: list[np.random.Generator], n: int) -> list[_Noise]:
    """Draw, per imputation, all that one iteration needs, and share it out to the steps."""
    sizes: list[list[int]] = [
        [step.parameters + step.missing.size * (step.method == "norm") for step in steps],
        [step.missing.size * (step.method != "norm") for step in steps],
        [int(step.method in SCORES) for step in steps],
    ]
    freedom = np.array([max(step.fit.size - step.size, 1) for step in steps if step.method in SCORES], dtype=float)
    drawn = (
        np.stack([g.standard_normal(sum(sizes[0])) for g in generators]),
        np.stack([g.random(sum(sizes[1])) for g in generators]),
        np.stack([g.chisquare(freedom) for g in generators]),
    )
    persons = np.stack([g.permutation(n) for g in generators])
    parts = [np.split(numbers, np.cumsum(np.array(own)), axis=1) for numbers, own in zip(drawn, sizes, strict=True)]
    return [
        _Noise(normals, uniforms, chi_square, persons) for normals, uniforms, chi_square in zip(*parts, strict=True)
    ]


def _predictors(plan: Plan, state: Array, step: Step, persons: NDArray[np.intp]) -> Array:
    """(c, p, persons) predictors, ones first, group interactions last."""
    main = np.take(np.take(state, step.predictors, axis=1), persons, axis=2)
    if not step.interactions.size:
        return main
    crossed = np.take(np.take(state, step.interactions, axis=1), persons, axis=2) * plan.group[persons]
    return np.concatenate([main, crossed], axis=1)


def _impute(plan: Plan, state: Array, step: Step, noise: _Noise, modes: dict[int, Array]) -> tuple[Array, int]:
    """(c, u) new values of one column, and how many models did not converge."""
    if step.method == "sample":
        return step.known[(noise.uniforms * step.known.size).astype(np.intp)], 0
    X = _predictors(plan, state, step, step.fit)
    target = _predictors(plan, state, step, step.missing)
    normals = noise.normals[:, : step.parameters]
    if step.method in SCORES:
        return _impute_score(plan, step, X, target, normals, noise), 0
    c = state.shape[0]
    if step.method == "logreg":
        start = modes.get(step.position, np.zeros((c, step.size)))
        mode, beta, converged = draws.draw_logistic(X, step.response, start, normals, plan.settings.prior_scale)
        modes[step.position] = np.where(converged[:, None], mode, 0.0)
        if plan.settings.skew:
            beta = beta + posterior_mean.logistic_shift(X, mode, plan.settings.prior_scale)
        probability = draws.logistic(np.matmul(beta[:, None, :], target)[:, 0])
        return step.classes[(noise.uniforms < probability).astype(np.intp)], int((~converged).sum())
    if step.method == "polr":
        cumulative = _ordered_chances(plan, step, X, target, normals, modes)
    else:
        codes = step.response.astype(np.intp)
        start = modes.get(step.position, np.zeros((c, step.classes.size, step.size)))
        mode, beta = draws.draw_multinomial(X, codes, start, normals, plan.settings.prior_scale)
        modes[step.position] = mode
        if plan.settings.skew:
            beta = beta + posterior_mean.multinomial_shift(X, mode, plan.settings.prior_scale)
        cumulative = np.cumsum(draws.softmax(np.matmul(beta, target)), axis=1)[:, :-1]
    return step.classes[(noise.uniforms[:, None, :] >= cumulative).sum(axis=1)], 0


def _ordered_chances(plan: Plan, step: Step, X: Array, target: Array, normals: Array, modes: dict[int, Array]) -> Array:
    """(c, L - 1, u) probability of at most each class but the last, from a drawn proportional-odds model."""
    slopes = step.size - 1
    codes = step.response.astype(np.intp)
    below = np.searchsorted(np.sort(codes), np.arange(1, step.classes.size)) / codes.size
    start = np.tile(np.r_[np.zeros(slopes), np.log(below / (1.0 - below))], (X.shape[0], 1))
    mode, drawn = draws.draw_ordered(
        X[:, 1:], codes, modes.get(step.position, start), normals, plan.settings.prior_scale
    )
    modes[step.position] = mode
    if plan.settings.skew:
        drawn = drawn + posterior_mean.ordered_shift(X[:, 1:], codes, mode, plan.settings.prior_scale)
        drawn[:, slopes:] = np.sort(drawn[:, slopes:], axis=1)
    log_odds = np.matmul(drawn[:, None, :slopes], target[:, 1:])[:, 0]
    return draws.logistic(drawn[:, slopes:, None] - log_odds[:, None, :])


def _impute_score(plan: Plan, step: Step, X: Array, target: Array, normals: Array, noise: _Noise) -> Array:
    """(c, u) scores by predictive mean matching or as normal draws."""
    estimate, beta, sigma = draws.draw_linear(X, step.response, normals, noise.chi_square[:, 0])
    drawn = np.matmul(beta[:, None, :], target)[:, 0]
    if step.method == "pmm":
        fitted = np.matmul(estimate[:, None, :], X)[:, 0]
        donor = draws.match_donors(fitted, drawn, noise.shuffle(step.fit), noise.uniforms, plan.settings.donors)
        values = step.known[donor]
        if plan.settings.local_residuals and step.classes.size > 2:
            row = step.own[0]
            moved = values + (drawn - np.take_along_axis(fitted, donor, axis=1)) * plan.design.scale[row]
            values = draws.nearest(step.classes, moved)
        return values
    row = step.own[0]
    values = (drawn + sigma[:, None] * noise.normals[:, step.parameters :]) * plan.design.scale[row] + plan.design.mean[
        row
    ]
    scores: Array = np.clip(np.rint(values) if step.whole else values, *step.bounds)
    return scores


def _store(plan: Plan, state: Array, step: Step, values: Array) -> Array:
    """Write values into the design, 0 where the condition fails, and return them."""
    if step.parent >= 0:
        parent = state[:, step.parent][:, step.missing] * plan.design.scale[step.parent] + plan.design.mean[step.parent]
        values = np.where(parent > 0.5, values, 0.0)
    for row in step.own:
        shown = values if np.isnan(plan.design.code[row]) else (values == plan.design.code[row]).astype(float)
        state[:, row, step.missing] = (shown - plan.design.mean[row]) / plan.design.scale[row]
    return values
