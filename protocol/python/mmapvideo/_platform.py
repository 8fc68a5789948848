# SPDX-License-Identifier: MIT
"""The module for this operating system: `system`, as _system.System."""
from __future__ import annotations

import struct
import sys

from mmapvideo._system import System

if struct.calcsize("P") != 8 or sys.byteorder != "little":
    raise ImportError("mmapvideo needs a 64-bit, little-endian Python: see mmapvideo/_words.py")

system: System
if sys.platform == "linux":
    from mmapvideo import _linux

    system = _linux
elif sys.platform == "win32":
    from mmapvideo import _windows

    system = _windows
else:
    raise ImportError(f"mmapvideo runs on Linux and Windows; there is no module for {sys.platform} yet")
