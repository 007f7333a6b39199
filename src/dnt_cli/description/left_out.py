"""Who was in the file and is not in the analysis: persons whom the study excludes, and rows of other waves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from dnt_cli.description.lookup import Lookup
from dnt_cli.description.persons import Behind
from dnt_cli.description.rows import ALL, Rows
from dnt_cli.description.sample import group_names
from dnt_cli.study import Study
from dnt_cli.tables import Cell, Counts, resting, together
from dnt_cli.wording import Wording

TABLE, STATISTIC, ROWS = "left_out", "left_out", "rows_left_out"
_PLACE = "left out"  # the property of being left out by a rule


def left_out_rows(counts: pd.DataFrame, study: Study) -> pd.DataFrame:
    """A row per rule and group with the persons left out (`left_out`), and the number of rows (`rows_left_out`).

    Args:
        counts: `rule`, `group` and `count`, as `reading.left_out` gives it.
        study: Its groups.
    """
    rows = Rows(TABLE)
    known = study.design.groups
    for rule, own in counts.groupby("rule", sort=False):
        key = pd.DataFrame({"variable": [""], "level": [str(rule)], "wave": [""]})
        if not rule:
            n = int(own["count"].sum())
            rows.add(key, "", ROWS, n, n)
            continue
        per_group = own.groupby("group")["count"].sum()
        for group in (*known, ALL):
            n = int(per_group.sum() if group == ALL else per_group.get(group, 0))
            rows.add(key, group, STATISTIC, n, n)
    return rows.frame([""])


@dataclass(frozen=True)
class LeftOut:
    """What a description tells of those left out.

    Attributes:
        description: Its rows.
        wording: The reasons, from the study.
    """

    description: pd.DataFrame
    wording: Wording

    @property
    def reasons(self) -> dict[str, str]:
        """Rule -> its reason, of the rules that left somebody out, in the order of the study."""
        found = self._lookup.values("level", statistic=STATISTIC)
        told = {rule.text: rule.reason[self.wording.language] for rule in self.wording.study.design.exclude}
        return {rule: told.get(rule, rule) for rule in found}

    def persons(self, rule: str, group: str) -> int:
        """How many of a group a rule left out."""
        return self._lookup.get("", rule, group, "", STATISTIC).n

    def analysed(self, group: str) -> int:
        """How many of a group take part in the study."""
        return Lookup(self.description, "sample").get("", "", group, "", "pct").n

    def in_file(self, group: str) -> int:
        """How many of a group stand in the file."""
        return self.analysed(group) + sum(self.persons(rule, group) for rule in self.reasons)

    @property
    def rows(self) -> int:
        """How many rows were about other waves."""
        return self._lookup.get("", "", "", "", ROWS).n

    def cells(self, behind: Behind) -> Iterator[tuple[Cell, ...]]:
        """Rows of a table: in the file, and left out by each rule; nothing where nobody was left out.

        Those in the file are those left out and those analysed, so where the first may not be told the sum may not
        either. They are no part of the persons of the study, whose numbers bound those of each part; so at most as many
        count as are analysed.
        """
        groups, reasons = group_names(self.wording.study), self.reasons
        if not reasons:
            return

        def out(rule: str, group: str) -> Counts:
            n = min(self.persons(rule, group), self.analysed(group))
            return resting([*behind.people(group), (_PLACE, rule)], n)

        def there(group: str) -> Counts | None:
            analysed = resting(behind.people(group), self.analysed(group))
            return together([analysed, *(out(rule, group) for rule in reasons if self.persons(rule, group))])

        title = Cell(self.wording.text("description.in_file"))
        yield title, *(Cell(str(self.in_file(group)), counts=there(group)) for group in groups)
        for rule, reason in reasons.items():
            title = Cell(self.wording.text("description.left_out", reason=reason))
            yield title, *(Cell(str(self.persons(rule, g)), counts=out(rule, g)) for g in groups)

    def told(self, group: str) -> str:
        """`1 left out: over 70`, of the rules that left somebody of the group out."""
        parts = [(self.persons(rule, group), reason) for rule, reason in self.reasons.items()]
        said = (self.wording.text("description.flow_left_out", n=n, reason=reason) for n, reason in parts if n)
        return "; ".join(said)

    def notes(self) -> tuple[str, ...]:
        """What stands under the table on rows of other waves."""
        return (self.wording.text("description.rows_left_out", n=self.rows),) if self.rows else ()

    @property
    def _lookup(self) -> Lookup:
        return Lookup(self.description, TABLE)
