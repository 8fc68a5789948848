# SPDX-License-Identifier: MIT
"""Runs a recipe in Python, with a window that tells what it is shown instead of showing it.

Each picture is a line of stdout: its MD5, height, width and channels.
"""
import hashlib
import runpy
import sys

import cv2


def show(_, image):
    print(hashlib.md5(image.tobytes()).hexdigest(), *image.shape, flush=True)


cv2.imshow = show
cv2.waitKey = lambda _: -1
runpy.run_path(sys.argv[1], run_name="__main__")
print("end", flush=True)
