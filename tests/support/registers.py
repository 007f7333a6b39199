"""The small study with register outcomes: link file and two years of records, with canaries in the keys."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from tests.support.oracles.any_study import toml
from tests.support.small import STUDY, survey

KEYS = [f"0{313_370_000 + 17 * n:08d}"[-9:] for n in range(40)]
JOBS = [f"7770{n:05d}" for n in range(40)]
SECRETS = re.compile("|".join([*KEYS, *(key.lstrip("0") for key in KEYS), *JOBS, "7654321"]))
REGISTERED: dict[str, dict[str, object]] = {
    "job": {"label": "Job (register)", "kind": "binary", "source": "register", "register": "work",
            "counterpart": "work", "waves": ["T0", "T1", "T2"]},
    "wage": {"label": "Wage (register)", "kind": "linear", "source": "register", "role": "descriptive",
             "waves": ["T0", "T1", "T2"]},
}  # fmt: skip
REGISTER = toml({"outcomes": REGISTERED, "models": {"register_controls": ["age", "work_T0"]}})
COLUMNS = (
    "RINPERSOONS", "RINPERSOON", "IKVID", "SDATUMAANVANGIKO", "SDATUMEINDEIKO", "SSOORTBAAN", "SBASISUREN",
    "SBASISLOON", "SLNLBPH", "SINGLBPH", "SVAKBSL",
)  # fmt: skip


def record(person: int, month: pd.Timestamp) -> tuple[object, ...]:
    days = (f"{month:%Y%m%d}", f"{month + pd.offsets.MonthEnd(0):%Y%m%d}")
    return ("R", KEYS[person], JOBS[person], *days, "9", 80, 1234.5, 1234.5, 0, 0)


def write_register(folder: Path, study: str) -> None:
    """The small study with register outcomes, its survey, the link file and two years of records."""
    text = STUDY.replace('[models]\ncontrols = ["age"]', REGISTER.strip() + '\ncontrols = ["age"]')
    assert text.count("[models]") == 1
    (folder / study).write_text(text, encoding="utf-8")
    answers = survey()
    answers.to_csv(folder / "survey.csv", index=False)
    ids = sorted(answers["id"].unique())
    link = pd.DataFrame({"id": ids, "RINPERSOONS": "R", "RINPERSOON": KEYS[: len(ids)], "date_T0": "2019-08-31"})
    link.to_csv(folder / "link.csv", index=False)
    (folder / "records").mkdir()
    for year in (2019, 2020):
        months = pd.date_range(f"{year}-01-01", f"{year}-12-01", freq="MS")
        # Some change between the years: work at T2 that follows from work at T0 has no estimable effect.
        rows = [
            record(p, m)
            for m in months
            for p in range(40)
            if p >= 30 or (p + m.month // 3 + (year == 2020 and p % 5 < 2)) % 3 == 0
        ]
        pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(folder / "records" / f"SPOLISBUS{year}V1.csv", index=False)
