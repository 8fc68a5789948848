# SPDX-License-Identifier: MIT
"""Drawing a lane, where a reader's locks are (SPEC.md 5)."""
from __future__ import annotations

import random
from typing import Callable

from mmapvideo import _layout as layout
from mmapvideo._patience import lock_shared
from mmapvideo._system import File

_DRAWS = 16
_random = random.SystemRandom()


def draw_lane(file: File, before: Callable[[int], None], undo: Callable[[], None]) -> int:
    """Locks READER with a lane of this reader's own and returns the lane.

    `before` is called with each lane that is tried, before READER is locked there; `undo` takes
    that back. Raises NoLocks.
    """
    for _ in range(_DRAWS):
        lane = _random.randrange(1, layout.LANE_COUNT)
        before(lane)
        item = layout.lock_item(layout.READER, 0, lane)
        if lock_shared(file, item):
            if file.find_lock(item) is None:
                return lane
            file.unlock(item)
        undo()
    # Somebody holds all lanes: go on without being counted.
    lane = _random.randrange(1, layout.LANE_COUNT)
    before(lane)
    return lane
