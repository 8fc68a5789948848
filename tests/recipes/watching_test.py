# SPDX-License-Identifier: MIT
"""Players and recorders at the y4m pipe, and the test picture that stands for a camera."""
import glob
import os
import re
import subprocess
import zlib

import pytest

import numbered
from cameras import COUNT, assert_alike, assert_consecutive, assert_follow, readers_of, take
from media import pictures_of, sums_of
from programs import needs, until

# An encoder that is late then holds the camera up.
LOSSLESS = "delivery=every-frame wait-timeout=-1"
FORMATS = ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le", "yuv422p10le", "yuv444p10le"]


def make_clip(path, pixel_format, frames=40, rate=100):
    source = f"testsrc2=s=98x54:r={rate}"
    words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", str(frames)]
    subprocess.run([*words, "-pix_fmt", pixel_format, "-c:v", "ffv1", path], check=True)
    return sums_of(path)


def test_the_test_picture_is_a_camera(recipe, cam):
    program = recipe("try", CAM=cam)
    frames = take(cam, 5)
    assert [(frame.width, frame.height, frame.fps) for frame in frames] == [(640, 480, 30)] * 5
    program.interrupt()
    assert not os.path.exists(cam)


@needs("ffplay")
def test_ffplay_shows_what_the_camera_shows_and_closes_when_it_ends(recipe, camera, cam):
    shooting = camera()
    player = recipe("ffplay", CAM=cam)
    until(lambda: len(_shown(player)) >= 20, "pictures in the window", player)
    shooting.stop()
    player.succeeds()
    by_sum = {zlib.adler32(shooting.clip.picture(n), 0): n for n in range(COUNT)}
    assert_follow([by_sum.get(value) for value in _shown(player)])


def _shown(player):
    return [int(text, 16) for text in re.findall(r" checksum:([0-9A-F]{8})", player.output)]


@needs("mpv ffmpeg")
def test_mpv_shows_what_the_camera_shows_and_closes_when_it_ends(recipe, camera, cam, folder):
    settings = os.path.join(folder, "mpv")
    os.mkdir(settings)
    with open(os.path.join(settings, "mpv.conf"), "w", encoding="utf-8") as file:
        file.write(f"ao=null\nvo=image\nvo-image-format=png\nvo-image-outdir={settings}\n")
    os.environ["MPV_HOME"] = settings
    shooting = camera()
    player = recipe("mpv", CAM=cam)
    del os.environ["MPV_HOME"]
    until(lambda: len(glob.glob(f"{settings}/*.png")) >= 20, "pictures", player)
    shooting.stop()
    player.succeeds()
    pictures = [pictures_of(path)[0] for path in sorted(glob.glob(f"{settings}/*.png"))]
    assert_alike(pictures, shooting.clip, least_db=35)


@needs("ffmpeg")
def test_a_recording_by_ffmpeg_is_complete_when_the_camera_ends(recipe, camera, cam, place):
    recorder = recipe("ffmpeg-h264", CAM=cam, OUT=place("out.mp4"))
    shooting = camera(frames=50, sink=LOSSLESS)
    recorder.succeeds()
    pictures = pictures_of(place("out.mp4"))
    assert_alike(pictures, shooting.clip, least_db=30)
    assert_consecutive([numbered.number_of(picture) for picture in pictures])


@needs("ffmpeg")
def test_an_exact_recording_has_every_frame_until_ctrl_c(recipe, camera, cam, place):
    shooting = camera(sink=LOSSLESS)
    recorder = recipe("ffmpeg-ffv1", CAM=cam, OUT=place("out.mkv"))
    until(lambda: frames_done(recorder) >= 10, "the recorder's work", recorder)
    recorder.interrupt()
    numbers = [shooting.clip.sums.get(value) for value in sums_of(place("out.mkv"))]
    assert len(numbers) >= 10
    assert_consecutive(numbers)


def frames_done(recorder):
    return max(map(int, re.findall(r"frame= *(\d+)", recorder.output)), default=0)


@needs("gst-launch-1.0 ffmpeg", "x264enc h264parse matroskamux")
def test_a_recording_by_gstreamer_is_complete_after_ctrl_c(recipe, camera, cam, place):
    shooting = camera(sink=LOSSLESS)
    recorder = recipe("gstreamer-record", CAM=cam, OUT=place("out.mkv"))
    until(lambda: readers_of(cam) == 1, "the recorder", recorder)
    take(cam, 40)
    recorder.interrupt()
    pictures = pictures_of(place("out.mkv"))
    assert len(pictures) >= 20
    assert_alike(pictures[-15:], shooting.clip, least_db=30)
    assert_consecutive([numbered.number_of(picture) for picture in pictures[-15:]])


@needs("ffmpeg")
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_from_ffmpeg_into_the_file_and_back_every_frame_is_the_same(
    recipe, cam, place, pixel_format
):
    expected = make_clip(place("clip.mkv"), pixel_format)
    player = recipe("ffmpeg-clip", CLIP=place("clip.mkv"), CAM=cam, READERS=1)
    recorder = recipe("ffmpeg-ffv1", CAM=cam, OUT=place("out.mkv"))
    recorder.succeeds()
    player.succeeds()
    assert sums_of(place("out.mkv")) == expected and len(expected) == 40


@needs("ffmpeg mpv")
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_from_mpv_into_the_file_and_to_ffmpeg_every_frame_is_the_same(
    recipe, cam, place, pixel_format
):
    expected = make_clip(place("clip.mkv"), pixel_format)
    player = recipe("mpv-clip", CLIP=place("clip.mkv"), RATE=100, CAM=cam, READERS=1)
    recorder = recipe("ffmpeg-ffv1", CAM=cam, OUT=place("out.mkv"))
    recorder.succeeds()
    player.succeeds()
    assert sums_of(place("out.mkv")) == expected and len(expected) == 40
