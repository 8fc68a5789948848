#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The reference pages of the plugin: from the comments of the sources, and from what GStreamer knows
of its elements. Each property and each type of values has a comment that ends with `Since: VERSION`.

Usage: reference.py [--write]. Without an option it only tells which pages are not up to date; the
exit status says whether there are any. Needs python3-gi, and a GStreamer that finds the plugin
(`meson devenv -C build`).
"""
import re
import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GObject, Gst  # noqa: E402

FOLDER = Path(__file__).resolve().parent
# The file of the comment SECTION is the first one.
SOURCES = {
    "mmapsink": ["gstmmapsink.cpp", "sink_properties.cpp"],
    "mmapsrc": ["gstmmapsrc.cpp", "src_properties.cpp"],
    "mmapdeviceprovider": ["gstmmapdeviceprovider.cpp"],
}
NUMBERS = {"guint", "gint", "guint64", "gint64"}


def comment(name, title):
    """The comment that begins with this title, as Markdown."""
    for source in SOURCES[name]:
        text = (FOLDER.parent / source).read_text(encoding="utf-8")
        found = re.search(rf"/\*\*\n *\* {title}\n(.*?)\n *\*/", text, re.DOTALL)
        if found:
            lines = [re.sub(r"^ *\* ?", "", line) for line in found[1].splitlines()]
            return "\n".join(line for line in lines if not line.startswith("@")).strip()
    sys.exit(f"{name}: no comment begins with {title}")


def described(name, title):
    """What the comment says, and the version that it ends with."""
    text, _, since = comment(name, f"{title}:").rpartition("\n\nSince: ")
    if not text or not re.fullmatch(r"\d+\.\d+", since):
        sys.exit(f"{name}: the comment of {title} does not end with Since: and a version")
    return prose(name, text), since


def prose(name, text):
    """References of GTK-Doc as code, with the owner of what is not this feature's own."""

    def reference(found):
        owner, prop = found.groups()
        plain = owner[3:].lower() if owner.startswith("GstMmap") else owner
        return f"`{prop}`" if plain == name else f"`{prop}` of {plain}"

    return re.sub(r"#(\w+)", r"`\1`", re.sub(r"#(\w+):([\w-]+)", reference, text))


def with_blocks(name, text):
    """Examples as blocks with a name, and the file as a setting in the first line."""
    count = 0

    def block(found):
        nonlocal count
        count += 1
        code = found[1].replace("/dev/shm/cam0", '"$CAM"')
        setting = "CAM=/dev/shm/cam0" if code != found[1] else ":"
        return f"\n```sh {name}-{count}\n{setting}\n{code}\n```\n"

    return re.sub(r"\|\[\n(.*?)\n\]\|", block, text, flags=re.DOTALL)


def own_properties(gtype):
    return [spec for spec in GObject.list_properties(gtype) if spec.owner_type == gtype]


def default_of(spec):
    if not spec.flags & GObject.ParamFlags.WRITABLE or spec.value_type.name == "gchararray":
        return ""
    value = spec.default_value
    if hasattr(value, "value_nick"):
        return f", `{value.value_nick}`"
    return f", {str(value).lower()}"


def type_of(spec):
    if GObject.type_is_a(spec.value_type, GObject.TYPE_ENUM):
        return "enum"
    names = {"gchararray": "string", "gboolean": "boolean", "GstStructure": "structure"}
    kind = spec.value_type.name
    return kind[1:] if kind in NUMBERS else names[kind]


def access_of(spec):
    if not spec.flags & GObject.ParamFlags.WRITABLE:
        return "read only"
    return "while stopped" if spec.flags & Gst.PARAM_MUTABLE_READY else "at any time"


def values_of(name, spec):
    if type_of(spec) != "enum":
        return []
    text, since = described(name, spec.value_type.name)
    values = spec.enum_class.__enum_values__
    rows = [f"| `{value.value_nick}` | {value.value_name} |" for _, value in sorted(values.items())]
    table = "\n".join(["| value | meaning |", "|---|---|", *rows])
    return [f"`{spec.value_type.name}`, since {since}: {text[0].lower()}{text[1:]}", table]


def properties(name, gtype):
    parts, rows = [], []
    for spec in own_properties(gtype):
        text, since = described(name, f"{gtype.name}:{spec.name}")
        link = f"[`{spec.name}`](#{spec.name})"
        rows.append(f"| {link} | {type_of(spec)}{default_of(spec)} | {access_of(spec)} | {since} |")
        parts += [f"### {spec.name}", f"{spec.blurb}.", text, *values_of(name, spec)]
    head = ["| property | type, default | set | since |", "|---|---|---|---|"]
    return "\n\n".join(["\n".join(head + rows), *parts])


def factory_of(name):
    find = Gst.DeviceProviderFactory if name.endswith("provider") else Gst.ElementFactory
    factory = find.find(name)
    if factory is None:
        sys.exit(f"GStreamer does not find {name}: run this in `meson devenv -C BUILD`")
    return factory.load()


def page(name):
    factory = factory_of(name)
    kind, description = factory.get_metadata("klass"), factory.get_metadata("description")
    parts = [
        f"# {name}",
        f"*{kind}.* {description}.",
        with_blocks(name, prose(name, comment(name, rf"SECTION:\w+-{name}"))),
        "## Properties",
        properties(name, factory.get_element_type() if hasattr(factory, "get_element_type")
                   else factory.get_device_provider_type()),
        "What else GStreamer knows of it: `gst-inspect-1.0 "
        + ("mmap" if name.endswith("provider") else name) + "`.",
        f"<!-- Written by reference.py from {' and '.join(SOURCES[name])}, and the plugin. -->",
    ]
    return "\n\n".join(parts) + "\n"


def main():
    Gst.init(None)
    stale = []
    for name in SOURCES:
        path = FOLDER / f"{name}.md"
        text = page(name)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if "--write" in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
    if stale and "--write" not in sys.argv[1:]:
        print(f"not up to date: {', '.join(stale)}; run gst/docs/reference.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
