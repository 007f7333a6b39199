"""Who was seen when: attendance, drop-out and the patterns of missed waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.arrays import Flags
from dnt_cli.description.columns import level_columns
from dnt_cli.description.moments import moments
from dnt_cli.description.rows import Rows, parted
from dnt_cli.description.sample import group_names, memberships
from dnt_cli.study import Study

KINDS = ("complete", "monotone", "intermittent")
BETWEEN = "+"  # in the name of a pattern: T0+T1+T3


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who was seen at which wave.

    Attributes:
        seen: (persons, waves).
        members: (3, persons) in the order of `sample.group_names`.
    """

    seen: Flags
    members: Flags

    @classmethod
    def of(cls, survey: pd.DataFrame, wide: pd.DataFrame, study: Study) -> Attendance:
        """A person was seen at a wave if she has a row there with at least one answer.

        A row without any answer, as tables turned from wide to long have, is no interview; where the study asks
        nothing at a wave, the row counts.
        """
        design = study.design
        answered = survey[list(study.measured)].notna().any(axis=1)
        silent = [w for w in design.wave_keys if not any(w in o.waves for o in study.measured.values())]
        met = survey[answered | survey[design.wave].isin(silent)]
        rows = pd.Index(wide[design.id]).get_indexer(pd.Index(met[design.id]))
        seen = np.zeros((len(wide), len(design.wave_keys)), dtype=bool)
        seen[rows, pd.Index(design.wave_keys).get_indexer(pd.Index(met[design.wave].astype("object")))] = True
        return cls(seen, memberships(wide, study))

    def at(self, study: Study, wave: str) -> NDArray[np.bool_]:
        """(persons,) who was seen at `wave`."""
        return np.asarray(self.seen[:, study.design.wave_keys.index(wave)])


def attrition_rows(attendance: Attendance, study: Study) -> pd.DataFrame:
    """Attendance and drop-out per wave, completeness, number of waves and patterns, per group."""
    rows = Rows("attrition")
    groups, members, seen = group_names(study), attendance.members, attendance.seen
    later = np.flip(np.maximum.accumulate(np.flip(seen, axis=1), axis=1), axis=1)
    for statistic, who in (("present", seen), ("dropout", ~seen), ("lost", ~later)):
        keys = pd.DataFrame({"variable": "", "level": "", "wave": list(study.design.wave_keys)})
        _add(rows, keys, statistic, who, members, groups)
    kind = _kinds(seen, later)
    for statistic in KINDS:
        keys = pd.DataFrame({"variable": [""], "level": [""], "wave": [""]})
        _add(rows, keys, statistic, (kind == statistic)[:, None], members, groups)
    number = pd.Series(seen.sum(axis=1).astype(str))
    counts = level_columns(number, "waves_seen", [str(k) for k in range(seen.shape[1], -1, -1)])
    rows.add_moments(counts, moments(counts.values, members), groups)
    _add_patterns(rows, attendance, kind, study)
    return rows.frame(["", "waves_seen", "pattern"])


def _add(rows: Rows, keys: pd.DataFrame, statistic: str, who: Flags, members: Flags, groups: list[str]) -> None:
    m = moments(who.astype(float), members)
    for g, group in enumerate(groups):
        rows.add(keys, group, statistic, 100 * m.mean[g], m.count[g], m.n[g])


def _kinds(seen: Flags, later: Flags) -> NDArray[np.object_]:
    """Per person: complete, monotone (once away, always away) or intermittent."""
    monotone = (seen == later).all(axis=1)
    return np.where(seen.all(axis=1), "complete", np.where(monotone, "monotone", "intermittent")).astype(object)


def seen_in(pattern: str, waves: Sequence[str]) -> tuple[str, ...] | None:
    """The waves that a pattern names, which follow each other as in `waves`; None if it names others."""
    between = parted(waves, BETWEEN)
    return _seen_in(pattern, waves, between) or _seen_in(pattern, waves, BETWEEN)  # so files of older versions had it


def _seen_in(pattern: str, waves: Sequence[str], between: str) -> tuple[str, ...] | None:
    """Not by splitting the name: the key of a wave may hold the same sign."""
    for i, wave in enumerate(waves):
        if pattern == wave:
            return (wave,)
        if pattern.startswith(wave + between):
            rest = _seen_in(pattern[len(wave + between) :], waves[i + 1 :], between)
            if rest is not None:
                return (wave, *rest)
    return None


def _add_patterns(rows: Rows, attendance: Attendance, kind: NDArray[np.object_], study: Study) -> None:
    """Each pattern that occurs, the most common first; its statistic says what kind it is."""
    names = np.array(study.design.wave_keys)
    between = parted(study.design.wave_keys, BETWEEN)
    pattern = pd.Series([between.join(names[waves]) for waves in attendance.seen])
    sizes = pattern.value_counts().rename_axis("pattern").reset_index()
    order = sizes.sort_values(["count", "pattern"], ascending=[False, True])["pattern"]
    kinds = dict(zip(pattern, kind, strict=True))
    groups = group_names(study)
    for name in order:
        keys = pd.DataFrame({"variable": ["pattern"], "level": [name], "wave": [""]})
        _add(rows, keys, kinds[name], (pattern == name).to_numpy()[:, None], attendance.members, groups)
