"""The kinds of stage file: what each holds and which command makes it."""

from __future__ import annotations

KINDS = {
    "answers": "answers to questionnaires, a row per person and wave",
    "survey": "survey answers, a row per person and wave",
    "imputations": "imputed data sets",
    "register": "register outcomes",
    "estimates": "effect estimates",
    "robustness": "robustness checks",
    "description": "a description",
}
MAKERS = {
    "answers": "`dnt example --answers` or `dnt convert`",
    "survey": "`dnt score`, `dnt example` or `dnt convert`",
    "imputations": "`dnt impute`",
    "register": "`dnt polis`",
    "estimates": "`dnt fit-t3` or `dnt fit-longitudinal`",
    "robustness": "`dnt robustness`",
    "description": "`dnt describe`",
}
