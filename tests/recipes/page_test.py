# SPDX-License-Identifier: MIT
"""The pages themselves: nothing on them is untested or leads nowhere."""
import re
from pathlib import Path

import pytest

from page import PAGES, ROOT, blocks

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")

# Needs root and a kernel module; webcam_test.py is about what is fed into it.
NOT_RUN = "webcam-module"


def test_every_block_of_the_pages_is_run_by_a_test():
    tests = set(Path(__file__).parent.glob("*_test.py")) - {Path(__file__)}
    sources = "".join(path.read_text(encoding="utf-8") for path in tests)
    known = set(re.findall(r'"([\w-]+)"', sources))
    # Pairs are called by what they have in common, and -send or -receive.
    known |= {name + end for name in known for end in ("-send", "-receive")}
    assert set(blocks()) - known == {NOT_RUN}


@each_page
def test_every_fenced_block_has_a_name(page):
    fences = re.findall(r"^```(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(fences) == len(blocks([page]))


@each_page
def test_links_lead_to_headings_and_files(page):
    text = page.read_text(encoding="utf-8")
    headings = _anchors(text)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, anchor = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists() and path.is_relative_to(ROOT), target
        if anchor:
            there = headings if path == page else _anchors(path.read_text(encoding="utf-8"))
            assert anchor in there, target


def _anchors(text):
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
