# SPDX-License-Identifier: MIT
"""A browser's part of a WebRTC connection, into a mapped file: webrtc_viewer.py URL FILE.

Ends with the connection, or by SIGTERM.
"""
import signal
import sys
import threading
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

LIMIT_S = 30
CAPS = "application/x-rtp,media=video,encoding-name=VP8,payload=120,clock-rate=90000"


class Viewer:
    def __init__(self, path):
        self.path = path
        self.pipeline = Gst.Pipeline()
        self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
        self.pipeline.add(self.peer)
        self.gathered = threading.Event()
        self.peer.connect("notify::ice-gathering-state", self.on_gathering)
        self.peer.connect("pad-added", self.on_pad)
        self.pipeline.set_state(Gst.State.PLAYING)
        direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
        self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(CAPS))

    def call(self, name, argument, field=None):
        promise = Gst.Promise.new()
        self.peer.emit(name, argument, promise)
        promise.wait()
        reply = promise.get_reply()  # owns its values
        return reply.get_value(field).copy() if field else None

    def on_gathering(self, peer, _):
        if peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self.gathered.set()

    def on_pad(self, _, pad):
        line = "rtpvp8depay ! vp8dec ! mmapsink name=sink"
        decoder = Gst.parse_bin_from_description(line, True)
        decoder.get_by_name("sink").set_property("location", self.path)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def connect(self, url):
        self.call("set-local-description", self.call("create-offer", None, "offer"))
        assert self.gathered.wait(LIMIT_S)
        offer = self.peer.get_property("local-description").sdp.as_text()
        # The answer ends with an empty line, and the response only when this end is gone.
        self.response = urllib.request.urlopen(url + "offer", offer.encode(), LIMIT_S)
        lines = iter(lambda: self.response.readline().decode(), "\r\n")
        _, sdp = GstSdp.SDPMessage.new_from_text("".join(lines))
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        self.call("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(kind, sdp))


Gst.init(None)
viewer = Viewer(sys.argv[2])
viewer.connect(sys.argv[1])
loop = GLib.MainLoop()
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
loop.run()
viewer.pipeline.set_state(Gst.State.NULL)
