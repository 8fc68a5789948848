# SPDX-License-Identifier: MIT
"""What the other side of a file does, in this process: a small writer, its death, something later."""
import threading

from pictures import SMALL

import mmapvideo


def small_writer(path, **options):
    return mmapvideo.Writer(path, **{**SMALL, **options})


def die_without_end(writer):
    """As a killed writer: the lock is gone, the file stays and says nothing."""
    writer._session._file.file.close()


def later(action, seconds=0.05):
    thread = threading.Timer(seconds, action)
    thread.start()
    return thread
