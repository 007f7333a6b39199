"""Own text of the author: a Markdown file with a heading per section of the report."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dnt_cli.errors import UsageError
from dnt_cli.report.model import Block, Heading, Paragraph
from dnt_cli.sentences import say

_HEADING = re.compile(r"(#+)\s+(.*?)\s*#*\s*")
_ITEM = re.compile(r"\s*[-*+]\s+(.*)")
_EMPHASIS = re.compile(r"(\*\*|__|\*|(?<!\w)_)(?=\S)(.+?)(?<=\S)\1(?!\w)")


def parse(text: str, titles: Mapping[str, str], name: str) -> dict[str, list[Block]]:
    """Section -> what is to stand before it.

    A heading `# method`, with the name of a section or its title, begins the text of that section; headings below it
    (`##`) become headings within the section. Blank lines part paragraphs, lines with `-` are items of a list.

    Args:
        text: Of the file.
        titles: Name of each section -> its title.
        name: How messages call the file.

    Raises:
        UsageError: A heading names no section, or text stands before the first one.
    """
    known = {key.casefold(): key for key in titles} | {title.casefold(): key for key, title in titles.items()}
    found: dict[str, list[Block]] = {}
    own: list[Block] | None = None
    lines: list[str] = []

    def end() -> None:
        if lines and own is not None:
            own.append(Paragraph(_plain(" ".join(lines))))
        lines.clear()

    for number, line in enumerate(text.splitlines(), start=1):
        if match := _HEADING.fullmatch(line):
            end()
            if len(match[1]) == 1:
                key = known.get(match[2].casefold())
                if key is None:
                    raise UsageError(say("no_section", file=name, number=number, allowed=", ".join(titles)))
                own = found.setdefault(key, [])
            elif own is not None:
                own.append(Heading(_plain(match[2]), 2 if len(match[1]) == 2 else 3))
        elif not line.strip():
            end()
        elif own is None:
            raise UsageError(say("text_before_heading", file=name, number=number))
        elif match := _ITEM.fullmatch(line):
            end()
            own.append(Paragraph(_plain(match[1]), "item"))
        else:
            lines.append(line.strip())
    end()
    return found


def _plain(text: str) -> str:
    """Without marks of emphasis, which Word, LaTeX and a web page would each write in another way."""
    return _EMPHASIS.sub(r"\2", text)
