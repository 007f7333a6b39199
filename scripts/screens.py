"""Draw the README's screens: what `dnt` shows of the example on terminals of 80 and 120 columns.

python scripts/screens.py RESULTS   (the folder that `make all` filled; the pictures go to docs/screens)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

TARGET = Path(__file__).parents[1] / "docs" / "screens"
SCREENS = {
    "effects": ("show", "t3.parquet", "longitudinal.parquet"),
    "endpoint": ("show", "t3.parquet"),
    "robustness": ("show", "robustness.parquet"),
    "imputation": ("show", "imputed.parquet"),
    "description": ("show", "description.parquet"),
}
LINES = 44  # of a picture; what follows is left out


def main(results: str) -> None:
    """Draw every screen at both widths."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, arguments in SCREENS.items():
        for width in (80, 120):
            text = screen(arguments, results, width)
            title = f"dnt {' '.join(arguments)}   ({width} columns)"
            (TARGET / f"{name}-{width}.svg").write_text(picture(text, width, title), encoding="utf-8", newline="\n")


def screen(arguments: tuple[str, ...], results: str, width: int) -> str:
    """What a terminal of this width gets, with its colours."""
    surroundings = {**os.environ, "COLUMNS": str(width), "DNT_LANG": "en", "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "dnt_cli", *arguments, "--color", "always"]
    done = subprocess.run(command, cwd=results, env=surroundings, capture_output=True, check=True)
    return done.stdout.decode("utf-8")


def picture(text: str, width: int, title: str) -> str:
    """The beginning of a screen as SVG, without the fonts that Rich would fetch from a network."""
    lines = text.splitlines()
    console = Console(record=True, width=width, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for line in lines[:LINES]:
        console.print(Text.from_ansi(line))
    if len(lines) > LINES:
        console.print(Text("...", "dim"))
    drawn = console.export_svg(title=title, unique_id="dnt")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


if __name__ == "__main__":
    main(*sys.argv[1:])
