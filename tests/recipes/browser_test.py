# SPDX-License-Identifier: MIT
"""What a browser is given: JPEG over HTTP, WebRTC and HLS, taken by clients that speak them."""
import os
import signal
import sys
import urllib.error
import urllib.request

import pytest

from cameras import assert_alike, readers_of, settles, shows, take
from media import pictures_of
from programs import LIMIT_S, needs, needs_network, until

ENCODED_DB = 34
PIPELINE = "gst-launch-1.0"


def url(port, path=""):
    return f"http://127.0.0.1:{port}/{path}"


def get(address):
    with urllib.request.urlopen(address, timeout=LIMIT_S) as response:
        return response.headers, response.read()


def answers(program):
    """It says so when it listens."""
    return until(lambda: "http://" in program.output, "a server", program)


@pytest.fixture
def mjpeg(recipe, cam, port):
    server = recipe("mjpeg", CAM=cam, PORT=port)
    answers(server)
    return server


class Stream:
    """An <img> that shows a stream."""

    def __init__(self, port):
        self._response = urllib.request.urlopen(url(port, "stream"), timeout=LIMIT_S)
        assert self._response.headers.get_content_type() == "multipart/x-mixed-replace"
        self._boundary = b"--" + self._response.headers.get_param("boundary").encode()

    def picture(self):
        while self._response.readline().strip() != self._boundary:
            pass
        headers = {}
        while line := self._response.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        assert headers["content-type"] == "image/jpeg"
        data = self._response.read(int(headers["content-length"]))
        return pictures_of(data)[0]

    def close(self):
        self._response.close()


with_jpeg = needs("gst-launch-1.0 ffmpeg", "jpegenc multipartmux")


@with_jpeg
def test_an_img_shows_the_camera_in_its_colors(mjpeg, camera, port):
    shooting = camera()
    stream = Stream(port)
    assert_alike([stream.picture() for _ in range(20)], shooting.clip, ENCODED_DB)
    stream.close()
    mjpeg.is_at_work()


@with_jpeg
def test_an_img_goes_on_when_the_camera_was_killed_and_comes_back(mjpeg, camera, port):
    camera(frames=-1).kill()
    first = camera()
    stream = Stream(port)
    assert stream.picture() is not None
    first.kill()
    second = camera(width=352, height=288)
    while stream.picture().shape != (288, 352, 3):
        pass
    assert_alike([stream.picture() for _ in range(5)], second.clip, ENCODED_DB)


@with_jpeg
def test_two_browsers_have_streams_of_their_own(mjpeg, camera, port):
    shooting = camera()
    streams = [Stream(port), Stream(port)]
    for stream in streams:
        assert_alike([stream.picture() for _ in range(5)], shooting.clip, ENCODED_DB)
    streams[0].close()
    assert_alike([streams[1].picture() for _ in range(5)], shooting.clip, ENCODED_DB)


@with_jpeg
def test_a_browser_that_leaves_leaves_nothing_behind(mjpeg, camera, port):
    stream = Stream(port)  # without a camera nothing is written to it
    until(lambda: PIPELINE in mjpeg.members(), "a pipeline", mjpeg)
    stream.close()
    until(lambda: PIPELINE not in mjpeg.members(), "the pipeline's end", mjpeg)


@with_jpeg
def test_the_page_the_picture_and_what_is_not_there(mjpeg, camera, cam, port):
    shooting = camera()
    take(cam, 1)
    headers, page = get(url(port))
    assert headers.get_content_type() == "text/html" and b'src="stream"' in page
    headers, data = get(url(port, "frame.jpg"))
    assert headers.get_content_type() == "image/jpeg"
    assert_alike(pictures_of(data), shooting.clip, ENCODED_DB)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(url(port, "other"))


@with_jpeg
def test_the_server_ends_with_a_viewer_connected(mjpeg, camera, port):
    camera()
    stream = Stream(port)
    stream.picture()
    mjpeg.signal(signal.SIGTERM)
    mjpeg.wait()


@needs_network
@needs("gst-launch-1.0", "vp8enc webrtcbin nicesrc", "Gst GstSdp GstWebRTC")
def test_webrtc_brings_the_camera_to_a_viewer(recipe, start, camera, cam, port, place):
    shooting = camera()
    server = recipe("webrtc", CAM=cam, PORT=port)
    answers(server)
    assert b"RTCPeerConnection" in get(url(port))[1]
    viewer = os.path.join(os.path.dirname(__file__), "webrtc_viewer.py")
    program = start([sys.executable, viewer, url(port), place("seen")])
    settles(place("seen"), shows(shooting.clip))
    program.kill()
    until(lambda: readers_of(cam) == 0, "the end of the viewer's pipeline", server)
    server.is_at_work()
    server.interrupt()


@needs("gst-launch-1.0", "vp8enc webrtcbin nicesrc", "Gst GstSdp GstWebRTC")
def test_an_offer_that_is_none_is_refused(recipe, cam, port):
    answers(recipe("webrtc", CAM=cam, PORT=port))
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(url(port, "offer"), b"v=0\r\n", LIMIT_S)


@needs("gst-launch-1.0 ffmpeg", "x264enc hlssink2")
def test_hls_brings_the_camera_to_a_player(recipe, camera, cam, port, place):
    shooting = camera()
    maker = recipe("hls", CAM=cam, DIR=place("hls"))
    server = recipe("hls-server", DIR=place("hls"), PORT=port)
    until(lambda: has_segment(maker, place("hls/stream.m3u8")), "a playlist", maker)
    until(lambda: can_get(url(port, "stream.m3u8")), "the server", server)
    assert get(url(port, "stream.m3u8"))[0].get_content_type() == "application/vnd.apple.mpegurl"
    assert_alike(pictures_of(url(port, "stream.m3u8"), 40)[-15:], shooting.clip, ENCODED_DB)
    maker.interrupt()
    server.interrupt()


def has_segment(maker, path):
    maker.is_at_work()
    return os.path.exists(path) and ".ts" in open(path, encoding="ascii").read()


def can_get(address):
    try:
        return get(address)
    except urllib.error.URLError:
        return None
