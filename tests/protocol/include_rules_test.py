#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules of the source tree, held by looking at its text: dependencies, memory orders, licences.

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


def letters_in(text):
    """The pairs of SPEC.md 14 that a comment names: "(A, E)", "Pair D"."""
    groups = re.findall(r"\(([A-H](?:, [A-H])*)\)|[Pp]air ([A-H])\b", text)
    return set("".join("".join(group) for group in groups)) & set("ABCDEFGH")


def comments_near(lines, number, reach):
    """The comment of a line, or the nearest ones above it that name a pair."""
    for line in [lines[number]] + lines[max(0, number - reach):number][::-1]:
        _, _, comment = line.partition("//")
        if letters_in(comment):
            return letters_in(comment)
    return set()


def every_fence_names_its_pair(root):
    """A fence says which pair of SPEC.md 14 it belongs to, and both know the same pairs."""
    seqlock = root / "protocol" / "src" / "seqlock.hpp"
    declared = {}
    for comment, name in re.findall(r"((?:///[^\n]*\n)+)inline void (fence_\w+)\(",
                                    seqlock.read_text(encoding="utf-8")):
        declared[name] = letters_in(comment)
    named = set()
    for path in filter(is_code, files_below(root, "protocol/src")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            named |= letters_in(line.partition("//")[2])
            call = re.match(r"\s+(fence_\w+)\(\);", line)
            if call and not comments_near(lines, number, 12) & declared.get(call[1], set()):
                yield path, f"line {number + 1}: {call[1]} does not name its pair (SPEC.md 14)"
    spec = root / "protocol" / "SPEC.md"
    argued = set(re.findall(r"^- \*\*([A-H])\*\* \(", spec.read_text(encoding="utf-8"), re.MULTILINE))
    for letter in sorted(argued ^ named):
        yield spec, f"pair {letter} is not in both, section 14 and the code"
    if len(declared) != 3 or len(argued) != 8:
        yield seqlock, f"found the fences {sorted(declared)} and the pairs {sorted(argued)}"


GNU_EXTENSION = re.compile(r"__attribute__|__builtin_|__typeof|\bssize_t\b|\[\[gnu::|= *\(\{")


def other_compilers_build_what_is_shared(root):
    """GNU extensions only in files of one system, or where another compiler gets something else."""
    of_one_system = re.compile("_(linux|posix|windows)$")
    for path in filter(is_code, files_below(root, "gst", "protocol/src", "protocol/include")):
        text = path.read_text(encoding="utf-8")
        found = GNU_EXTENSION.search(COMMENT.sub("", text))
        has_choice = re.search("__GNUC__|__clang__|_WIN32", text)
        if found and not of_one_system.search(path.stem) and not has_choice:
            yield path, f"{found[0]} is not for every compiler"


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
    every_fence_names_its_pair,
    other_compilers_build_what_is_shared,
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
