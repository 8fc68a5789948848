#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every C and C++ file looks as clang-format would have it, by the tree's .clang-format.

Usage: format_test.py CLANG_FORMAT SOURCE_ROOT. Prints each place; exit status 1 if there is one.
`git ls-files '*.[ch]' '*.[ch]pp' | xargs clang-format -i` mends all.
"""
import pathlib
import subprocess
import sys

SUFFIXES = {".c", ".h", ".cpp", ".hpp"}


def main():
    clang_format, root = sys.argv[1], pathlib.Path(sys.argv[2])
    files = [path for top in ("gst", "protocol", "tests") for path in sorted((root / top).rglob("*"))
             if path.suffix in SUFFIXES]
    # A wrong root would find nothing to say.
    if not any(path.name == "seqlock.hpp" for path in files):
        sys.exit(f"{root} is not the source tree: no seqlock.hpp")
    command = [clang_format, "--dry-run", "-Werror", "--style=file", *map(str, files)]
    sys.exit(subprocess.run(command, check=False).returncode)


main()
