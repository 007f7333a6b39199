"""Names of the columns of somebody's file in messages: never the first person's answers.

A file without a header line has a person's answers where names are expected. What a message says of the names of a
file goes through here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from dnt_cli.sentences import Sentence
from dnt_cli.study.reader import suggest

_ANSWER = re.compile(
    r"\s*(?:|[-+]?[\d.,]*\d[\d.,]*(?:e[-+]?\d+)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T].*)?|na|n/a|nan|null|none|\.|-"
    r"|true|false|unnamed: \d+)\s*",
    re.IGNORECASE,
)


def look_like_answers(names: Iterable[Any]) -> bool:
    """Whether a header line is none: a name is empty, a number, a date or a word for a missing answer."""
    return any(_ANSWER.fullmatch(str(name)) for name in names)


def near_column(wanted: Any, names: Iterable[Any]) -> str | Sentence:
    """`; did you mean x?` with a name of the file, or nothing where the names may be somebody's answers."""
    names = [str(name) for name in names]
    return "" if look_like_answers(names) else suggest(wanted, names)
