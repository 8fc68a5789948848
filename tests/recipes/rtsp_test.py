# SPDX-License-Identifier: MIT
"""The RTSP server of the recipes with ffplay, ffmpeg and GStreamer at the other end, and cameras
that push."""
import os
import re

import pytest

from cameras import readers_of, settles, shows
from programs import needs, until

pytestmark = needs("gst-launch-1.0", "x264enc avdec_h264 rtspsrc", "Gst GstRtspServer")


@pytest.fixture
def serve(recipe, cam, port):
    """Starts the server; its address."""

    def start_server():
        server = recipe("rtsp-serve", CAM=cam, PORT=port)
        return server, address_of(server)

    return start_server


def address_of(server):
    return until(lambda: re.search(r"rtsp://\S+", server.output), "an address", server)[0]


def test_rtsp_brings_the_camera_into_another_file(recipe, serve, camera, cam, place):
    shooting = camera()
    server, url = serve()
    receiver = recipe("rtsp-receive", URL=url, OUT=place("remote"))
    settles(place("remote"), shows(shooting.clip))
    receiver.interrupt()
    until(lambda: readers_of(cam) == 0, "the end of the server's pipeline", server)
    server.interrupt()


@needs("ffplay")
def test_ffplay_shows_an_rtsp_stream_and_a_second_viewer_shares_its_encoder(
    recipe, serve, camera, cam
):
    camera()
    server, url = serve()
    players = [recipe("rtsp-ffplay", URL=url) for _ in range(2)]
    for player in players:
        until(lambda: player.output.count(" checksum:") >= 20, "pictures in the window", player)
    assert readers_of(cam) == 1
    assert all("s:320x240" in player.output for player in players)
    server.is_at_work()


@needs("ffmpeg")
def test_an_ip_camera_comes_into_the_file_by_ffmpeg(recipe, serve, camera, place):
    shooting = camera()
    _, url = serve()
    program = recipe("ffmpeg-camera", URL=url, CAM=place("remote"))
    settles(place("remote"), shows(shooting.clip))
    program.interrupt()
    assert not os.path.exists(place("remote"))


@needs("", "rtspclientsink")
def test_a_camera_may_push_into_the_file_and_again(recipe, camera, cam, place, port):
    shooting = camera()
    server = recipe("rtsp-record", OUT=place("remote"), PORT=port)
    url = address_of(server)
    for _ in range(2):
        sender = recipe("rtsp-push", CAM=cam, URL=url)
        settles(place("remote"), shows(shooting.clip))
        sender.interrupt()
        until(lambda: not os.path.exists(place("remote")), "the end of the recording", server)
    server.is_at_work()
