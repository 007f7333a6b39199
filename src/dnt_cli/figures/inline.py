"""A figure as part of a web page: an SVG whose text stays text, with names that occur nowhere else on the page."""

from __future__ import annotations

import re

_BEFORE = re.compile(r"\A.*?(?=<svg )", re.DOTALL)  # what a file begins with
_ABOUT_FILE = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_RULE = re.compile(r'<style type="text/css">\*\{([^}]*)\}</style>')  # which on a page would hold for all of it
_NAMED = re.compile(r'(\bid="|xlink:href="#|url\(#)')
_SPACES = re.compile(r"\s*\n\s*")


def inline_svg(drawn: bytes, key: str) -> str:
    """An `svg` element for a web page.

    Args:
        drawn: An SVG file as `style.render` makes it.
        key: What its names begin with.
    """
    text = _ABOUT_FILE.sub("", _BEFORE.sub("", drawn.decode("utf-8"), count=1), count=1)
    rule = _RULE.search(text)
    if rule is not None:
        text = text.replace(rule[0], "", 1).replace("<svg ", f'<svg style="{rule[1]}" ', 1)
    text = _NAMED.sub(rf"\g<1>{key}-", text)
    named = [name for name in ("title", "desc") if f"<{name}>" in text]
    for name in named:
        text = text.replace(f"<{name}>", f'<{name} id="{key}-{name}">', 1)
    labels = " ".join(f"{key}-{name}" for name in named)
    text = text.replace("<svg ", f'<svg aria-labelledby="{labels}" ', 1) if labels else text
    return _SPACES.sub("\n", text).strip()
