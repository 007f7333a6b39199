"""Ends that come from outside: a library that is missing, too little memory, devices, odd study files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.process import dnt

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits and devices of Linux")


def without(module: str, folder: Path) -> dict[str, str]:
    """The environment of a Python that lacks a package."""
    from tests.support.process import environment

    hidden = folder / "hidden"
    hidden.mkdir()
    text = f"raise ModuleNotFoundError('No module named {module}', name='{module}')\n"
    (hidden / f"{module}.py").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": f"{hidden}:{environment()['PYTHONPATH']}"}


@linux_only
@pytest.mark.parametrize(
    ("module", "command"),
    [
        ("statsmodels", "power means 0.4"),
        ("duckdb", "polis records --link link.csv --study study.toml -o r.parquet"),
        ("matplotlib", "describe survey.parquet --figures figures"),
        ("openpyxl", "convert survey.parquet -o survey.xlsx"),
        ("pyreadstat", "convert survey.parquet -o survey.sav"),
        ("miceforest", "impute survey.parquet --method forest -o other.parquet --jobs 1"),
        ("pyarrow", "show t3.parquet"),
        ("joblib", "impute survey.parquet -o other.parquet --jobs 2"),
    ],
)
def test_a_missing_library_is_13_with_what_to_install(folder: Path, module: str, command: str) -> None:
    run = dnt(*command.split(), cwd=folder, env=without(module, folder)).check(13)
    assert module in run.stderr
    assert "-m pip install" in run.stderr


@linux_only
@pytest.mark.parametrize(
    ("command", "memory", "advice"),
    [
        ("fit-t3 imputed.parquet --jobs 1", "300000", "ulimit -v unlimited"),
        ("show t3.parquet", "200000", "ulimit -v unlimited"),
    ],
)
def test_too_little_memory_is_14_with_what_to_do(folder: Path, command: str, memory: str, advice: str) -> None:
    """A limit below what the libraries need is refused at once, since under it they hang or abort."""
    limited = ("sh", "-c", f'ulimit -v {memory}; exec "$@"', "sh")
    assert advice in dnt(*command.split(), cwd=folder, before=limited).check(14).stderr


@linux_only
def test_a_device_without_end_is_refused_at_once(folder: Path) -> None:
    assert "device" in dnt("show", "/dev/zero", cwd=folder, timeout=30).check(11).stderr
    assert "4 MB" in dnt("study", "check", "/dev/zero", cwd=folder, timeout=30).check(10).stderr


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a = " + "[" * 5000 + "]" * 5000, "deeply"),
        ("a = " + "{b=" * 5000 + "1" + "}" * 5000, "deeply"),
        ("#" * 5_000_000, "4 MB"),
        ("a = 2020-02-30", "not valid TOML"),
        ("a = " + "9" * 5000, "not valid TOML"),
    ],
)
def test_an_odd_study_file_is_10(tmp_path: Path, text: str, word: str) -> None:
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    assert word in dnt("study", "check", "study.toml", cwd=tmp_path).check(10).stderr
