"""The participation ladder and paid work: rungs that meet the levels of every wave and the moves between waves."""

from __future__ import annotations

import numpy as np

from dnt_cli.arrays import Flags, Floats, Integers
from dnt_cli.synthetic.latent import allocate
from dnt_cli.synthetic.people import People
from dnt_cli.synthetic.plan import GROUPS, WAVES, PopulationPlan

SUPPORTED_WORK = 5  # this rung and the next are paid work
CARRY = 0.5  # pull of a woman's rungs at T0 and T3 on her rung at the waves between, per rung


def end_waves(plan: PopulationPlan, people: People, score: Floats, stays: Floats) -> tuple[Integers, Flags]:
    """Rungs at T0, T3 and T4 and who is interviewed at T4.

    Args:
        plan: the margins.
        people: the persons.
        score: latent position on the ladder, shape (n, 5).
        stays: latent willingness to be interviewed at T4, shape (n,).

    Returns:
        Rungs 1-6, shape (n, 5), 0 where not (yet) known, and the T4 attendance, shape (n,).
    """
    rung = np.zeros((people.group.size, len(WAVES)), dtype=np.int64)
    present_t4 = np.zeros(people.group.size, dtype=np.bool_)
    for g in range(len(GROUPS)):
        seen, lost = (np.flatnonzero((people.group == g) & (people.present_t3 == here)) for here in (True, False))
        moves, late_moves = plan.transitions[g, 0], plan.transitions[g, 3]
        rung[seen, 0] = 1 + allocate(score[seen, 0], moves.sum(axis=1))
        rung[lost, 0] = 1 + allocate(score[lost, 0], plan.counts["ladder_rung", g, 0] - moves.sum(axis=1))
        _move(rung, seen, (0, 3), moves, score[:, 3])
        both = _present_at_both(rung[:, 3], seen, late_moves.sum(axis=1), stays)
        _move(rung, both, (3, 4), late_moves, score[:, 4])
        rest = plan.counts["ladder_rung", g, 4] - late_moves.sum(axis=0)
        late = lost[np.argsort(-stays[lost], kind="stable")[: rest.sum()]]
        rung[late, 4] = 1 + allocate(score[late, 4] + CARRY * rung[late, 0], rest)
        present_t4[both] = present_t4[late] = True
    return rung, present_t4


def _move(rung: Integers, who: Integers, waves: tuple[int, int], moves: Integers, score: Floats) -> None:
    start, end = waves
    for row in range(moves.shape[0]):
        here = who[rung[who, start] == row + 1]
        rung[here, end] = 1 + allocate(score[here], moves[row])


def _present_at_both(rung_t3: Integers, seen: Integers, wanted: Integers, stays: Floats) -> Integers:
    chosen = []
    for row, n in enumerate(wanted):
        here = seen[rung_t3[seen] == row + 1]
        chosen.append(here[np.argsort(-stays[here], kind="stable")[:n]])
    return np.concatenate(chosen)


def middle_waves(plan: PopulationPlan, people: People, rung: Integers, attends: Flags, score: Floats) -> Integers:
    """Fills the rungs of T1 and T2 between those of T0 and T3; 0 stays where a woman was not interviewed."""
    rung = rung.copy()
    end = np.where(attends[:, 3], rung[:, 3], rung[:, 0])
    for wave, share in ((1, 0.25), (2, 0.5)):
        pull = CARRY * ((1 - share) * rung[:, 0] + share * end)
        for g in range(len(GROUPS)):
            who = (people.group == g) & attends[:, wave]
            rung[who, wave] = 1 + allocate(pull[who] + score[who, wave], plan.counts["ladder_rung", g, wave])
    return rung


def paid_work(
    plan: PopulationPlan, people: People, rung: Integers, attends: Flags, scores: tuple[Floats, Floats]
) -> tuple[Integers, Integers]:
    """Any paid work and more than 12 hours, 0/1, shape (n, 5).

    Paid work is rung 5 or 6; where the report counts one woman less in work, a woman on rung 5 is without it.
    More than 12 hours is drawn among those in work.
    """
    any_, gt12h = (np.zeros(rung.shape, dtype=np.int64) for _ in range(2))
    for g in range(len(GROUPS)):
        for wave in range(len(WAVES)):
            here = (people.group == g) & attends[:, wave]
            who = np.flatnonzero(here & (rung[:, wave] >= SUPPORTED_WORK))
            n_any = int(plan.counts["work_any", g, wave][1])
            n_gt12h = int(plan.counts["work_gt12h", g, wave][1])
            first = 100.0 * (rung[who, wave] > SUPPORTED_WORK) + scores[0][who, wave]
            workers = who[np.argsort(-first, kind="stable")[:n_any]]
            hours = scores[1][workers, wave] + 0.7 * rung[workers, wave]
            any_[workers, wave] = 1
            gt12h[workers[np.argsort(-hours, kind="stable")[:n_gt12h]], wave] = 1
    return any_, gt12h
