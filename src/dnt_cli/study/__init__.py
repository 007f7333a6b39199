"""The study specification: what was measured, of whom, when, and how it is analysed."""

from dnt_cli.study.described import ComposedFigure, DescribedBlock, block_columns
from dnt_cli.study.disclosure import Disclosure, Thresholds
from dnt_cli.study.files import Code, DataFile
from dnt_cli.study.instruments import Instrument, Scale
from dnt_cli.study.questions import open_questions
from dnt_cli.study.reader import builtin_studies, load_study, parse_study, read_builtin
from dnt_cli.study.register import Register
from dnt_cli.study.spec import (
    Condition,
    Covariate,
    Derivation,
    Exclusion,
    ImputationPlan,
    Language,
    Models,
    Moderator,
    Outcome,
    Robustness,
    Significance,
    Study,
    Subset,
    Text,
)

__all__ = [
    "Code",
    "ComposedFigure",
    "Condition",
    "Covariate",
    "DataFile",
    "Derivation",
    "DescribedBlock",
    "Disclosure",
    "Exclusion",
    "ImputationPlan",
    "Instrument",
    "Language",
    "Models",
    "Moderator",
    "Outcome",
    "Register",
    "Robustness",
    "Scale",
    "Significance",
    "Study",
    "Subset",
    "Text",
    "Thresholds",
    "block_columns",
    "builtin_studies",
    "load_study",
    "open_questions",
    "parse_study",
    "read_builtin",
]
