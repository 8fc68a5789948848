# SPDX-License-Identifier: MIT
"""A writer of the storm in Python: one session of frames that tell whose they are, until it is told
to end or killed."""
import random
import time

import board as b
import frames
from board import now_ns

import mmapvideo


class Aborted(Exception):
    """What a block raises whose frame is not to be published."""


class StormWriter:
    def __init__(self, path, session, board, row):
        self._path, self._session = path, session
        self._numbers = random.Random(session.seed)
        self._board, self._row_index, self._row = board, row, board.row(row)

    def run(self):
        try:
            self._run()
        except Exception:
            self._board.report_exception(self._row_index)

    def _run(self):
        session, words = self._session, self._board.words
        self._rows = session.most_rows
        with mmapvideo.Writer(
            self._path, "GRAY8", frames.WIDTH, self._rows, slots=session.slots,
            delivery=session.delivery, wait_timeout=session.wait_timeout,
            keep_file=session.keeps_file,
        ) as self._writer:
            header = frames.header_at(self._path)
            self._next_number, self._inode = header.first_number, header.inode
            self._abort(self._metadata_of(0, 0))  # now the ring has room for metadata as well
            times = self._board.session(session.tag)
            times[b.SESSION_GROWTHS] = 0
            times[b.FIRST_PUBLISH_NS] = now_ns()
            times[b.TAG] = session.tag
            words[b.WRITER_IS_READY] = 1
            while words[b.WRITER_COMMAND] == b.GO_ON and not self._row[b.PROBLEMS]:
                self._step()

    def _metadata_of(self, number, salt):
        session = self._session
        return frames.metadata_of(
            number, salt, session.tag, self._inode, session.more_metadata_bytes
        )

    def _step(self):
        if self._session.grows and self._numbers.randrange(200) == 0:
            self._grow()
        rows = 1 + self._numbers.randrange(self._rows)
        number, salt = self._next_number, self._numbers.getrandbits(63)
        self._writer.set_format("GRAY8", frames.WIDTH, rows)
        metadata = self._metadata_of(number, salt)
        picture = frames.payload_of(number, salt, rows)
        dice = self._numbers.randrange(40)
        if dice == 0:
            self._abort(metadata)
        elif dice < 20:
            self._account(self._writer.write(picture, salt, metadata))
        else:
            in_place = self._writer.frame(salt, metadata)
            with in_place as memory:
                memory[:] = picture
            self._account(in_place.number)
        time.sleep(self._numbers.randrange(self._session.longest_pause_us) / 1e6)

    def _grow(self):
        """At once, so that it is one growth and not one for each frame that is larger."""
        self._board.session(self._session.tag)[b.SESSION_GROWTHS] += 1
        self._row[b.GROWTHS] += 1
        self._rows = min(self._rows + 1024, frames.MOST_ROWS)
        self._writer.set_format("GRAY8", frames.WIDTH, self._rows)

    def _abort(self, metadata):
        dropped = self._writer.stats.dropped
        try:
            with self._writer.frame(metadata=metadata) as memory:
                memory[:] = 0xBA
                raise Aborted
        except Aborted:
            self._row[b.ABORTED] += 1
        # Where no slot was free, a number was spent for it.
        self._next_number += self._writer.stats.dropped - dropped

    def _account(self, number):
        if number is None:
            self._row[b.DROPPED] += 1
            self._next_number += 1
            return
        if number != self._next_number:
            self._board.report(
                self._row_index, f"WRONG NUMBER: {number} instead of {self._next_number}"
            )
        self._row[b.PUBLISHED] += 1
        self._next_number = number + 1
