# SPDX-License-Identifier: MIT
"""The reference pages of gst/docs say what the plugin says, and gst-inspect-1.0 says no less."""
import os
import re
import subprocess
import sys

import pytest

from page import ROOT
from programs import needs

DOCS = ROOT / "gst" / "docs"
ELEMENTS = ["mmapsink", "mmapsrc"]


def run(*words, **variables):
    return subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )


@needs("", "", "Gst")
def test_pages_are_what_their_script_writes():
    script = run(sys.executable, str(DOCS / "reference.py"))
    assert script.returncode == 0, script.stdout + script.stderr


@needs("", "", "Gst")
def test_script_tells_a_page_that_is_not_up_to_date(tmp_path):
    docs = tmp_path / "gst" / "docs"
    docs.mkdir(parents=True)
    for path in [*DOCS.glob("*.py"), *DOCS.glob("*.md")]:
        (docs / path.name).write_bytes(path.read_bytes())
    for path in DOCS.parent.glob("*.cpp"):
        (docs.parent / path.name).write_bytes(path.read_bytes())
    page = docs / "mmapsrc.md"
    page.write_text(page.read_text(encoding="utf-8").replace("max-leases", "x"), encoding="utf-8")
    script = run(sys.executable, str(docs / "reference.py"))
    assert script.returncode == 1 and "mmapsrc.md" in script.stdout, script.stderr
    assert run(sys.executable, str(docs / "reference.py"), "--write").returncode == 0
    assert page.read_bytes() == (DOCS / page.name).read_bytes()


@pytest.mark.parametrize("name", ELEMENTS)
def test_gst_inspect_knows_every_property_of_the_page(name):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (\w+)[^|]*\| [^|]+ \| ([^|]+?) \|$", text, re.MULTILINE)
    assert rows, "the page has no properties"
    known = run("gst-inspect-1.0", "--no-colors", name).stdout
    assert re.search(r"^  Long-name +\S", known, re.MULTILINE), known
    for prop, _, blurb in rows:
        assert re.search(rf"^  {prop} +: {re.escape(blurb)}$", known, re.MULTILINE), prop
