"""The study specification: what was measured, of whom, when, and how it is analysed."""

from dnt_cli.study.described import ComposedFigure, DescribedBlock, Population, block_columns
from dnt_cli.study.disclosure import Disclosure, Thresholds
from dnt_cli.study.files import Code, DataFile, Source
from dnt_cli.study.instruments import Instrument, Scale
from dnt_cli.study.questions import Question, open_questions
from dnt_cli.study.reader import builtin_studies, load_study, parse_study, read_builtin
from dnt_cli.study.register import Norm, Register
from dnt_cli.study.spec import (
    Condition,
    Covariate,
    Derivation,
    Design,
    Exclusion,
    Hypothesis,
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
    Wave,
)

__all__ = [
    "Code",
    "ComposedFigure",
    "Condition",
    "Covariate",
    "DataFile",
    "Derivation",
    "DescribedBlock",
    "Design",
    "Disclosure",
    "Exclusion",
    "Hypothesis",
    "ImputationPlan",
    "Instrument",
    "Language",
    "Models",
    "Moderator",
    "Norm",
    "Outcome",
    "Population",
    "Question",
    "Register",
    "Robustness",
    "Scale",
    "Significance",
    "Source",
    "Study",
    "Subset",
    "Text",
    "Thresholds",
    "Wave",
    "block_columns",
    "builtin_studies",
    "load_study",
    "open_questions",
    "parse_study",
    "read_builtin",
]
