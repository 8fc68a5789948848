# SPDX-License-Identifier: MIT
"""The blocks of the pages under gst/: what a user copies is what the tests run."""
import ast
import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "gst" / "recipes" / "README.md", *sorted((ROOT / "gst" / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(sh|python) ([\w-]+)\n(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """`settings`, from its first line, are all that a test may change."""

    name: str
    language: str
    settings: dict
    body: str

    def text(self, given):
        """The block with these settings. All must be given: none is left to what the page has."""
        assert set(given) == set(self.settings), f"{self.name} has {list(self.settings)}"
        quote = shlex.quote if self.language == "sh" else repr
        lines = [f"{name}={quote(str(value))}\n" for name, value in given.items()]
        return "".join(lines) + self.body


def blocks(pages=None):
    """Of these pages, or of all; no two have the same name."""
    found = [
        Block(name, language, _settings(language, first), body)
        for page in pages or PAGES
        for language, name, first, body in _FENCE.findall(page.read_text(encoding="utf-8"))
    ]
    assert len({block.name for block in found}) == len(found), "two blocks of one name"
    return {block.name: block for block in found}


def _settings(language, line):
    if language == "sh":
        # A block without settings begins with the command that does nothing.
        return {} if line == ":" else dict(word.split("=", 1) for word in shlex.split(line))
    assignment = ast.parse(line).body[0]
    target, value = assignment.targets[0], assignment.value
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    values = value.elts if isinstance(value, ast.Tuple) else [value]
    return {name.id: constant.value for name, constant in zip(names, values)}
