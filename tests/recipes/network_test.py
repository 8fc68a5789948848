# SPDX-License-Identifier: MIT
"""Senders and receivers over the loopback interface: TCP, RTP and SRT."""
import os
import signal

import pytest

import mmapvideo
from cameras import assert_same, settles, shows, take
from programs import needs, until

SECRET = "ten-letters-and-more"

H264 = "x264enc avdec_h264"
RTP = [
    pytest.param("rtp-h264", marks=needs("", f"{H264} rtph264pay udpsrc")),
    pytest.param("rtp-jpeg", marks=needs("", "jpegenc rtpjpegpay udpsrc")),
    pytest.param("rtp-raw", marks=needs("", "rtpvrawpay udpsrc")),
]
with_tcp = needs("", "rtpgstpay rtpstreampay tcpserversink")
with_srt = needs("", f"{H264} mpegtsmux tsdemux srtsink")


@pytest.fixture
def out(place):
    return place("remote")


def send_rtp(recipe, name, cam, port):
    return recipe(f"{name}-send", CAM=cam, HOST="127.0.0.1", PORT=port)


def receive_rtp(recipe, name, out, port):
    size = {"WIDTH": 320, "HEIGHT": 80} if name == "rtp-raw" else {}
    program = recipe(f"{name}-receive", PORT=port, OUT=out, **size)
    until(lambda: "PLAYING" in program.output, "the receiver", program)
    return program


def camera_for(camera, name):
    """Uncompressed pictures are small, to pass where the system allows little to be buffered."""
    return camera(height=80) if name == "rtp-raw" else camera()


def check_for(name, clip):
    return (lambda frames: assert_same(frames, clip)) if name == "rtp-raw" else shows(clip)


@pytest.mark.parametrize("name", RTP)
def test_rtp_brings_the_camera_to_a_receiver_that_was_there_before(
    recipe, camera, cam, out, port, name
):
    receiver = receive_rtp(recipe, name, out, port)
    shooting = camera_for(camera, name)
    sender = send_rtp(recipe, name, cam, port)
    settles(out, check_for(name, shooting.clip))
    receiver.is_at_work()
    sender.interrupt()
    receiver.interrupt()
    assert not os.path.exists(out)


@pytest.mark.parametrize("name", RTP)
def test_rtp_goes_on_when_the_sender_was_killed_and_comes_back(
    recipe, camera, cam, out, port, name
):
    receiver = receive_rtp(recipe, name, out, port)
    shooting = camera_for(camera, name)
    sender = send_rtp(recipe, name, cam, port)
    assert take(out, 5)
    sender.kill()
    send_rtp(recipe, name, cam, port)
    settles(out, check_for(name, shooting.clip))
    receiver.is_at_work()


@with_tcp
def test_tcp_brings_every_picture_bit_for_bit_and_follows_a_change(
    recipe, start, camera, cam, out, port
):
    first = camera()
    sender = recipe("tcp-send", CAM=cam, PORT=port)
    until(lambda: "PLAYING" in sender.output, "the sender", sender)
    receiver = recipe("tcp-receive", HOST="127.0.0.1", PORT=port, OUT=out)
    assert_same(take(out, 25), first.clip)
    first.kill()
    second = camera(format_name="BGR", width=352, height=288)
    frames = until(lambda: [f for f in take(out, 10) if f.format == "BGR"], "the other format")
    assert_same(frames, second.clip)
    sender.interrupt()
    receiver.succeeds()


@with_tcp
def test_a_tcp_receiver_that_stops_disturbs_no_other(recipe, camera, cam, out, place, port):
    shooting = camera()
    sender = recipe("tcp-send", CAM=cam, PORT=port)
    until(lambda: "PLAYING" in sender.output, "the sender", sender)
    stopped = recipe("tcp-receive", HOST="127.0.0.1", PORT=port, OUT=out)
    assert take(out, 1)
    stopped.signal(signal.SIGSTOP)
    recipe("tcp-receive", HOST="127.0.0.1", PORT=port, OUT=place("other"))
    assert_same(take(place("other"), 100), shooting.clip)
    stopped.signal(signal.SIGCONT)
    settles(out, lambda frames: assert_same(frames, shooting.clip))


@with_tcp
def test_what_comes_by_tcp_is_not_of_the_future_however_long_the_sender_ran(
    recipe, camera, cam, out, port
):
    camera()
    sender = recipe("tcp-send", CAM=cam, PORT=port)
    until(lambda: "PLAYING" in sender.output, "the sender", sender)
    assert take(cam, 75)
    recipe("tcp-receive", HOST="127.0.0.1", PORT=port, OUT=out)
    # A player that keeps to times would wait.
    assert min(frame.clock_time_ns - frame.publish_time_ns for frame in take(out, 20)) < 1e9


@with_srt
def test_srt_brings_the_camera_to_a_receiver(recipe, camera, cam, out, port):
    shooting = camera()
    sender = recipe("srt-send", CAM=cam, PORT=port, SECRET=SECRET)
    until(lambda: "PLAYING" in sender.output, "the sender", sender)
    receiver = recipe("srt-receive", HOST="127.0.0.1", PORT=port, SECRET=SECRET, OUT=out)
    settles(out, shows(shooting.clip))
    sender.interrupt()
    receiver.interrupt()


@with_srt
def test_srt_goes_on_when_the_sender_was_killed_and_comes_back(recipe, camera, cam, out, port):
    shooting = camera()
    sender = recipe("srt-send", CAM=cam, PORT=port, SECRET=SECRET)
    until(lambda: "PLAYING" in sender.output, "the sender", sender)
    receiver = recipe("srt-receive", HOST="127.0.0.1", PORT=port, SECRET=SECRET, OUT=out)
    assert take(out, 5)
    sender.kill()
    recipe("srt-send", CAM=cam, PORT=port, SECRET=SECRET)
    settles(out, shows(shooting.clip))
    receiver.is_at_work()


@with_srt
def test_srt_refuses_a_receiver_with_another_secret(recipe, camera, cam, out, place, port):
    shooting = camera()
    sender = recipe("srt-send", CAM=cam, PORT=port, SECRET=SECRET)
    until(lambda: "PLAYING" in sender.output, "the sender", sender)
    recipe("srt-receive", HOST="127.0.0.1", PORT=port, SECRET="x" * 12, OUT=place("refused"))
    recipe("srt-receive", HOST="127.0.0.1", PORT=port, SECRET=SECRET, OUT=out)
    settles(out, shows(shooting.clip))
    with mmapvideo.Reader(place("refused")) as reader:
        assert reader.read(0) is None
