"""Ids that a spreadsheet or a typist made of one another: 007 and 7, p005 and P005, "p 5" and "p5"."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pandas as pd

from dnt_cli.findings import Finding, error
from dnt_cli.study import Study
from dnt_cli.survey import identifiers

_NUMBER = re.compile(r"([-+]?)0*(\d+)(?:\.0+)?")
_NUMBERED = re.compile(r"(\D*?)0*(\d+)")  # letters and a number, such as p005


def matched(ids: pd.Series, study: Study) -> tuple[pd.Series, list[Finding]]:
    """Ids as text, with the zeros that `id_width` restores, and an error for each way in which two are nearly equal.

    Args:
        ids: As they stand in the file, of a survey, a link file or a register.
        study: Its `[files] id_width` and `id_match`.

    Returns:
        The ids, missing ones as None; and the errors, in counts only.
    """
    source, column = study.source, study.design.id
    texts = identifiers(ids)
    if source.id_width is not None:
        width = source.id_width
        texts = texts.map(lambda text: _padded(text, width), na_action="ignore")
    if source.id_match == "exact":
        return texts, []
    alike: dict[str, list[str]] = defaultdict(list)
    for text in pd.unique(texts.dropna()):
        alike[_key(text)].append(text)
    several = [group for group in alike.values() if len(group) > 1]
    if source.id_match == "folded":
        first = {text: group[0] for group in several for text in group}
        return texts.map(lambda text: first.get(text, text), na_action="ignore"), []
    kinds = Counter(map(_kind, several))
    width = max((len(text) for group in several for text in group), default=0)
    return texts, [error(column, f"ids_{kind}", count=count, width=width) for kind, count in kinds.items()]


def _padded(text: str, width: int) -> str:
    match = _NUMBER.fullmatch(text)
    return text if match is None or match[1] else match[2].zfill(width)


def _key(text: str) -> str:
    """What ids have in common that differ in zeros, capitals or blanks only."""
    plain = re.sub(r"[\s\u00a0]+", "", text).casefold()
    if match := _NUMBER.fullmatch(plain):
        return f"{match[1].replace('+', '')}{match[2]}"
    if match := _NUMBERED.fullmatch(plain):
        return f"{match[1]}{match[2]}"
    return plain


def _kind(group: list[str]) -> str:
    """What they differ in."""
    if all(_NUMBER.fullmatch(text) for text in group):
        return "zeros"
    if len({re.sub(r"[\s\u00a0]+", "", text).casefold() for text in group}) > 1:
        return "numbered"
    return "spelling"
