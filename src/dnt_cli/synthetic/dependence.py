"""Which lasting traits of a woman each outcome follows; a weight is negative where a high score is bad.

Selection and background come on top: `plan/calibration.csv` says, per outcome, how much higher the women score who were
interviewed at T3 (per group), and how the score depends on the controls of the study's models. Those weights carry no
meaning of their own: they were found by search, so that effects get the published direction where the margins leave
room, and so that no control separates an outcome at T3.
"""

from __future__ import annotations

FACTORS: dict[str, dict[str, float]] = {
    "ladder_rung": {"work": 0.8, "social": 0.4},
    "work_any": {"work": 1.0},
    "work_gt12h": {"work": 1.0},
    "debt": {"money": -1.0},
    "cut_spending": {"money": -1.0},
    "ends_meet_answer": {"money": 1.0},
    "goals_reached": {"work": 0.6, "mental": 0.5},
    "sf12_physical": {"physical": 1.0},
    "sf12_mental": {"mental": 1.0},
    "dkl_distress": {"mental": -1.0},
    "dkl_depression": {"mental": -1.0},
    "dkl_anxiety": {"mental": -0.7, "safety": -0.4},
    "dkl_somatisation": {"physical": -0.7, "mental": -0.4},
    "locus_of_control": {"mental": 0.6, "work": 0.4},
    "self_efficacy": {"mental": 0.7, "work": 0.4},
    "contact": {"social": 1.0},
    "social_support": {"social": 1.0},
    "fear_of_violence": {"safety": -1.0},
    "violence_past_3m": {"safety": -1.0},
    "cas_physical": {"safety": -1.0},
    "cas_emotional": {"safety": -1.0},
    "cas_intimidation": {"safety": -1.0},
    "cas_disciplinary": {"safety": -1.0},
    "cas_sexual": {"safety": -1.0},
    "cas_online": {"safety": -1.0},
}
