"""The words of `dnt diff` in Dutch and English."""

from __future__ import annotations

from dnt_cli.study import Language
from dnt_cli.wording import catalogue, filled

_TEXTS = catalogue("diff")


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return filled(_TEXTS[key], language, **values)


def known(key: str, language: Language) -> str:
    """The text under `key`, or what follows its first underscore where there is none."""
    return _TEXTS[key][language] if key in _TEXTS else key.partition("_")[2]


def counted(n: int, key: str, language: Language) -> str:
    """`1 mark gained`, `2 marks gained`: what stands in brackets is for other numbers than one."""
    text = words(key, language, n=n)
    return text.replace("(en)", "" if n == 1 else "en").replace("(s)", "" if n == 1 else "s")
