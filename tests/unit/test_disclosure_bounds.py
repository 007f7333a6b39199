"""Bounds computed from the last solution are those of a linear program set up anew."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from dnt_cli.disclosure.bounds import System
from dnt_cli.disclosure.quantities import Quantity, Registry
from dnt_cli.disclosure.relations import relations_of
from dnt_cli.study.disclosure import CBS
from dnt_cli.tables import Counts, mean_of, share_of
from tests.support.bounds import bounds

LEVELS = ("1", "2", "3", "4")


def questions(rng: np.random.Generator) -> list[Counts]:
    """Classes of two questions, of two groups and their total, with the mean of one of them."""
    numbers: list[Counts] = []
    for question in ("ladder", "school"):
        classes = tuple(((question, (level,)), float(level)) for level in LEVELS)
        arms = {group: rng.integers(0, 15, len(LEVELS)) for group in ("a", "b")}
        for group, own in (*arms.items(), ("", arms["a"] + arms["b"])):
            arm = [("group", (group,))] if group else []
            every = [*arm, (question, LEVELS)]
            n = int(own.sum())
            numbers += [
                share_of([*arm, (question, (level,))], int(k), every, n) for level, k in zip(LEVELS, own, strict=True)
            ]
            numbers.append(share_of([*arm, (question, ("3", "4"))], int(own[2:].sum()), every, n))
            if question == "ladder":
                values = np.repeat(np.arange(1.0, 5.0), own)
                numbers.append(mean_of(every, n, question, values.mean(), values.std(ddof=1), classes))
    return numbers


def anew(system: System, quantity: Quantity, told: set[Quantity]) -> tuple[float, float]:
    """By another method, with every relation, every quantity and every cell."""
    names = list(dict.fromkeys([*system.values, *(q for r in system.relations for q, _ in r.terms)]))
    place = {q: j for j, q in enumerate(names)}
    rows = np.zeros((len(system.relations), len(names)))
    for i, relation in enumerate(system.relations):
        for q, factor in relation.terms:
            rows[i, place[q]] += factor
    constants = np.array([relation.constant for relation in system.relations])
    equal = np.array([relation.equal for relation in system.relations])
    known = [(v := system.values[q], v) if q in told else (0.0, None) for q in names]
    ends = []
    for sign in (1.0, -1.0):
        goal = np.zeros(len(names))
        goal[place[quantity]] = sign
        found = linprog(goal, rows[~equal], -constants[~equal], rows[equal], -constants[equal], known, "highs-ipm")
        ends.append(sign * found.fun if found.status == 0 else -sign * np.inf)
    return ends[0], ends[1]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_hidden_and_told_again_the_bounds_are_those_of_a_new_program(seed: int) -> None:
    rng = np.random.default_rng(seed)
    registry = Registry(CBS.persons)
    registry.add(questions(rng))
    system = System(registry.values, relations_of(registry.values, registry.classes))
    names = list(registry.values)
    wide = 0
    for share in (0.1, 0.4, 0.7, 0.3, 0.5, 0.2):
        hidden = [q for q in names if rng.random() < share] or names[:1]
        told = set(names) - set(hidden)
        for quantity in (hidden[int(i)] for i in rng.integers(len(hidden), size=4)):
            low, high = anew(system, quantity, told)
            assert bounds(system, quantity, told) == pytest.approx((low, high), rel=1e-4, abs=0.05), quantity
            wide += high - low > 1
    assert wide > 2


def test_the_values_with_which_a_bound_is_reached_agree_with_what_is_told() -> None:
    registry = Registry(CBS.persons)
    registry.add(questions(np.random.default_rng(7)))
    system = System(registry.values, relations_of(registry.values, registry.classes))
    counts = [j for j, q in enumerate(system.names) if not q.what]
    true = np.array(list(system.values.values()))
    system.hide(counts[::3])
    for j in counts[::3]:
        (low, high), points = system.extremes(j)
        for end, point in zip((low, high), points, strict=True):
            assert point[j] == pytest.approx(end)
            assert point[system.told[: len(point)]] == pytest.approx(true[system.told[: len(point)]])
            assert (point >= -1e-6).all()
