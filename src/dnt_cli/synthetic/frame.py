"""Puts the example together: one row per woman and interview."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd

from dnt_cli.arrays import Flags, Floats, Integers
from dnt_cli.synthetic import ladder, sf12
from dnt_cli.synthetic.dependence import FACTORS
from dnt_cli.synthetic.latent import Latent, stream
from dnt_cli.synthetic.people import (
    People,
    allocate_by_group,
    attendance,
    make_people,
    nonresponse_reasons,
    work_history,
)  # fmt: skip
from dnt_cli.synthetic.plan import GROUPS, WAVES, PopulationPlan, read_plan
from dnt_cli.synthetic.scales import DKL_CLASSES, bounded_scores, scores_within_classes, skewed_scores

ASKED_AT_T0_T3_T4 = "locus_of_control"
# scale -> (number of items, lowest answer, highest answer, spread of the scores in sums of answers)
SUMS = {"locus_of_control": (18, 1, 6, 10.0), "self_efficacy": (10, 1, 4, 5.0), "social_support": (12, 1, 4, 7.0)}
# scale -> (number of items, share of women without any)
ABUSE = {
    "cas_physical": (7, 0.45), "cas_emotional": (11, 0.30), "cas_intimidation": (4, 0.40),
    "cas_disciplinary": (5, 0.65), "cas_sexual": (3, 0.75), "cas_online": (3, 0.60),
}  # fmt: skip
HIGHEST_ABUSE = 5
CATEGORICAL = ("debt", "cut_spending", "ends_meet_answer", "fear_of_violence", "violence_past_3m", "goals_reached")
BLOCK = {"sf12_physical": "sf12", "sf12_mental": "sf12", "contact": "contact_any"} | dict.fromkeys(ABUSE, "cas")
FIRST_CODE = {"ends_meet_answer": 1}


class Survey:
    """One draw of the example data: persons, attendance and outcomes as arrays of shape (n, 5), NaN where not asked."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._plan: PopulationPlan = read_plan()
        n = sum(sum(sizes) for _, sizes in self._plan.match_groups)
        self._latent = Latent(seed, n)
        self.people: People = make_people(self._plan, self._latent, seed)
        self._indicators = self.people.indicators()
        self.outcomes: dict[str, Floats] = {}
        self.sf12_levels: dict[tuple[int, int], Integers] = {}
        self._make_ladder()
        for variable in CATEGORICAL:
            self.outcomes[variable] = self._categories(variable, self.answered(variable))
        self._make_contact()
        for scale in DKL_CLASSES:
            self._make_dkl(scale)
        self._make_scales()
        self._make_sf12()

    def score(self, name: str) -> Floats:
        """The latent score of an outcome, with selection and covariates, shape (n, 5)."""
        weights = self._plan.calibration.get(name, {})
        lasting = np.zeros(self.people.group.size)
        for g, group in enumerate(GROUPS):
            lasting += weights.get(f"stay {group}", 0.0) * (self.people.present_t3 & (self.people.group == g))
        for covariate, indicator in self._indicators.items():
            lasting += weights.get(covariate, 0.0) * indicator
        return np.asarray(self._latent.by_wave(name, FACTORS[name]) + lasting[:, None], dtype=np.float64)

    def answered(self, variable: str) -> Flags:
        """Who answered a block of questions, shape (n, 5): those who last longest in the interview, as planned."""
        block = BLOCK.get(variable, variable)
        stamina = self._stamina(block)
        out = self.attends.copy()
        for g, wave, attends in self.cells(self.attends):
            here = np.flatnonzero(attends)
            n = self._plan.answered.get((block, g, wave), here.size)
            out[here[np.argsort(-stamina[here, wave], kind="stable")[n:]], wave] = False
        return out

    def cells(self, answered: Flags) -> Iterator[tuple[int, int, Flags]]:
        """Group, wave, and which persons of the group answered at the wave, shape (n,)."""
        for g, wave in product(range(len(GROUPS)), range(len(WAVES))):
            yield g, wave, (self.people.group == g) & answered[:, wave]

    def _stamina(self, block: str) -> Floats:
        noise = stream(self._seed, "stamina").standard_normal((self.people.group.size, len(WAVES)))
        stamina = noise + self._latent.lasting("stamina of a person", {"mental": 0.5}, 0.5)[:, None]
        if block == ASKED_AT_T0_T3_T4:  # added to the baseline interview later: asked at the last sites to start
            letters = np.unique(self.people.match_group)
            start = stream(self._seed, "start of sites").standard_normal((len(GROUPS), letters.size))
            stamina[:, 0] += 3.0 * start[self.people.group, np.searchsorted(letters, self.people.match_group)]
        if block == "goals_reached":  # judged by those who set goals at T1
            stamina[:, 3] += 100.0 * self.attends[:, 1]
        return stamina

    def _make_ladder(self) -> None:
        stays = self._latent.lasting("attendance T4", {"social": 0.3, "work": 0.3, "mental": 0.2})
        score = self.score("ladder_rung")
        rung, present_t4 = ladder.end_waves(self._plan, self.people, score, stays)
        self.attends: Flags = attendance(self._plan, self._latent, self.people, present_t4)
        rung = ladder.middle_waves(self._plan, self.people, rung, self.attends, score)
        work = ladder.paid_work(
            self._plan, self.people, rung, self.attends, (self.score("work_any"), self.score("work_gt12h"))
        )
        for name, values in zip(("ladder_rung", "work_any", "work_gt12h"), (rung, *work), strict=True):
            self.outcomes[name] = np.where(self.attends, values, np.nan)

    def _categories(self, variable: str, answered: Flags, score: Floats | None = None) -> Floats:
        score = self.score(variable) if score is None else score
        out = np.full(answered.shape, np.nan)
        for wave in range(len(WAVES)):
            who = answered[:, wave]
            if (variable, 0, wave) in self._plan.counts:
                codes = allocate_by_group(self._plan, variable, self.people.group[who], score[who, wave], wave)
                out[who, wave] = codes + FIRST_CODE.get(variable, 0)
        return out

    def _make_contact(self) -> None:
        # Weekly contact outside the home is what lifts a woman off the first rung.
        score = self.score("contact") - 100.0 * (self.outcomes["ladder_rung"] == 1)
        contact = self._categories("contact", self.answered("contact"), score)
        self.outcomes["contact_any"] = np.where(np.isnan(contact), np.nan, contact > 0)
        weekly = np.where(np.isnan(contact), np.nan, contact > 1)
        for g, wave, known in self.cells(~np.isnan(contact)):
            surplus = int(known.sum()) - self._plan.answered["contact_weekly", g, wave]
            some = np.flatnonzero(known & (contact[:, wave] == 1))
            weekly[some[np.argsort(self._stamina("contact")[some, wave], kind="stable")[:surplus]], wave] = np.nan
        self.outcomes["contact_weekly"] = weekly

    def _make_dkl(self, scale: str) -> None:
        score = self.score(scale)
        category = self._categories(scale, self.answered(scale))
        out = np.full(category.shape, np.nan)
        for _, wave, who in self.cells(~np.isnan(category)):
            out[who, wave] = scores_within_classes(scale, category[who, wave].astype(np.int64), score[who, wave])
        self.outcomes[scale] = out

    def _make_scales(self) -> None:
        for scale in (*SUMS, *ABUSE):
            items = (SUMS[scale] if scale in SUMS else ABUSE[scale])[0]
            score, answered = self.score(scale), self.answered(scale)
            out = np.full(answered.shape, np.nan)
            for g, wave, who in self.cells(answered):
                if (scale, g, wave) in self._plan.means:
                    out[who, wave] = self._scale_cell(scale, score[who, wave], self._plan.means[scale, g, wave])
            self.outcomes[scale] = out if scale == "self_efficacy" else out / items

    def _scale_cell(self, scale: str, score: Floats, mean: float) -> Integers:
        if scale in ABUSE:
            items, without = ABUSE[scale]
            return skewed_scores(score, mean * items, without, HIGHEST_ABUSE * items)
        items, low, high, spread = SUMS[scale]
        mean_sum = mean if scale == "self_efficacy" else mean * items
        return bounded_scores(score, mean_sum, spread, (low * items, high * items))

    def _make_sf12(self) -> None:
        answered = self.answered("sf12_mental")
        latent = self.score("sf12_physical"), self.score("sf12_mental")
        out = np.full((2, *answered.shape), np.nan)
        for g, wave, who in self.cells(answered):
            rng = stream(self._seed, f"sf12 {GROUPS[g]} {WAVES[wave]}")
            targets = (self._plan.means["sf12_physical", g, wave], self._plan.means["sf12_mental", g, wave])
            levels = sf12.answers(latent[0][who, wave], latent[1][who, wave], targets, rng)
            out[:, who, wave] = sf12.rounded_score(levels).T
            self.sf12_levels[g, wave] = levels
        self.outcomes["sf12_physical"], self.outcomes["sf12_mental"] = out

    def _numbers(self) -> Integers:
        """The number in each person's id, so that ids tell nothing."""
        return 1 + stream(self._seed, "ids").permutation(self.people.group.size)

    def rows(self) -> tuple[Integers, Integers]:
        """Position of person and wave for every row of the survey."""
        person, wave = np.nonzero(self.attends)
        order = np.lexsort((wave, self._numbers()[person]))
        return person[order], wave[order]

    def frame(self) -> pd.DataFrame:
        """The survey as a table: one row per woman and interview, sorted by id and wave."""
        number = self._numbers()
        person, wave = self.rows()
        columns: dict[str, object] = {
            "id": [f"S{number[p]:03d}" for p in person],
            "wave": [WAVES[w] for w in wave],
        }
        columns |= {name: [values[p] for p in person] for name, values in self._background().items()}
        columns |= {name: self.outcomes[name][person, wave] for name in COLUMN_ORDER}
        for name, answers in self._support().items():
            columns[name] = [answers[p] if w == 1 else None for p, w in zip(person, wave, strict=True)]
        return pd.DataFrame(columns)

    def _background(self) -> dict[str, list[object]]:
        people = self.people
        sites = zip(people.match_group, people.group, strict=True)
        out: dict[str, list[object]] = {
            "group": [GROUPS[g] for g in people.group],
            "match_group": [str(letter) for letter in people.match_group],
            "site": [f"{letter}-{GROUPS[g][0]}" for letter, g in sites],
            "age": [int(age) for age in people.covariates["age"]],
        }
        works = self.outcomes["work_any"][:, 0] == 1
        covariates = people.covariates | work_history(self._plan, self._latent, people, works)
        for name in BACKGROUND_ORDER:
            out[name] = [self._plan.categories[name][code] for code in covariates[name]]
        reasons = nonresponse_reasons(self._plan, self._latent, people, self.attends)
        out["nonresponse_reason"] = list(reasons)
        return out

    def _support(self) -> dict[str, list[str | None]]:
        out: dict[str, list[str | None]] = {}
        for (item, g), answers in self._plan.support.items():
            column = out.setdefault(f"support_{item}", [None] * self.people.group.size)
            here = np.flatnonzero((self.people.group == g) & self.attends[:, 1])
            score = self._latent.lasting(f"support {item}", SUPPORT_FACTORS.get(item, {}))
            if item == "womens_shelter":
                score = score + 1.5 * self.people.covariates["lives_in_shelter"]
            ordered = here[np.argsort(score[here], kind="stable")]
            for who, answer in zip(ordered, (a for a, n in answers.items() for _ in range(n)), strict=True):
                column[who] = answer
        return out


BACKGROUND_ORDER = (
    "education", "born_in_nl", "partner", "permanent_contract_last_job", "youngest_child_home", "has_children",
    "religion", "work_experience", "last_job_over_5_years", "lives_in_shelter", "shelter_support",
)  # fmt: skip
COLUMN_ORDER = (
    "work_any", "work_gt12h", "ladder_rung", "debt", "cut_spending", "ends_meet_answer", "goals_reached",
    "sf12_physical", "sf12_mental", *DKL_CLASSES, "locus_of_control", "self_efficacy", "contact_any",
    "contact_weekly", "social_support", "fear_of_violence", "violence_past_3m", *ABUSE,
)  # fmt: skip
SUPPORT_FACTORS = {
    "psychologist": {"mental": -0.5}, "psychiatrist": {"mental": -0.6}, "gp": {"physical": -0.5},
    "general_hospital": {"physical": -0.6}, "debt_counselling": {"money": -0.7}, "food_bank": {"money": -0.7},
    "veilig_thuis": {"safety": -0.5}, "victim_support": {"safety": -0.5}, "lawyer": {"safety": -0.3},
}  # fmt: skip
