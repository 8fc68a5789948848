# SPDX-License-Identifier: MIT
"""The plots of what transport-bench measured; one colour for one transport in all of them."""
import os

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402  (after the choice of what draws)

# From Okabe and Ito, to be told apart by everybody. References are grey and black.
STYLES = {
    "mmap": ("#0072b2", "mmapsink, mmapsrc"),
    "mmapvideo library": ("#56b4e9", "libmmapvideo"),
    "shm": ("#e69f00", "shmsink, shmsrc"),
    "unixfd": ("#009e73", "unixfdsink, unixfdsrc"),
    "socket": ("#d55e00", "Unix socket"),
    "python mmap": ("#cc79a7", "Python, mmap in a loop"),
    "bare futex": ("#000000", "bare futex wake"),
    "bare memcpy": ("#777777", "one memcpy"),
    "bare handover": ("#000000", "handover without transport"),
    "memory, filled": ("#777777", "memory, filling alone"),
    "memory, read": ("#aaaaaa", "memory, reading alone"),
}
REFERENCES = ("bare futex", "bare memcpy", "bare handover", "memory, filled", "memory, read")
SMALL_FRAME = "1280x720 RGB"


def color_of(transport):
    return STYLES.get(transport, ("#999999", transport))[0]


def label_of(transport):
    return STYLES.get(transport, ("#999999", transport))[1]


def in_order(rows):
    """Transports: ours first, then as they come, references last."""
    found = list(dict.fromkeys(row["transport"] for row in rows))
    ours = [t for t in ("mmap", "mmapvideo library") if t in found]
    others = [t for t in found if t not in ours and t not in REFERENCES]
    return ours + others + [t for t in found if t in REFERENCES]


def row_of(rows, **wanted):
    return next((row for row in rows if all(row.get(k) == v for k, v in wanted.items())), None)


def frames_of(section):
    return list(dict.fromkeys(row["frame"] for row in section["rows"] if row["frame"] != "none"))


def plain_numbers(axis):
    """1000, not ten to the third."""
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))


def short(value):
    if value >= 100:
        return f"{value:,.0f}".replace(",", "\u202f")
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def plot_latency(section, figure):
    """The distributions for the small frame, and the wake and the copy that they stand on."""
    axes = figure.subplots()
    for transport in in_order(section["rows"]):
        frame = "none" if transport == "bare futex" else SMALL_FRAME
        row = row_of(section["rows"], transport=transport, frame=frame) or {}
        points = [(int(p), us) for p, us in row.get("latency_us_by_percent", {}).items()
                  if us is not None]
        if not points:
            continue
        reference = transport in REFERENCES
        axes.plot(*zip(*points), color=color_of(transport), label=label_of(transport),
                  marker=None if reference else "o", markersize=3.5,
                  linestyle="--" if reference else "-", linewidth=1.2 if reference else 2)
    axes.set_yscale("log")
    plain_numbers(axes.yaxis)
    axes.set_xticks([1, 10, 25, 50, 75, 90, 99])
    axes.set_xlabel("percent of the frames that arrive sooner")
    axes.set_ylabel("latency, µs")
    axes.set_title(f"Latency from process to process, {SMALL_FRAME} at 60 frames/s")
    return axes


def grouped_bars(section, value, axes):
    """A group for each frame size; references are lines over the groups they are for."""
    groups = frames_of(section)
    transports = [t for t in in_order(section["rows"]) if t not in REFERENCES]
    width = 0.84 / max(len(transports), 1)
    for i, transport in enumerate(transports):
        rows = [row_of(section["rows"], transport=transport, frame=group) or {} for group in groups]
        places = [g + (i - (len(transports) - 1) / 2) * width for g in range(len(groups))]
        heights = [row.get(value) or 0 for row in rows]
        axes.bar(places, heights, width * 0.92, color=color_of(transport),
                 label=label_of(transport))
        for place, height in zip(places, heights):
            if height:
                axes.annotate(short(height), (place, height), ha="center", va="bottom",
                              fontsize=6, xytext=(0, 1), textcoords="offset points")
    futex = (row_of(section["rows"], transport="bare futex") or {}).get(value)
    if futex:
        axes.axhline(futex, color=color_of("bare futex"), linestyle="--", linewidth=1.2,
                     label=label_of("bare futex"))
    for g, group in enumerate(groups):
        copy = (row_of(section["rows"], transport="bare memcpy", frame=group) or {}).get(value)
        if copy:
            axes.plot([g - 0.46, g + 0.46], [copy, copy], color=color_of("bare memcpy"),
                      linestyle="-.", linewidth=1.4, label=label_of("bare memcpy") if g == 0 else None)
    axes.set_yscale("log")
    plain_numbers(axes.yaxis)
    axes.set_xticks(range(len(groups)), groups)
    axes.margins(y=0.12)


