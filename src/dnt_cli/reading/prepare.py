"""From the cells of a file to the rows of a survey, in small steps; each adds to one list of findings.

A new disguise of data is one more step, or one more entry in a table that a step goes by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from dnt_cli.errors import DataError
from dnt_cli.findings import Finding, summary
from dnt_cli.reading.codes import codes
from dnt_cli.reading.dictionary import RawTable
from dnt_cli.reading.layout import columns_named, long, recognised
from dnt_cli.reading.missing import declared_codes, named_codes
from dnt_cli.reading.numbers import numbers
from dnt_cli.reading.rows import excluded, ids, persons_filled, questions_below_header, waves_outside
from dnt_cli.reading.suspicion import suspicious
from dnt_cli.reading.table import DataTable
from dnt_cli.sentences import say
from dnt_cli.study import Study
from dnt_cli.survey import examine_survey

Step = Callable[[DataTable], None]
STEPS: tuple[Step, ...] = (
    columns_named,  # [files] columns
    recognised,  # which column is what; wide files
    questions_below_header,
    declared_codes,
    numbers,
    named_codes,
    codes,
    ids,
    long,
    persons_filled,
    waves_outside,
    suspicious,
    excluded,
)


@dataclass(frozen=True)
class Prepared:
    """A table of the study: a row per person and wave, plain numbers and levels, and what was noticed on the way."""

    frame: pd.DataFrame
    findings: tuple[Finding, ...]

    def checked(self, name: str) -> pd.DataFrame:
        """The frame, unless something stops the analysis.

        Raises:
            DataError: The first error, and how many more there are.
        """
        if any(f.level == "error" for f in self.findings):
            raise DataError(say("file_unfit", file=name, finding=summary(self.findings)))
        return self.frame


@dataclass(frozen=True)
class Reading:
    """A survey as it was read.

    Attributes:
        survey: checked and cast, or None where there are errors.
        frame: the same rows with all columns of the file.
        findings: errors and warnings.
    """

    survey: pd.DataFrame | None
    frame: pd.DataFrame
    findings: tuple[Finding, ...]

    def checked(self) -> pd.DataFrame:
        """The survey.

        Raises:
            DataError: There is none; the first error, and how many more there are.
        """
        if self.survey is None:
            raise DataError(say("data_unfit", finding=summary(self.findings)))
        return self.survey


def prepare(raw: RawTable, study: Study, steps: tuple[Step, ...] = STEPS) -> Prepared:
    """The table that `raw` holds, as the study means it; `raw` itself is not changed."""
    table = DataTable(raw.frame.copy(), raw.dictionary, study, decimals=raw.decimals)
    for step in steps:
        step(table)
    used = {*table.variables, *study.columns, *study.source.columns}
    found = (_for_study(finding, finding.column in used) for finding in raw.findings)
    return Prepared(table.frame, (*filter(None, found), *table.notes.all()))


def _for_study(finding: Finding, used: bool) -> Finding | None:
    """What was lost in a column that the study uses is an error; dates of a column that it does not use are nothing."""
    if finding.name == "reading.formula_empty" and used:
        return Finding("error", finding.column, finding.name, finding.values)
    return finding if used or finding.name != "reading.dates_beyond" else None


def examined(prepared: Prepared, study: Study) -> Reading:
    """The survey in a table that was prepared."""
    findings, survey = examine_survey(prepared.frame, study)
    emptied = {f.column for f in prepared.findings if f.level == "error"}
    left = (f for f in findings if not (f.name == "reading.nobody" and f.column in emptied))
    every = (*prepared.findings, *left)
    return Reading(None if any(f.level == "error" for f in every) else survey, prepared.frame, every)
