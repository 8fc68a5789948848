#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An RTSP server for mapped files: players take streams out of them, cameras push theirs in.

Needs python3-gi, gir1.2-gst-rtsp-server-1.0 and gstreamer1.0-plugins-ugly (x264enc).
"""
import argparse
import os
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PLAY = (
    '( mmapsrc location="{}" on-disconnect=wait ! videoconvert ! video/x-raw,format=I420 '
    "! x264enc tune=zerolatency speed-preset=veryfast key-int-max=30 bitrate={} "
    "! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 )"
)
RECORD = '( decodebin name=depay0 ! videoconvert ! mmapsink location="{}" )'


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+", metavar="FILE", help="rtsp://HOST:PORT/NAME is its name")
    parser.add_argument("--address", default="127.0.0.1", help="0.0.0.0: also other computers")
    parser.add_argument("--port", default="8554")
    parser.add_argument("--record", action="store_true", help="write what rtspclientsink pushes")
    parser.add_argument("--bitrate", type=int, default=4000, help="kbit/s of a stream (4000)")
    return parser.parse_args()


def factory_for(path, options):
    """One encoder for each file, however many watch; it runs only while somebody does."""
    factory = GstRtspServer.RTSPMediaFactory()
    quoted = os.path.abspath(path).replace("\\", "\\\\").replace('"', '\\"')
    if options.record:
        factory.set_launch(RECORD.format(quoted))
        factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
    else:
        factory.set_launch(PLAY.format(quoted, options.bitrate))
    factory.set_shared(not options.record)
    return factory


def main():
    options = arguments()
    Gst.init(None)
    server = GstRtspServer.RTSPServer(address=options.address, service=options.port)
    for path in options.files:
        name = "/" + os.path.basename(path)
        server.get_mount_points().add_factory(name, factory_for(path, options))
    if server.attach(None) == 0:
        sys.exit(f"Cannot listen on {options.address}:{options.port}: is the port taken?")
    for path in options.files:
        print(f"rtsp://{options.address}:{options.port}/{os.path.basename(path)}", flush=True)
    loop = GLib.MainLoop()
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()


if __name__ == "__main__":
    main()
