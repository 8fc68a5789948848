# SPDX-License-Identifier: MIT
"""A directory in memory for tests."""
import contextlib
import os
import shutil
import subprocess
import tempfile


@contextlib.contextmanager
def memory_folder():
    """Removed at the end even if this process is killed."""
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    root = tempfile.mkdtemp(prefix="mmapvideo-test-", dir=parent)
    guardian = subprocess.Popen(
        ["sh", "-c", 'read -r _; rm -rf -- "$1"', "sh", root],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield root
    finally:
        shutil.rmtree(root)
        guardian.stdin.close()
        guardian.wait()
