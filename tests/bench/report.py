#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What transport-bench measured, as a page and as plots, and the summary in the project's README.

report.py RESULTS.json FOLDER [README.md]

Writes FOLDER/results.md and plots as SVG and PNG; a section that was not run has none. In the
README, what stands between the lines `<!-- results -->` and `<!-- end of results -->` is written anew.
"""
import argparse
import json
import os
import sys

import plots


def number(value):
    """Three significant digits; whole numbers where these are more."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def table(rows):
    """All figures but distributions, which are for plots."""
    keys = list(dict.fromkeys(k for row in rows for k, v in row.items() if not isinstance(v, dict)))
    figures = {k for k in keys for row in rows if isinstance(row.get(k), (int, float))}
    lines = ["| " + " | ".join(key.replace("_", " ") for key in keys) + " |",
             "|" + "".join("---:|" if key in figures else "---|" for key in keys)]
    lines += ["| " + " | ".join(number(row.get(key)) for key in keys) + " |" for row in rows]
    return "\n".join(lines)


def machine_text(machine):
    return (f"{machine['processor']}, {machine['cores']} processors, {machine['kernel']}, "
            f"{machine['gstreamer']}")


def rounds_text(plan):
    return f"Medians over {plan['rounds']} rounds of {plan['seconds']:g} s"


def page(results, drawn):
    machine = results["machine"]
    parts = ["# mmapsink and mmapsrc beside other transports",
             f"Measured on {machine_text(machine)}, load at the start "
             f"{machine['load_average_at_start']:.2f}. {rounds_text(results['plan'])}, in which all "
             "transports take turns. `sh tests/bench/run` writes this page anew."]
    absent = machine.get("transports_not_installed")
    if absent:
        parts.append("Not installed there, and so not measured: " + ", ".join(absent) + ".")
    for name, section in results.items():
        if not isinstance(section, dict) or "rows" not in section:
            continue
        parts += ["## " + section["title"], section["note"]]
        parts += [f"![{plot.replace('_', ' ')}]({plot}.svg)" for plot in drawn
                  if plots.section_of(plot) == name]
        parts.append(table(section["rows"]))
    return "\n\n".join(parts) + "\n"


def summary_rows(results):
    """For each transport its cells: name, latency for each frame size, unpaced rate, CPU."""
    latency, unpaced = results["latency"]["rows"], results["throughput"]["rows"]
    frames = plots.frames_of(results["latency"])
    yield [plots.label_of("bare futex")] + [
        plots.row_of(latency, transport="bare futex").get("latency_p50_us")] * len(frames) + [
        None, None, None]
    for transport in plots.in_order(latency):
        if transport in ("bare futex", "bare memcpy"):
            continue
        rows = [plots.row_of(latency, transport=transport, frame=frame) or {} for frame in frames]
        free = plots.row_of(unpaced, transport=transport) or {}
        yield [plots.label_of(transport), *(row.get("latency_p50_us") for row in rows),
               free.get("received_frames_per_s"), rows[0].get("writer_cpu_us"),
               rows[0].get("reader_cpu_us")]


def summary(results, folder, readme):
    """The README's few rows and one plot."""
    where = os.path.relpath(folder, os.path.dirname(os.path.abspath(readme)))
    frames = plots.frames_of(results["latency"])
    small = results["throughput"]["rows"][0]["frame"]
    heads = ([f"latency p50, {frame}" for frame in frames]
             + [f"frames/s unpaced, {small}", f"writer's CPU, {frames[0]}", "reader's CPU"])
    units = ["µs"] * len(frames) + ["1/s", "µs/frame", "µs/frame"]
    lines = ["| | " + " | ".join(f"{head}, {unit}" for head, unit in zip(heads, units)) + " |",
             "|---|" + "---:|" * len(heads)]
    lines += ["| " + " | ".join(number(cell) for cell in row) + " |"
              for row in summary_rows(results)]
    return "\n".join(lines) + (
        f"\n\n![Distribution of latencies]({where}/latency.svg)\n\n"
        f"Latency and CPU at 60 frames a second; one reader. {rounds_text(results['plan'])} on "
        f"{machine_text(results['machine'])}. All figures and plots: "
        f"[{where}/results.md]({where}/results.md).")


def rewrite(readme, text):
    begin, end = "<!-- results -->\n", "<!-- end of results -->\n"
    with open(readme, encoding="utf-8") as file:
        content = file.read()
    before, found, rest = content.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        sys.exit(f"{readme} has no lines {begin.strip()} and {end.strip()} to write between.")
    with open(readme, "w", encoding="utf-8") as file:
        file.write(before + begin + "\n" + text + "\n\n" + end + after)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", help="what transport-bench --json wrote")
    parser.add_argument("folder", help="for the page and the plots; is created")
    parser.add_argument("readme", nargs="?", help="whose summary is written anew")
    arguments = parser.parse_args()
    with open(arguments.results, encoding="utf-8") as file:
        results = json.load(file)
    os.makedirs(arguments.folder, exist_ok=True)
    drawn = plots.draw(results, arguments.folder)
    with open(os.path.join(arguments.folder, "results.md"), "w", encoding="utf-8") as file:
        file.write(page(results, drawn))
    if arguments.readme:
        rewrite(arguments.readme, summary(results, arguments.folder, arguments.readme))


main()
