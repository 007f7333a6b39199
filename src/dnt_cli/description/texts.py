"""The words of descriptions and figures in Dutch and English."""

from __future__ import annotations

from dnt_cli.study import Language
from dnt_cli.wording import catalogue, filled

TEXTS = catalogue("description")


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return filled(TEXTS[key], language, **values)
