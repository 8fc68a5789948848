#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The one-way dependencies of the source tree, held by looking at its text.

Usage: include_rules_test.py SOURCE_ROOT. Prints each violation; exit status 1 if there is one.
"""
import pathlib
import re
import sys

SOURCES = {".c", ".h", ".cpp", ".hpp", ".cc", ".py", ".build", ".sh"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
OS_HEADER = re.compile(r"^(sys/.*|linux/.*|fcntl\.h|unistd\.h|windows\.h)$", re.IGNORECASE)
GSTREAMER = re.compile(r"^(glib|gst/|gio/|gobject/|gmodule)", re.IGNORECASE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def files_below(root, *tops):
    for top in tops:
        for path in sorted((root / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def is_source(path):
    if path.suffix in SOURCES:
        return True
    return path.suffix == "" and path.read_bytes()[:2] == b"#!"


def is_code(path):
    return path.suffix in {".c", ".h", ".cpp", ".hpp", ".cc"}


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def gst_includes_only_the_cxx_header(root):
    for path in filter(is_code, files_below(root, "gst")):
        for name in includes(path):
            if "mmapvideo/" in name and name != "mmapvideo/mmapvideo.hpp" or "protocol/" in name:
                yield path, f"includes {name}; gst/ may include <mmapvideo/mmapvideo.hpp> only"


def protocol_knows_no_gstreamer(root):
    for path in filter(is_code, files_below(root, "protocol")):
        for name in includes(path):
            if GSTREAMER.match(name):
                yield path, f"includes {name}; protocol/ knows no GLib and no GStreamer"


def only_platform_sources_see_the_os(root):
    platform = root / "protocol" / "src" / "platform"
    for path in filter(is_code, files_below(root, "protocol/src", "protocol/include")):
        allowed = path.parent == platform and path.suffix == ".cpp"
        for name in includes(path):
            if OS_HEADER.match(name) and not allowed:
                yield path, f"includes {name}; only protocol/src/platform/*.cpp see the system"


def only_seqlock_names_a_memory_order(root):
    src = root / "protocol" / "src"
    for path in filter(is_code, files_below(root, "protocol/src")):
        allowed = path == src / "seqlock.hpp" or (
            path.parent == src / "platform" and path.name.startswith("wakeup"))
        code = COMMENT.sub("", path.read_text(encoding="utf-8"))
        if not allowed and re.search(r"memory_order|__ATOMIC_", code):
            yield path, "names a memory order; only protocol/src/seqlock.hpp does"


def every_source_names_its_licence(root):
    for path in filter(is_source, files_below(root, "gst", "protocol", "tests")):
        start = path.read_text(encoding="utf-8").splitlines()[:2]
        if not any("SPDX-License-Identifier: MIT" in line for line in start):
            yield path, "has no SPDX line at its start"


RULES = [
    gst_includes_only_the_cxx_header,
    protocol_knows_no_gstreamer,
    only_platform_sources_see_the_os,
    only_seqlock_names_a_memory_order,
    every_source_names_its_licence,
]


def main():
    root = pathlib.Path(sys.argv[1])
    # A wrong root would find no violation: make sure that there is something to look at.
    if not (root / "protocol" / "src" / "seqlock.hpp").is_file():
        sys.exit(f"{root} is not the source tree: no protocol/src/seqlock.hpp")
    count = 0
    for rule in RULES:
        for path, problem in rule(root):
            print(f"{path.relative_to(root)}: {problem}")
            count += 1
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
