# SPDX-License-Identifier: MIT
"""The pages in a real browser, where there is one: Chromium is not among what tests install."""
import pytest

from cameras import assert_alike
from chromium import Chromium
from media import pictures_of
from programs import needs, needs_network, until

pytestmark = needs("chromium gst-launch-1.0 ffmpeg")
LIKE_DB = 30


@pytest.fixture
def browser(start, folder):
    browser = Chromium(start, folder)
    yield browser
    browser.close()


def assert_shows(browser, clip, tag):
    """The one element of this name; first it is put into the page's corner, for the screenshot."""
    element = f"document.querySelector('{tag}')"
    browser.value(f"{element}.style = 'position: fixed; top: 0; left: 0; margin: 0'")
    browser.value(f"{element}.controls = false")
    for _ in range(5):
        page = pictures_of(browser.screenshot())[0]
        assert_alike([page[: clip.height, : clip.width]], clip, LIKE_DB)


@needs("", "jpegenc multipartmux")
def test_chromium_shows_jpeg(recipe, camera, browser, cam, port):
    shooting = camera()
    server = recipe("mjpeg", CAM=cam, PORT=port)
    until(lambda: "http://" in server.output, "a server", server)
    browser.open(f"http://127.0.0.1:{port}/")
    until(lambda: browser.value("document.querySelector('img')?.naturalWidth"), "a picture", server)
    assert_shows(browser, shooting.clip, "img")


@needs_network
@needs("", "vp8enc webrtcbin nicesrc", "Gst GstSdp GstWebRTC")
def test_chromium_shows_webrtc(recipe, camera, browser, cam, port):
    shooting = camera()
    server = recipe("webrtc", CAM=cam, PORT=port)
    until(lambda: "http://" in server.output, "a server", server)
    browser.open(f"http://127.0.0.1:{port}/")
    expression = "document.querySelector('video')?.currentTime > 0.5"
    until(lambda: browser.value(expression), "the video", server)
    assert_shows(browser, shooting.clip, "video")
