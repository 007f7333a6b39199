"""Words and numbers for functions that are given a language; `wording.Wording` is the way for new code."""

from __future__ import annotations

from dnt_cli.study.spec import Language
from dnt_cli.wording import number as number
from dnt_cli.wording import p_value as p_value
from dnt_cli.wording import sentence
from dnt_cli.wording import threshold as threshold


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return sentence(f"common.{key}", language, **values)
