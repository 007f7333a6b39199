"""What each outcome depends on, chosen so that effects have the published direction where the margins leave room."""

from __future__ import annotations

from dnt_cli.synthetic.latent import Dependence

OUTCOMES: dict[str, Dependence] = {
    "ladder_rung": Dependence({"work": 0.8, "social": 0.4}, covariates={"permanent": 0.3, "educated": 0.2}),
    "work_any": Dependence({"work": 1.0}),
    "work_gt12h": Dependence({"work": 1.0}, covariates={"permanent": 0.3}),
    "debt": Dependence({"money": -1.0}, covariates={"educated": -0.2}),
    "cut_spending": Dependence({"money": -1.0}),
    "ends_meet_answer": Dependence({"money": 1.0}, covariates={"educated": 0.2}),
    "goals_reached": Dependence({"work": 0.6, "mental": 0.5}),
    "sf12_physical": Dependence({"physical": 1.0}),
    "sf12_mental": Dependence({"mental": 1.0}),
    "dkl_distress": Dependence({"mental": -1.0}),
    "dkl_depression": Dependence({"mental": -1.0}),
    "dkl_anxiety": Dependence({"mental": -0.7, "safety": -0.4}),
    "dkl_somatisation": Dependence({"physical": -0.7, "mental": -0.4}),
    "locus_of_control": Dependence({"mental": 0.6, "work": 0.4}),
    "self_efficacy": Dependence({"mental": 0.7, "work": 0.4}),
    "contact": Dependence({"social": 1.0}),
    "social_support": Dependence({"social": 1.0}),
    "fear_of_violence": Dependence({"safety": -1.0}),
    "violence_past_3m": Dependence({"safety": -1.0}),
    "cas_physical": Dependence({"safety": -1.0}),
    "cas_emotional": Dependence({"safety": -1.0}),
    "cas_intimidation": Dependence({"safety": -1.0}),
    "cas_disciplinary": Dependence({"safety": -1.0}),
    "cas_sexual": Dependence({"safety": -1.0}),
    "cas_online": Dependence({"safety": -1.0}),
}
