"""The survey in a file of another program, read in one step."""

from __future__ import annotations

from dnt_cli.reading import Reading, examined, hints_of, prepare, read_table
from dnt_cli.study import Study


def read_survey(content: bytes, name: str, study: Study) -> Reading:
    """What `dnt impute` makes of the bytes of a file with this name."""
    return examined(prepare(read_table(content, name, hints_of(study)), study), study)
