"""The words of descriptions and figures in Dutch and English."""

from __future__ import annotations

from dnt_cli.study import Language
from dnt_cli.wording import catalogue

TEXTS = catalogue("description")


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return TEXTS[key][language].format(**values)
