"""The women of the example: site, background, who attends which wave, and why not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dnt_cli.arrays import Flags, Floats, Integers
from dnt_cli.synthetic.latent import Latent, allocate, ranked, stream
from dnt_cli.synthetic.plan import GROUPS, PopulationPlan
from dnt_cli.synthetic.scales import round_to_sum

MEAN_AGE = 34.9
YOUNGEST, OLDEST = 18, 64  # working population
T3 = 3


@dataclass(frozen=True, slots=True)
class People:
    """Persons in the order of the groups; every array has one entry per person.

    Attributes:
        group: position in `GROUPS`.
        match_group: letter of the match group.
        covariates: variable -> category number (`age`: years).
        present_t3: interviewed at T3.
    """

    group: Integers
    match_group: NDArray[np.str_]
    covariates: dict[str, Integers]
    present_t3: Flags

    def indicators(self) -> dict[str, Floats]:
        """The controls of the study's models as centred 0/1 columns."""
        child = self.covariates["youngest_child_home"]
        raw = {
            "educated": self.covariates["education"] > 0,
            "native": self.covariates["born_in_nl"] == 1,
            "partner": self.covariates["partner"] == 1,
            "permanent": self.covariates["permanent_contract_last_job"] == 1,
            "child_under_4": child == 0,
            "child_4_17": child == 1,
        }
        return {name: column - column.mean() for name, column in raw.items()}


def allocate_by_group(plan: PopulationPlan, variable: str, group: Integers, score: Floats, wave: int = 0) -> Integers:
    """Category per person such that each group meets its planned counts."""
    category = np.empty(group.size, dtype=np.int64)
    for g in range(len(GROUPS)):
        category[group == g] = allocate(score[group == g], plan.counts[variable, g, wave])
    return category


def make_people(plan: PopulationPlan, latent: Latent, seed: int) -> People:
    """Draws background and attendance at T3; attendance at the other waves follows the ladder (see `attendance`)."""
    group, match_group = _sites(plan, seed)
    stays = latent.lasting("attendance", {"social": 0.3, "work": 0.3, "mental": 0.2})
    present = np.zeros(group.size, dtype=np.bool_)
    for g in range(len(GROUPS)):
        n_present = sum(n for pattern, n in plan.patterns[g] if pattern[T3 - 1])
        present[group == g] = allocate(stays[group == g], np.array([np.sum(group == g) - n_present, n_present])) == 1
    return People(group, match_group, _covariates(plan, latent, group), present)


def _sites(plan: PopulationPlan, seed: int) -> tuple[Integers, NDArray[np.str_]]:
    sizes = np.array([n for _, n in plan.match_groups])
    letters = np.array([letter for letter, _ in plan.match_groups])
    group = np.repeat(np.arange(len(GROUPS)), sizes.sum(axis=0))
    sites = [np.repeat(letters, sizes[:, g]) for g in range(len(GROUPS))]
    rng = stream(seed, "sites")
    return group, np.concatenate([rng.permutation(site) for site in sites])


def _covariates(plan: PopulationPlan, latent: Latent, group: Integers) -> dict[str, Integers]:
    out: dict[str, Integers] = {}

    def put(name: str, factors: dict[str, float], extra: NDArray[np.floating] | float = 0.0) -> None:
        out[name] = allocate_by_group(plan, name, group, latent.lasting(name, factors) + extra)

    always, never = 100.0, -100.0
    put("born_in_nl", {"social": 0.4, "work": 0.3})
    native = out["born_in_nl"]
    put("religion", {}, 1.8 * (1.0 - native))
    put("education", {"work": 0.6}, 0.5 * native)
    put("partner", {"social": 0.3})
    put("youngest_child_home", {})
    at_home = out["youngest_child_home"] < 2
    put("has_children", {}, always * at_home)
    put("permanent_contract_last_job", {"work": 0.5}, 0.5 * native)
    put("shelter_support", {"safety": -0.5})
    put("lives_in_shelter", {"safety": -0.4, "money": -0.3}, never * (out["shelter_support"] == 0))
    out["age"] = _ages(latent.lasting("age", {}) + 1.1 * out["youngest_child_home"])
    return out


def work_history(plan: PopulationPlan, latent: Latent, people: People, works: Flags) -> dict[str, Integers]:
    """Work experience, and a last job over five years ago, in line with work at T0 (`works`) and the last contract."""
    experience = latent.lasting("work_experience", {"work": 0.6}) + 0.8 * people.covariates["born_in_nl"]
    experience += 100.0 * (works | (people.covariates["permanent_contract_last_job"] == 1))
    out = {"work_experience": allocate_by_group(plan, "work_experience", people.group, experience)}
    idle = latent.lasting("last_job_over_5_years", {"work": -0.8}) - 100.0 * (works | (out["work_experience"] == 0))
    return out | {"last_job_over_5_years": allocate_by_group(plan, "last_job_over_5_years", people.group, idle)}


def _ages(score: Floats) -> Integers:
    """Right-skewed ages with the published mean, in the order of the score."""
    share = ranked(score)
    shape = share + 1.2 * share * share * share
    years = YOUNGEST + 1.0 + shape * (MEAN_AGE - YOUNGEST - 1.0) / shape.mean()
    whole = round_to_sum(years, round(MEAN_AGE * score.size))
    return np.asarray(np.clip(whole, YOUNGEST, OLDEST), dtype=np.int64)


def attendance(plan: PopulationPlan, latent: Latent, people: People, present_t4: Flags) -> Flags:
    """Who was interviewed when, shape (n, 5): the planned patterns, given attendance at T3 and T4."""
    score = latent.lasting("attendance T1 T2", {"social": 0.3, "work": 0.3, "mental": 0.2})
    attends = np.ones((people.group.size, 5), dtype=np.bool_)
    for g in range(len(GROUPS)):
        for at_t3 in (False, True):
            for at_t4 in (False, True):
                who = np.flatnonzero((people.group == g) & (people.present_t3 == at_t3) & (present_t4 == at_t4))
                planned = [(p, n) for p, n in plan.patterns[g] if p[2] == at_t3 and p[3] == at_t4]
                planned.sort(key=lambda item: sum(item[0]))
                which = allocate(score[who], np.array([n for _, n in planned]))
                attends[who, 1:] = np.array([p for p, _ in planned])[which]
    return attends


def nonresponse_reasons(plan: PopulationPlan, latent: Latent, people: People, attends: Flags) -> list[str | None]:
    """The reason for missing one or more waves; None for completers."""
    reasons: list[str | None] = [None] * people.group.size
    open_ = np.asarray(~attends.all(axis=1))
    native = people.covariates["born_in_nl"] == 1
    missed = 5.0 - attends.sum(axis=1)
    scores = {
        "too much difficulty with Dutch": latent.lasting("reason Dutch", {"social": -0.5}) - 100.0 * native,
        "illness": latent.lasting("reason illness", {"physical": -1.5}),
        "lack of time or energy": latent.lasting("reason time", {"mental": -0.8}),
        "unreachable": latent.lasting("reason unreachable", {"social": -0.5}) + 0.4 * missed,
    }
    for reason, n in sorted(plan.reasons, key=lambda item: list(scores).index(item[0]) if item[0] in scores else 9):
        score = scores.get(reason, latent.lasting(f"reason {reason}", {}))
        for person in np.argsort(np.where(open_, -score, np.inf), kind="stable")[:n]:
            reasons[person] = reason
            open_[person] = False
    return reasons
