"""Any options on sound data: a right answer, or a message; what must not matter does not."""

from __future__ import annotations

from hypothesis import given

from tests.support.generated import the_same
from tests.support.oracles import any_line
from tests.support.oracles.any_options import COMMANDS, KEYS, NEUTRAL, SETTINGS, Typed, lines, parameters

# Lines per command.
LINES = {"fit-t3": 12, "fit-longitudinal": 6, "impute": 9, "describe": 6, "robustness": 1, "convert": 6, "score": 4,
         "show": 6, "info": 4, "diff": 4, "study check": 6, "study init": 4, "example": 1}  # fmt: skip
# Options that are always tried, since most random lines name a setting that would need another imputation.
SURE = (
    ("--level", "0.8"), ("--level", "0.999"), ("--standardise", "outcome"), ("--outcomes", "score"),
    ("--outcomes", "work,high"), ("--separation", "stop"), ("--set", "significance.strict=0.01"),
    ("--set", "models.min_observed=4"),
)  # fmt: skip
# What must have been compared at least, so that the lines are not all refused.
LEAST = {"stage files": 12, "neutral options": 12, "estimates": 100, "settings": 5, "talk": 5, "--outcomes": 2,
         "--level": 2, "--standardise": 1}  # fmt: skip


def test_any_options() -> None:
    """Never a traceback, a file left by a failure, or a result that depends on what must not matter."""
    judge = any_line.Judge()

    def check(line: Typed) -> None:
        judge.judge(line)

    written = ("--output", "x.parquet")
    sure = [("fit-t3", "i.parquet", (written, option)) for option in SURE]
    sure += [("fit-longitudinal", "i.parquet", (written,)), ("show", "t.parquet", (("--lang", "nl"),))]
    for command, source, options in sure:
        check(Typed(command, (source,), options, (command, source, *sum(options, ()))))
    for command, number in LINES.items():
        the_same(number)(given(lines((command,), quick=True))(check))()
    assert not [command for command in LINES if not judge.runs[command, 0]], judge.runs
    assert all(judge.compared[what] >= count for what, count in LEAST.items()), judge.compared
    assert sum(count for (_, code), count in judge.runs.items() if code >= 2) >= sum(LINES.values()) // 8, judge.runs


def test_every_option_and_setting_can_be_drawn() -> None:
    """The options are the commands' own, and the settings keys of the study file."""
    known = {name for command in COMMANDS for name in parameters(command)}
    assert set(NEUTRAL) <= known
    assert len(known) > 35
    assert set(SETTINGS) <= {key for key, _ in KEYS}
    assert len(KEYS) > 100
