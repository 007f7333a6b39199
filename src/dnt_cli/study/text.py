"""Labels in the two languages of the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["nl", "en"]


@dataclass(frozen=True)
class Text:
    """A label in Dutch and English; a plain string in the study file serves for both."""

    nl: str
    en: str

    def __getitem__(self, language: Language) -> str:
        """The label in `language`."""
        return self.nl if language == "nl" else self.en
