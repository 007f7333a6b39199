"""Who, and which codes for no answer, a study left out of its file: small tables that travel with the survey."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from dnt_cli.findings import Finding

COLUMNS = ("rule", "group", "count")
OTHER_WAVES = ""  # the rule of rows of waves that the study does not name


def left_out(findings: Iterable[Finding]) -> pd.DataFrame:
    """Persons per rule of `[design] exclude` and group, and rows of other waves, as reading a file noted them.

    Returns:
        `rule` (the conditions; empty for rows of other waves), `group` (its code; empty for rows, and for persons whose
        group is not known) and `count`.
    """
    rows: list[tuple[str, str, int]] = []
    for finding in findings:
        if finding.name == "reading.excluded":
            rows += [(str(finding.values["rule"]), group, count) for group, count in finding.values["by_group"]]
        elif finding.name == "reading.waves_dropped":
            rows.append((OTHER_WAVES, "", int(finding.values["count"])))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def missing_codes(findings: Iterable[Finding]) -> pd.DataFrame:
    """The codes and words that were met in a file of another program and taken as no answer.

    Returns:
        `variable`, `code` and `count`, the number of cells.
    """
    names = ("reading.user_missing", "reading.study_missing", "reading.word_missing")
    rows = {
        (finding.column, str(code)): int(count)
        for finding in findings
        if finding.name in names
        for code, count in finding.values["by_code"].items()
    }
    return pd.DataFrame([(*key, count) for key, count in rows.items()], columns=["variable", "code", "count"])
