# SPDX-License-Identifier: MIT
"""The same bytes on both sides: the C++ library and this package, each writing and each reading."""
import pytest
from pictures import FORMATS, SIZES, is_whole, write_picture
from process import reader_peer, writer_peer

import mmapvideo
from mmapvideo.formats import colorimetry_of, chroma_site_of, layout_of


def planes_text(planes):
    return "".join(f"{p.offset}:{p.stride}:{p.row_bytes}:{p.rows}," for p in planes)


def takes_from_peer(reader, format_name, size, seed):
    frame = reader.read()
    layout = layout_of(format_name, *size)
    assert (frame.format, frame.width, frame.height) == (format_name, *size)
    assert (frame.pts_ns, frame.framerate, frame.dts_ns) == (seed, (30000, 1001), None)
    assert frame.layout == layout.planes and len(frame.payload) == layout.payload_bytes
    assert frame.caps == f"video/x-raw, format=(string){format_name}, width=(int){size[0]}"
    assert is_whole(frame)
    return frame


def peer_takes(peer, writer, format_name, size, seed):
    frame = peer.next()
    layout = layout_of(format_name, *size)
    assert (frame["format"], frame["width"], frame["height"]) == (format_name, *map(str, size))
    assert (frame["fps_n"], frame["fps_d"]) == ("30000", "1001")
    assert (frame["pts"], frame["duration"]) == (str(seed), "33366666")
    assert frame["bytes"] == str(layout.payload_bytes)
    assert frame["planes"] == planes_text(layout.planes)
    assert frame["colorimetry"] == colorimetry_of(format_name, size[1])
    assert frame["chroma_site"] == (chroma_site_of(format_name, size[1]) or "-")
    assert frame["caps"] == writer.caps
    assert frame["state"] == "whole"
    return frame


@pytest.mark.parametrize("copy", [False, True])
def test_python_reads_what_the_library_writes(path, copy):
    """All formats and sizes through one file, so that rings are replaced as well."""
    with writer_peer(path) as peer, mmapvideo.Reader(path, copy=copy) as reader:
        assert peer.greeting == "ready"
        seed = 0
        for size in sorted(SIZES):
            for format_name in FORMATS:
                seed += 1
                assert peer.ask("format", format_name, *size, 30000, 1001) == "ok"
                assert peer.ask("publish", 1, seed) == f"published {seed}"
                frame = takes_from_peer(reader, format_name, size, seed)
                assert (frame.number, frame.skipped, frame.is_copy) == (seed, 0, copy)
                assert frame.latency_ns > 0


def test_the_library_reads_what_python_writes(path):
    with mmapvideo.Writer(path, "GRAY8", 1, 1) as writer, reader_peer(path) as peer:
        assert peer.greeting == "ready"
        seed = 0
        for size in sorted(SIZES):
            for format_name in FORMATS:
                seed += 1
                writer.set_format(format_name, *size, fps=29.97)
                assert write_picture(writer, format_name, *size, seed) == seed
                frame = peer_takes(peer, writer, format_name, size, seed)
                assert (frame["number"], frame["skipped"]) == (str(seed), "0")


def test_metadata_and_frames_filled_in_place_arrive(path):
    with mmapvideo.Writer(path, "NV12", 5, 3, fps=29.97) as writer, reader_peer(path) as peer:
        from pictures import picture

        with writer.frame(pts_ns=1, metadata=b"beside") as (luma, chroma):
            luma[:], chroma[:] = picture("NV12", 5, 3, 1)
        frame = peer_takes(peer, writer, "NV12", (5, 3), 1)
        assert frame["metadata"] == "beside"


@pytest.mark.parametrize("format_name", FORMATS)
def test_to_bgr_takes_every_frame_of_the_library(path, format_name):
    with writer_peer(path) as peer, mmapvideo.Reader(path) as reader:
        for seed, size in enumerate(SIZES, start=1):
            peer.ask("format", format_name, *size, 30, 1)
            peer.ask("publish", 1, seed)
            assert reader.read().to_bgr().shape == (size[1], size[0], 3)
