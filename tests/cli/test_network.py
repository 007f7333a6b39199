"""No network: nothing reaches for it under the guard, and without any network everything is the same to the byte.

The guard (`guard/sitecustomize.py`) is on the path of every test that runs the program, its workers and children; it
sees what Python does. What libraries in other languages do, a namespace without a network shows.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dnt_cli.polis.records import database, keep_records
from dnt_cli.study.register import Register
from tests.support.process import GUARD, SOURCE, WarmPython, environment, listing
from tests.support.small import STUDY, survey

REACHING = {
    "connect": "socket.create_connection(('127.0.0.1', 9))",
    "bind": "socket.socket().bind(('127.0.0.1', 0))",
    "name": "socket.getaddrinfo('localhost', 80)",
    "datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "page": "__import__('urllib.request').request.urlopen('http://localhost:9')",
    "caught": "\ntry:\n  socket.gethostbyname('localhost')\nexcept BaseException:\n  pass",
    "worker": "__import__('joblib').Parallel(2)(__import__('joblib').delayed(socket.gethostbyname)(n) for n in 'ab')",
}
CHAIN = (
    "convert survey.csv --study study.toml -o survey.parquet",
    "impute survey.parquet -o imputed.parquet --jobs 2",
    "fit-t3 imputed.parquet -o t3.parquet --jobs 1",
    "fit-longitudinal imputed.parquet -o longitudinal.parquet --jobs 1",
    "robustness imputed.parquet -o robustness.parquet --checks b --jobs 1",
    "describe survey.parquet -o description.parquet",
)
# Modules that reach out; `distributed` is imported where a user gives --scheduler and nowhere else.
OUTSIDE = {
    "socket", "ssl", "http", "urllib", "ftplib", "smtplib", "xmlrpc", "asyncio", "requests", "httpx", "aiohttp",
    "urllib3", "websocket", "webbrowser", "sentry_sdk", "posthog", "distributed", "dask",
}  # fmt: skip


def python(code: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(extra), timeout=60, check=False
    )


@pytest.mark.parametrize("reach", [name for name in REACHING if name != "worker"])
def test_the_guard_bites(reach: str) -> None:
    done = python(f"import socket\n{REACHING[reach]}\nprint('through')")
    assert done.returncode == 97
    assert "the network was reached for" in done.stderr
    assert done.stdout == ""


def test_the_guard_bites_in_workers() -> None:
    done = python(f"import socket\n{REACHING['worker']}")
    assert done.returncode != 0
    assert "the network was reached for" in done.stderr


def test_sockets_of_the_file_system_are_let_through() -> None:
    done = python("import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))")
    assert done.stdout == "b'x'\n"


def test_the_guard_hides_no_other_sitecustomize(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.loaded_too = True\n", encoding="utf-8")
    path = f"{environment()['PYTHONPATH']}{':' if sys.platform != 'win32' else ';'}{tmp_path}"
    done = python("import sys, sitecustomize; print(sys.loaded_too, sitecustomize.__file__)", PYTHONPATH=path)
    assert done.stdout.split(maxsplit=1) == ["True", f"{GUARD / 'sitecustomize.py'}\n"]


def chain(folder: Path, before: tuple[str, ...] = ()) -> dict[str, bytes]:
    folder.mkdir()
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    survey().to_csv(folder / "survey.csv", index=False)
    python = WarmPython(before=before)
    for command in CHAIN:
        python.run(tuple(command.split()), folder).check()
    python.close()
    return listing(folder)


def isolated() -> tuple[str, ...]:
    """Words that start a program in a namespace of its own without any interface, where the system allows it."""
    words = ("unshare", "--map-root-user", "--net")
    works = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if works and works.returncode == 0 else ()


@pytest.mark.skipif(not isolated(), reason="this system makes no namespaces")
def test_without_any_network_all_is_the_same_to_the_byte(tmp_path: Path) -> None:
    links = Path("/proc/net/dev").read_text(encoding="utf-8").count(":")
    alone = subprocess.run([*isolated(), "cat", "/proc/net/dev"], capture_output=True, text=True, check=True).stdout
    assert alone.count(":") <= min(links, 1)  # the loopback at most, and that one is down
    assert chain(tmp_path / "alone", isolated()) == chain(tmp_path / "usual")


def test_no_module_that_reaches_out_is_imported() -> None:
    found = set()
    for path in sorted(SOURCE.joinpath("dnt_cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {(path.name, name.split(".")[0]) for name in names} & {(path.name, name) for name in OUTSIDE}
    assert found == {("cluster.py", "distributed")}


def test_duckdb_fetches_no_extensions_and_opens_the_records_only(tmp_path: Path) -> None:
    records, other = tmp_path / "it's [1].csv", tmp_path / "other.csv"
    for path in (records, other):
        path.write_text(
            "RINPERSOONS;RINPERSOON;IKVID;SDATUMAANVANGIKO;SDATUMEINDEIKO;SSOORTBAAN;SBASISUREN;SBASISLOON"
            ";SLNLBPH;SINGLBPH;SVAKBSL\nR;000000001;1;20200101;20200131;9;80;1;1;0;0\n",
            encoding="utf-8",
        )
    with database(1) as connection:
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
            assert connection.execute(f"SELECT current_setting('{setting}')").fetchall() == [(False,)]
        kept, _ = keep_records(connection, [records], pd.DataFrame({"person": ["000000001"]}), Register())
        assert kept["records"] == 1
        with pytest.raises(duckdb.PermissionException):
            connection.execute(f"SELECT * FROM read_csv('{other}')")
        with pytest.raises(duckdb.Error):
            connection.execute("SET enable_external_access = true")
