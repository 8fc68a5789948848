#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A mapped file as motion JPEG over HTTP: /stream for <img>, /frame.jpg for one picture, / for a page.

Needs gstreamer1.0-tools and gstreamer1.0-plugins-good.
"""
import argparse
import select
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = b'<!doctype html><title>mmapvideo</title><img src="stream" alt="video">\n'
# By way of RGB: a JPEG has full range, and jpegenc takes any YUV for that.
ENCODE = "! videoconvert ! video/x-raw,format=RGB ! jpegenc quality={}"
STREAM = f"mmapsrc location on-disconnect=wait {ENCODE} ! multipartmux boundary=frame ! fdsink"
PICTURE = f"mmapsrc location num-buffers=1 timeout=5000000000 on-disconnect=error {ENCODE} ! fdsink"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--address", default="127.0.0.1", help="0.0.0.0: also other computers")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--quality", type=int, default=85, help="of the JPEG, 1 to 100 (85)")
    return parser.parse_args()


class Handler(BaseHTTPRequestHandler):
    """A pipeline for each viewer, straight into the socket: who is slow skips frames, alone."""

    def do_GET(self):
        answers = {"/": self.page, "/frame.jpg": self.picture, "/stream": self.stream}
        answers.get(self.path.partition("?")[0], lambda: self.send_error(404))()

    def page(self):
        self.send("text/html", PAGE)

    def picture(self):
        found = subprocess.run(self.pipeline(PICTURE), stdout=subprocess.PIPE, check=False)
        if found.returncode == 0:
            self.send("image/jpeg", found.stdout)
        else:
            self.send_error(503, "No frame came")

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        pipeline = subprocess.Popen(self.pipeline(STREAM), stdout=self.connection)
        # Without a camera the pipeline writes nothing, and does not see that the viewer has gone.
        while pipeline.poll() is None and not self.server.ending and not self.viewer_has_gone():
            pass
        pipeline.terminate()
        pipeline.wait()

    def viewer_has_gone(self):
        """Looks for half a second. A viewer that has asked says nothing more."""
        return bool(select.select([self.connection], [], [], 0.5)[0])

    def pipeline(self, text):
        words = text.format(self.server.options.quality).split()
        where = {"location": f"location={self.server.options.file}"}
        return ["gst-launch-1.0", "-q", *(where.get(word, word) for word in words)]

    def send(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = False  # to wait for them, and so for their pipelines
    ending = False


def main():
    options = arguments()
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
