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


@pytest.fixture
def copy(tmp_path):
    """A folder with the sources, and the script and the pages in `docs`."""
    (tmp_path / "docs").mkdir()
    for path in [*DOCS.glob("*.py"), *DOCS.glob("*.md"), *DOCS.parent.glob("*.cpp")]:
        (tmp_path / path.relative_to(DOCS.parent)).write_bytes(path.read_bytes())
    return tmp_path


@needs("", "", "Gst")
def test_script_tells_a_page_that_is_not_up_to_date(copy):
    docs = copy / "docs"
    page = docs / "mmapsrc.md"
    page.write_text(page.read_text(encoding="utf-8").replace("max-leases", "x"), encoding="utf-8")
    script = run(sys.executable, str(docs / "reference.py"))
    assert script.returncode == 1 and "mmapsrc.md" in script.stdout, script.stderr
    assert run(sys.executable, str(docs / "reference.py"), "--write").returncode == 0
    assert page.read_bytes() == (DOCS / page.name).read_bytes()


@needs("", "", "Gst")
@pytest.mark.parametrize(
    "source, line",
    [("src_properties.cpp", "GstMmapSrc:max-leases:"), ("sink_properties.cpp", "GstMmapSinkDelivery:")],
)
def test_a_property_or_type_without_a_word_of_its_own_or_its_version_is_told(copy, source, line):
    path = copy / source
    text = path.read_text(encoding="utf-8")
    begin = text.index(line)
    without_version = text[:begin] + text[begin:].replace("Since: 0.1", "", 1)
    for changed in [text.replace(line, "", 1), without_version]:
        path.write_text(changed, encoding="utf-8")
        script = run(sys.executable, str(copy / "docs" / "reference.py"))
        assert script.returncode == 1 and line[:-1] in script.stderr, script.stderr


@pytest.mark.parametrize("name", ELEMENTS)
def test_gst_inspect_knows_every_property_of_the_page(name):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[`([\w-]+)`\]", text, re.MULTILINE)
    described = re.findall(r"^### ([\w-]+)\n\n(.+)\.$", text, re.MULTILINE)
    assert listed and listed == [prop for prop, _ in described]
    known = run("gst-inspect-1.0", "--no-colors", name).stdout
    assert re.search(r"^  Long-name +\S", known, re.MULTILINE), known
    for prop, blurb in described:
        assert re.search(rf"^  {prop} +: {re.escape(blurb)}$", known, re.MULTILINE), prop
