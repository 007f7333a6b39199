"""Answers to questionnaires, and the survey that is made of them: what `dnt score` reads and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pandas as pd

from dnt_cli.stagefile.form import Form, is_dictionary, is_table_of
from dnt_cli.stagefile.result import Compared, Content, Green
from dnt_cli.study import Study

if TYPE_CHECKING:
    from dnt_cli.stagefile.container import Stage
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording


SURVEY = Form(
    extra={
        "dictionary": is_dictionary,
        "reliability": is_table_of(
            ("instrument", "scale", "outcome", "wave"),
            ("alpha", "omega"),
            ("n_scored", "items", "n_listwise", "improper"),
        ),
        "peculiarities": is_table_of(("instrument", "scale", "column", "wave", "what"), ("value",), ("count",)),
        "left_out": is_table_of(("rule", "group"), counts=("count",)),
        "missing_codes": is_table_of(("variable", "code"), counts=("count",)),
        "settings": is_table_of(("instrument", "setting", "value", "doubt_nl", "doubt_en")),
    },
    keys=("id", "wave"),
)


@dataclass(frozen=True, slots=True)
class AnswersResult:
    """Answers to every item, as another program gave them.

    Attributes:
        study: Names the questionnaires.
        answers: A row per person and wave.
        dictionary: Labels and user-missing codes, as JSON values.
    """

    compared: ClassVar[Compared] = "records"
    form: ClassVar[Form] = Form(extra={"dictionary": is_dictionary}, keys=("id", "wave"))

    study: Study
    answers: pd.DataFrame = field(repr=False)
    dictionary: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from the file that was read."""
        return cls(stage.study, stage.frame, stage.extra.get("dictionary", {}))

    def content(self) -> Content:
        """The answers as a table, the dictionary beside them."""
        from dnt_cli.survey import survey_table

        return Content([survey_table(self.answers)], {"dictionary": self.dictionary} if self.dictionary else {})

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per person and wave."""
        return self.answers

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """None: they are the answers of persons."""
        return []


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """Scores and other answers, cast to the study.

    Attributes:
        study: What they are about.
        survey: A row per person and wave.
        second: Name -> what scoring told beside the scores: `reliability`, `peculiarities` and `settings`, as in
            `scoring.Scored`; empty where nothing was scored.
    """

    compared: ClassVar[Compared] = "records"
    form: ClassVar[Form] = SURVEY

    study: Study
    survey: pd.DataFrame = field(repr=False)
    second: Mapping[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again, from the file that was read."""
        return cls(stage.study, stage.frame, {name: stage.extra_frame(name) for name in stage.second_tables})

    def content(self) -> Content:
        """The survey as a table, what scoring told beside it."""
        from dnt_cli.stagefile.container import as_columns
        from dnt_cli.survey import survey_table

        return Content([survey_table(self.survey)], {name: as_columns(frame) for name, frame in self.second.items()})

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per scale and wave with its reliability; none where nothing was scored."""
        return self.second.get("reliability", pd.DataFrame())

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """Settings, peculiarities and reliability; none where nothing was scored."""
        from dnt_cli.scoring.tables import score_tables

        scored = {"peculiarities", "reliability", "settings"} <= self.second.keys()
        return score_tables(self.second, wording) if scored else []
