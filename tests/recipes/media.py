# SPDX-License-Identifier: MIT
"""Files and streams as ffmpeg decodes them."""
import json
import subprocess

import numpy as np

from programs import LIMIT_S


def pictures_of(source, count=1000):
    """Pictures of a file or address, or of a file's bytes: height x width x blue, green, red."""
    if isinstance(source, bytes):
        name, data = "-", source
    else:
        name, data = source, None
    size = _run("ffprobe", "-show_entries", "stream=width,height", "-of", "json", name, data=data)
    stream = json.loads(size)["streams"][0]
    how = ["-fps_mode", "passthrough", "-frames:v", str(count), "-pix_fmt", "bgr24"]
    raw = _run("ffmpeg", "-i", name, *how, "-f", "rawvideo", "-", data=data)
    return np.frombuffer(raw, np.uint8).reshape(-1, stream["height"], stream["width"], 3)


def sums_of(path):
    """The MD5 of each frame in its own format."""
    lines = _run("ffmpeg", "-i", path, "-f", "framemd5", "-").decode().splitlines()
    return [line.rpartition(",")[2].strip() for line in lines if not line.startswith("#")]


def _run(program, *words, data=None):
    line = [program, "-v", "error", *words]
    return subprocess.run(line, input=data, stdout=subprocess.PIPE, check=True, timeout=LIMIT_S).stdout
