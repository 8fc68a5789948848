# SPDX-License-Identifier: MIT
"""The package as others get it: installed, typed, and documented name by name."""
import importlib.util
import inspect
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import mmapvideo
from mmapvideo import capture, errors, formats, metadata

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = SOURCE / "protocol/python"
PROJECT = (PACKAGE / "pyproject.toml").read_text(encoding="utf-8")


def run(*words, **options):
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=300, **options
    )
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def needs(*modules):
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"this Python has no {module}")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A directory that pip installed the package into, from a copy: building leaves files."""
    needs("pip", "setuptools", "wheel")
    place = tmp_path_factory.mktemp("installed")
    shutil.copytree(PACKAGE, place / "source")
    target = place / "target"
    run(sys.executable, "-m", "pip", "--isolated", "install", "--no-index", "--no-build-isolation",
        "--no-deps", "--no-cache-dir", "--target", target, place / "source")
    return target


def test_pip_installs_the_package_with_all_its_files(installed):
    there = sorted(path.name for path in (installed / "mmapvideo").iterdir() if path.is_file())
    assert there == sorted(path.name for path in (PACKAGE / "mmapvideo").iterdir() if path.is_file())
    assert "py.typed" in there


LOOK = """
import importlib.metadata, json, sys
import mmapvideo
with mmapvideo.Writer(sys.argv[1], "GRAY8", 8, 8) as writer, mmapvideo.Reader(sys.argv[1]) as reader:
    writer.write(bytes(range(64)))
    payload = bytes(reader.read().payload)
found = importlib.metadata.metadata("mmapvideo")
print(json.dumps({"version": found["Version"], "own": mmapvideo.__version__, "extras":
    found.get_all("Provides-Extra"), "python": found["Requires-Python"], "about": found["Summary"],
    "text": found.get_payload(), "file": mmapvideo.__file__, "whole": payload == bytes(range(64))}))
"""


def test_installed_package_works_and_says_what_it_is(installed, path):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    found = json.loads(run(sys.executable, "-c", LOOK, path, env=environment, cwd="/"))
    assert found["file"].startswith(str(installed)) and found["whole"]
    assert found["version"] == found["own"] == mmapvideo.__version__
    assert found["extras"] == ["numpy"] and found["python"] == ">=3.9"
    assert found["about"] in mmapvideo.__doc__.replace("\n", " ").split(".")[0]
    assert "import mmapvideo" in found["text"], "the README is its description"


def test_version_is_that_of_the_project():
    if "PROJECT_VERSION" not in os.environ:
        pytest.skip("run by hand: nobody said which version the project has")
    assert mmapvideo.__version__ == os.environ["PROJECT_VERSION"]


def test_meson_installs_the_files_that_there_are():
    text = (PACKAGE / "meson.build").read_text(encoding="utf-8")
    listed = re.findall(r"'mmapvideo/([\w.]+)'", text)
    assert sorted(listed) == sorted(
        path.name for path in (PACKAGE / "mmapvideo").iterdir() if path.is_file()
    )


def test_types_are_complete_and_right_for_the_oldest_python_it_takes(tmp_path):
    needs("mypy")
    oldest = re.search(r'requires-python = ">=([\d.]+)"', PROJECT).group(1)
    run(sys.executable, "-m", "mypy", "--strict", "--python-version", oldest, "--cache-dir", tmp_path,
        "mmapvideo", cwd=PACKAGE)


def test_nothing_is_unused_or_undefined():
    needs("pyflakes")
    folders = [PACKAGE / "mmapvideo", PACKAGE / "tutorials", SOURCE / "tests/python",
               SOURCE / "tests/bench"]
    run(sys.executable, "-m", "pyflakes", *folders)


def public_names():
    """Everything a user may name, with where it is found."""
    modules = [mmapvideo, capture, errors, formats, metadata]
    for module in modules:
        yield module.__name__, module
        for name, thing in vars(module).items():
            is_own = getattr(thing, "__module__", "").startswith("mmapvideo")
            if name.startswith("_") or not is_own or not callable(thing):
                continue
            yield f"{module.__name__}.{name}", thing
            if inspect.isclass(thing):
                yield from members_of(f"{module.__name__}.{name}", thing)


def members_of(path, kind):
    for name, thing in vars(kind).items():
        described = inspect.isfunction(thing) or isinstance(thing, property)
        described = described or inspect.ismemberdescriptor(thing)
        if described and not name.startswith("_"):
            yield f"{path}.{name}", thing


def test_every_public_name_is_documented():
    names = dict(public_names())
    assert {"mmapvideo.Reader.read", "mmapvideo.Frame.skipped", "mmapvideo.formats.layout_of",
            "mmapvideo.capture.VideoCapture.grab"} <= set(names)
    # A NamedTuple without a text of its own gets one that begins with its name.
    without = [
        path for path, thing in names.items()
        if not inspect.getdoc(thing) or inspect.getdoc(thing).startswith(path.rsplit(".")[-1] + "(")
    ]
    assert without == []


def test_every_figure_is_documented():
    """Fields of named tuples and what errors carry: a comment beside each, as help() has none."""
    for kind in (mmapvideo.ReaderStats, mmapvideo.WriterStats):
        source = inspect.getsource(kind)
        for field in kind._fields:
            assert re.search(rf"^    {field}: \w+  #: .", source, re.MULTILINE), f"{kind}.{field}"
    for word in ("path", "errno"):
        assert f"`{word}`" in mmapvideo.Error.__doc__


def test_every_name_of_the_package_exists():
    for name in mmapvideo.__all__:
        assert hasattr(mmapvideo, name)
    assert mmapvideo.__all__ == sorted(mmapvideo.__all__)
