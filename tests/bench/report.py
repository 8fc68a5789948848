#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What transport-bench measured, as a page and as plots, and the summary in the project's README.

report.py RESULTS.json FOLDER [README.md]

Writes FOLDER/results.md and, as SVG and PNG, latency, throughput, cpu and readers. In the README,
what stands between the lines `<!-- results -->` and `<!-- end of results -->` is written anew.
"""
import argparse
import json
import os
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (after the choice of what draws)

# In all plots; from Okabe and Ito, to be told apart by everybody.
COLORS = {
    "bare futex": "#000000",
    "mmapvideo library": "#56b4e9",
    "mmap": "#0072b2",
    "shm": "#e69f00",
    "unixfd": "#009e73",
}
OTHER_COLOR = "#999999"
SMALL_FRAME = "1280x720 RGB"


def color_of(transport):
    return COLORS.get(transport, OTHER_COLOR)


def in_order(rows):
    """Transports as they come first."""
    return list(dict.fromkeys(row["transport"] for row in rows))


def row_of(rows, **wanted):
    return next((row for row in rows if all(row.get(k) == v for k, v in wanted.items())), None)


def plot_latency(section, axes):
    """The distributions for the small frame, and the futex that all of them stand on."""
    for transport in in_order(section["rows"]):
        frame = "none" if transport == "bare futex" else SMALL_FRAME
        row = row_of(section["rows"], transport=transport, frame=frame)
        if row is None or not row.get("latency_us_by_percent"):
            continue
        points = [(int(p), us) for p, us in row["latency_us_by_percent"].items() if us is not None]
        if points:
            axes.plot(*zip(*points), marker="o", markersize=3, color=color_of(transport),
                      linestyle="--" if transport == "bare futex" else "-", label=transport)
    axes.set_yscale("log")
    axes.set_xlabel("percent of frames that arrive sooner")
    axes.set_ylabel("microseconds")
    axes.set_title(f"Latency, {SMALL_FRAME}, 60 frames/s")


def grouped_bars(section, value, axes, groups):
    transports = [t for t in in_order(section["rows"]) if t != "bare futex"]
    width = 0.8 / max(len(transports), 1)
    for i, transport in enumerate(transports):
        heights = []
        for group in groups:
            row = row_of(section["rows"], transport=transport, frame=group)
            heights.append((row or {}).get(value) or 0)
        places = [g + (i - (len(transports) - 1) / 2) * width for g in range(len(groups))]
        axes.bar(places, heights, width, color=color_of(transport), label=transport)
    axes.set_xticks(range(len(groups)), groups)


def frames_of(section):
    return list(dict.fromkeys(row["frame"] for row in section["rows"] if row["frame"] != "none"))


def plot_sizes(section, axes):
    grouped_bars(section, "latency_p50_us", axes, frames_of(section))
    futex = row_of(section["rows"], transport="bare futex")
    if futex and futex.get("latency_p50_us"):
        axes.axhline(futex["latency_p50_us"], color="black", linestyle="--", label="bare futex")
    axes.set_ylabel("microseconds, median")
    axes.set_title("Latency by frame size, 60 frames/s")


def plot_cpu(section, axes):
    grouped_bars(section, "writer_cpu_us", axes, frames_of(section))
    axes.set_ylabel("microseconds of a processor for each frame")
    axes.set_title("Processor time of the writer, 60 frames/s")


def plot_throughput(section, axes):
    rows = [row for row in section["rows"] if row.get("received_frames_per_s") is not None]
    axes.bar([row["transport"] for row in rows], [row["received_frames_per_s"] for row in rows],
             color=[color_of(row["transport"]) for row in rows])
    axes.set_ylabel("frames received in a second")
    axes.set_title(section["title"])


def plot_filled(section, axes):
    plot_throughput(section, axes)
    axes.tick_params(axis="x", labelsize=7)


def plot_readers(section, axes):
    for transport in in_order(section["rows"]):
        points = [(row["readers"], row["writer_cpu_us"]) for row in section["rows"]
                  if row["transport"] == transport and row.get("writer_cpu_us") is not None]
        if points:
            axes.plot(*zip(*points), marker="o", color=color_of(transport), label=transport,
                      linestyle="--" if transport == "bare futex" else "-")
    axes.set_xlabel("readers")
    axes.set_ylabel("microseconds of the writer for each frame")
    axes.set_title(section["title"])


PLOTS = {
    "latency": ("latency", plot_latency),
    "latency_by_size": ("latency", plot_sizes),
    "cpu": ("latency", plot_cpu),
    "throughput": ("throughput", plot_throughput),
    "filled": ("filled", plot_filled),
    "readers": ("readers", plot_readers),
}


def draw(results, folder):
    """The names of what was drawn; a section that was not run has no plot."""
    drawn = []
    for name, (section, plot) in PLOTS.items():
        if not results.get(section, {}).get("rows"):
            continue
        figure, axes = pyplot.subplots(figsize=(7, 4), dpi=120)
        plot(results[section], axes)
        axes.set_axisbelow(True)
        axes.grid(axis="y", linewidth=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize=8)
        figure.tight_layout()
        figure.savefig(os.path.join(folder, f"{name}.svg"), metadata={"Date": None})
        figure.savefig(os.path.join(folder, f"{name}.png"))
        pyplot.close(figure)
        drawn.append(name)
    return drawn


def number(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def table(rows):
    keys = list(dict.fromkeys(k for row in rows for k, v in row.items() if not isinstance(v, dict)))
    lines = ["| " + " | ".join(key.replace("_", " ") for key in keys) + " |",
             "|" + "---|" * len(keys)]
    lines += ["| " + " | ".join(number(row.get(key)) for key in keys) + " |" for row in rows]
    return "\n".join(lines)


def machine_text(machine):
    return (f"{machine['processor']}, {machine['cores']} processors, {machine['kernel']}, "
            f"{machine['gstreamer']}")


def page(results, drawn):
    parts = ["# mmapsink and mmapsrc beside other transports",
             f"Measured on {machine_text(results['machine'])}. Medians over rounds in which all "
             "transports take turns."]
    absent = results["machine"].get("transports_not_installed")
    if absent:
        parts.append("Not installed there, and so not measured: " + ", ".join(absent) + ".")
    for name, section in results.items():
        if name == "machine":
            continue
        parts += ["## " + section["title"], section["note"], table(section["rows"])]
        parts += [f"![{plot.replace('_', ' ')}]({plot}.svg)" for plot in drawn
                  if PLOTS[plot][0] == name]
    return "\n\n".join(parts) + "\n"


def summary(results, folder, readme):
    """The README's few rows and one plot."""
    where = os.path.relpath(folder, os.path.dirname(os.path.abspath(readme)))
    latency, lines = results["latency"]["rows"], []
    unpaced = results["throughput"]["rows"]
    transports = [t for t in in_order(latency) if t not in ("bare futex", "mmapvideo library")]
    futex = row_of(latency, transport="bare futex")
    names = ["bare futex wake", "`libmmapvideo`"] + [f"`{t}sink` to `{t}src`" for t in transports]
    lines += ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for frame in frames_of(results["latency"]):
        cells = [futex] + [row_of(latency, transport=t, frame=frame)
                           for t in ["mmapvideo library", *transports]]
        lines.append(f"| latency, {frame} at 60 frames/s, p50 µs | "
                     + " | ".join(number((c or {}).get("latency_p50_us")) for c in cells) + " |")
    frame = unpaced[0]["frame"]
    cells = [row_of(unpaced, transport=t) for t in transports]
    lines.append(f"| unpaced {frame}, frames/s received | - | - | "
                 + " | ".join(number((c or {}).get("received_frames_per_s")) for c in cells) + " |")
    return "\n".join(lines) + (
        f"\n\n![Distribution of latencies]({where}/latency.svg)\n\n"
        f"{machine_text(results['machine'])}. All figures: [{where}/results.md]({where}/results.md).")


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
    drawn = draw(results, arguments.folder)
    with open(os.path.join(arguments.folder, "results.md"), "w", encoding="utf-8") as file:
        file.write(page(results, drawn))
    if arguments.readme:
        rewrite(arguments.readme, summary(results, arguments.folder, arguments.readme))


main()
