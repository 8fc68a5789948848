#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A mapped file in a browser by WebRTC, with a fraction of a second of latency.

The page posts its offer and gets the answer: no other signalling, no server in between. Needs
python3-gi, gir1.2-gst-plugins-bad-1.0, gstreamer1.0-plugins-bad and gstreamer1.0-nice.
"""
import argparse
import os
import re
import select
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

# The answer ends with an empty line; the response ends when the page is left, and says so.
PAGE = b"""<!doctype html><title>mmapvideo</title>
<video autoplay muted playsinline></video>
<script>
(async () => {
  const peer = new RTCPeerConnection();
  peer.addTransceiver("video", {direction: "recvonly"});
  peer.ontrack = (event) => {
    document.querySelector("video").srcObject = new MediaStream([event.track]);
  };
  await peer.setLocalDescription(await peer.createOffer());
  while (peer.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 20));
  const response = await fetch("offer", {method: "POST", body: peer.localDescription.sdp});
  if (!response.ok) throw new Error(response.statusText);
  window.watching = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let answer = "";
  while (!answer.endsWith("\\r\\n\\r\\n")) answer += (await window.watching.read()).value;
  await peer.setRemoteDescription({type: "answer", sdp: answer.slice(0, -2)});
})();
</script>
"""
PIPELINE = (
    'mmapsrc location="{path}" on-disconnect=wait ! videoconvert ! video/x-raw,format=I420 '
    "! vp8enc deadline=1 cpu-used=8 threads=2 keyframe-max-dist=60 target-bitrate={bitrate} "
    "! rtpvp8pay picture-id-mode=15-bit ! application/x-rtp,payload={payload} "
    "! webrtcbin name=peer bundle-policy=max-bundle"
)
LIMIT_S = 10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--address", default="127.0.0.1", help="0.0.0.0: also other computers")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--bitrate", type=int, default=4000, help="kbit/s for each viewer (4000)")
    return parser.parse_args()


class Viewer:
    """The sending end of a connection to one browser."""

    def __init__(self, options, offer):
        payload = re.search(r"^a=rtpmap:(\d+) VP8/90000", offer, re.MULTILINE)
        result, self.offer = GstSdp.SDPMessage.new_from_text(offer)
        if payload is None or result != GstSdp.SDPResult.OK:
            raise ValueError("The offer has no video in VP8")
        path = os.path.abspath(options.file).replace("\\", "\\\\").replace('"', '\\"')
        self.pipeline = Gst.parse_launch(
            PIPELINE.format(path=path, bitrate=options.bitrate * 1000, payload=payload[1])
        )
        self.gathered = threading.Event()
        self.gone = threading.Event()
        self.peer = self.pipeline.get_by_name("peer")
        self.peer.connect("notify::ice-gathering-state", self.on_gathering)
        self.peer.connect("notify::connection-state", self.on_connection)
        self.pipeline.get_bus().set_sync_handler(self.on_message)

    def answer(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        kind = GstWebRTC.WebRTCSDPType.OFFER
        description = GstWebRTC.WebRTCSessionDescription.new(kind, self.offer)
        self.call("set-remote-description", description)
        self.call("set-local-description", self.call("create-answer", None, "answer"))
        if not self.gathered.wait(LIMIT_S):
            raise ValueError("No network address was found")
        return self.peer.get_property("local-description").sdp.as_text()

    def call(self, name, argument, field=None):
        promise = Gst.Promise.new()
        self.peer.emit(name, argument, promise)
        promise.wait()
        reply = promise.get_reply()  # owns its values
        return reply.get_value(field).copy() if field else None

    def on_gathering(self, peer, _):
        if peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self.gathered.set()

    def on_connection(self, peer, _):
        states = GstWebRTC.WebRTCPeerConnectionState
        if peer.get_property("connection-state") in (states.FAILED, states.CLOSED):
            self.gone.set()

    def on_message(self, _, message):
        if message.type == Gst.MessageType.ERROR:
            print(message.parse_error().gerror.message, file=sys.stderr, flush=True)
            self.gone.set()
        return Gst.BusSyncReply.DROP

    def end(self):
        self.pipeline.set_state(Gst.State.NULL)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.begin("text/html")
            self.wfile.write(PAGE)
        else:
            self.send_error(404)

    def do_POST(self):
        offer = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        try:
            viewer = Viewer(self.server.options, offer)
        except ValueError as error:
            return self.send_error(400, str(error))
        try:
            self.serve(viewer)
        except (ConnectionError, ValueError) as error:
            self.log_error("%s", error)
        finally:
            viewer.end()

    def serve(self, viewer):
        answer = viewer.answer()
        self.begin("application/sdp")
        self.wfile.write(answer.encode() + b"\r\n")
        while not viewer.gone.is_set() and not self.server.ending and not self.page_has_gone():
            pass

    def page_has_gone(self):
        """Looks for half a second. A page that has asked says nothing more."""
        return bool(select.select([self.connection], [], [], 0.5)[0])

    def begin(self, kind):
        """A response that ends with its connection."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()


class Server(ThreadingHTTPServer):
    daemon_threads = False  # to wait for them, and so for their pipelines
    ending = False


def main():
    options = arguments()
    Gst.init(None)
    server = Server((options.address, options.port), Handler)
    server.options = options
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print(f"http://{options.address}:{server.server_port}/", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.ending = True
        server.server_close()


if __name__ == "__main__":
    main()
