"""Where the answers are when they come in several files: one per questionnaire, wave or both."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DataFile:
    """One file, joined to the others on id and wave."""

    path: str  # in the folder that the command is given
    wave: str | None = None  # the wave of all its rows; without wave and wave_column its values hold at every wave
    wave_column: str | None = None  # the column that says the wave of each row
    wave_codes: dict[str, str] = field(default_factory=dict)  # code in that column -> wave of the study
    id: str | None = None  # the column with the person's id, if it is not the design's
    columns: dict[str, str] = field(default_factory=dict)  # name in the file -> name in the study
    only: tuple[str, ...] = ()  # the columns to take, by their name in the study; default: all
