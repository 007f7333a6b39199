"""The words of the robustness tables in Dutch and English."""

from __future__ import annotations

from dnt_cli.study import Language
from dnt_cli.wording import catalogue, filled

_TEXTS = catalogue("robustness")


def words(key: str, language: Language, **values: object) -> str:
    """The text under `key`, with the values filled in."""
    return filled(_TEXTS[key], language, **values)