def plot_sizes(section, figure):
    axes = figure.subplots()
    grouped_bars(section, "latency_p50_us", axes)
    axes.set_ylabel("latency, µs, median")
    axes.set_title("Latency by frame size, 60 frames/s")
    return axes


def plot_cpu(section, figure):
    figure.set_size_inches(8.6, 6.4)
    above, below = figure.subplots(2, 1, sharex=True)
    for axes, side in ((above, "writer"), (below, "reader")):
        grouped_bars(section, f"{side}_cpu_us", axes)
        axes.set_ylabel(f"{side}, µs for each frame")
    above.set_title("Processor time for each frame, 60 frames/s")
    return above


def rate_bars(section, figure):
    """One line for each transport, the fastest at the top."""
    axes = figure.subplots()
    rows = [row for row in section["rows"] if row.get("received_frames_per_s")]
    rows.sort(key=lambda row: row["received_frames_per_s"])
    names = [label_of(row["transport"]) for row in rows]
    rates = [row["received_frames_per_s"] for row in rows]
    bars = axes.barh(names, rates, color=[color_of(row["transport"]) for row in rows], height=0.7)
    for bar, row in zip(bars, rows):
        if row["transport"] in REFERENCES:
            bar.set(fill=False, edgecolor=color_of(row["transport"]), linestyle="--")
    axes.bar_label(bars, [short(rate) for rate in rates], padding=3, fontsize=8)
    if max(rates) > 20 * min(rates):
        axes.set_xscale("log")
        axes.set_xlim(left=min(rates) / 3, right=max(rates) * 2)
    else:
        axes.margins(x=0.1)
    plain_numbers(axes.xaxis)
    axes.set_xlabel("frames received in a second")
    axes.grid(axis="x", linewidth=0.3)
    return axes


def plot_throughput(section, figure):
    axes = rate_bars(section, figure)
    axes.set_title(f"Frames a second, unpaced, {section['rows'][0]['frame']}, stamped only")
    return axes


def plot_filled(section, figure):
    axes = rate_bars(section, figure)
    axes.set_title(f"Frames a second, unpaced, {section['rows'][0]['frame']}, filled and read")
    return axes


def plot_readers(section, figure):
    axes = figure.subplots()
    counts = sorted({row["readers"] for row in section["rows"]})
    for transport in in_order(section["rows"]):
        points = [(counts.index(row["readers"]), row["writer_cpu_us"]) for row in section["rows"]
                  if row["transport"] == transport and row.get("writer_cpu_us") is not None]
        if points:
            reference = transport in REFERENCES
            axes.plot(*zip(*points), marker="o", markersize=4, color=color_of(transport),
                      label=label_of(transport), linestyle="--" if reference else "-",
                      linewidth=1.2 if reference else 2)
    axes.set_yscale("log")
    plain_numbers(axes.yaxis)
    axes.set_xticks(range(len(counts)), counts)
    axes.set_xlabel("readers")
    axes.set_ylabel("writer, µs for each frame")
    axes.set_title(f"Processor time of the writer by number of readers, {SMALL_FRAME}, 60 frames/s")
    return axes


# Which section each is drawn from.
PLOTS = {
    "latency": ("latency", plot_latency),
    "latency_by_size": ("latency", plot_sizes),
    "cpu": ("latency", plot_cpu),
    "throughput": ("throughput", plot_throughput),
    "filled": ("filled", plot_filled),
    "readers": ("readers", plot_readers),
}


def section_of(plot):
    return PLOTS[plot][0]


def finish(figure, axes):
    for one in figure.axes:
        one.set_axisbelow(True)
        if one.get_yscale() == "log":
            one.grid(axis="y", linewidth=0.3)
        one.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1))


def draw(results, folder):
    """The names of what was drawn; a section that was not run has no plot."""
    pyplot.rcParams.update({"font.size": 9, "axes.titlesize": 10, "svg.hashsalt": "mmapvideo"})
    drawn = []
    for name, (section, plot) in PLOTS.items():
        if not results.get(section, {}).get("rows"):
            continue
        figure = pyplot.figure(figsize=(8.6, 4.2), dpi=120, layout="constrained")
        finish(figure, plot(results[section], figure))
        figure.savefig(os.path.join(folder, f"{name}.svg"), metadata={"Date": None})
        figure.savefig(os.path.join(folder, f"{name}.png"))
        pyplot.close(figure)
        drawn.append(name)
    return drawn
