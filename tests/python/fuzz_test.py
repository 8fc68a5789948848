# SPDX-License-Identifier: MIT
"""Files of any content: the package reads or refuses them in its own words, and harms none that it refuses."""
import os
import pathlib
import random

import pytest
from fuzz_corpus import HEADER_REACH, ONE_RING, PATCH, SLOT_REACH, SLOTS, TWO_RINGS, file_of
from fuzz_corpus import valid_file

import mmapvideo

CORPUS = pathlib.Path(__file__).parent.parent / "fuzz" / "corpus" / "opener"
INPUTS = sorted(CORPUS.iterdir())
MUTATIONS = int(os.environ.get("MMAPVIDEO_FUZZ_MUTATIONS", "400"))
PART = 100
SEED = int(os.environ.get("MMAPVIDEO_FUZZ_SEED", "1"))
BOUNDS = [0, 1, 2, 3, 64, 512, 1024, 4096, 65536, 131072, 2**24, 2**28, 2**31, 2**32 - 1,
          2**60, 2**62 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
# Places of fields: of the header (SPEC.md 3.1, 3.2) and of a slot (3.3, 3.4), with their sizes as powers of two.
HEADER_FIELDS = [(0, 3), (8, 2), (12, 2), (16, 3), (24, 3), (48, 2), (80, 3), (104, 3), (120, 2),
                 (128, 3), (384, 3), (392, 3), (448, 2), (512, 2)]
HEADER_FIELDS += [(192 + 64 * ring + at, 3) for ring in (0, 1) for at in range(0, 48, 8)]
HEADER_FIELDS += [(192 + 64 * ring + at, 2) for ring in (0, 1) for at in (48, 52)]
SLOT_FIELDS = [(0, 3), (8, 3), (144, 3), (152, 3), (160, 2), (196, 2), (208, 0), (239, 0),
               (336, 3), (344, 3), (352, 2), (356, 2), (520, 0)]


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def read_all(path, delivery):
    with mmapvideo.Reader(path, delivery=delivery, accept_leftover=True) as reader:
        last = 0
        for _ in range(4):
            frame = reader.read(timeout=0)
            if frame is None:
                continue
            assert last < frame.number < 2**62
            last = frame.number
            with frame:
                assert frame.layout is not None and frame.caps.isprintable() is not None
                assert len(bytes(frame.payload)) > 0 and len(frame.metadata) >= 0


def meet(path, content):
    """Opens a file as every reader and as a writer; failures are the package's own."""
    write(path, content)
    for delivery in ("latest", "every-frame"):
        try:
            read_all(path, delivery)
        except mmapvideo.Error as error:
            assert str(error).endswith(".")
    before = pathlib.Path(path).read_bytes()
    try:
        writer = mmapvideo.Writer(path, width=64, height=64, format="GRAY8", keep_file=True)
    except mmapvideo.Error as error:
        assert str(error).endswith(".")
        assert pathlib.Path(path).read_bytes() == before
        return
    with writer:
        pass
    os.unlink(path)


def mutated(generator):
    data = bytes([generator.choice((ONE_RING, TWO_RINGS))])
    for _ in range(generator.randint(1, 4)):
        if generator.random() < 0.5:
            location, kind = generator.choice(HEADER_FIELDS)
        else:
            location, kind = generator.choice(SLOT_FIELDS)
            location += HEADER_REACH + generator.randrange(SLOTS) * SLOT_REACH
        value = generator.choice(BOUNDS) + generator.choice((0, 0, 1, -1, 64, 4096))
        if generator.random() < 0.3:
            value = generator.getrandbits(64) >> generator.randrange(64)
        data += PATCH.pack(kind, location, value % 2**64)
    return data


@pytest.mark.parametrize("generation", [1, 2])
def test_the_files_that_inputs_change_are_valid(path, generation):
    write(path, valid_file(generation))
    with mmapvideo.Reader(path) as reader:
        frame = reader.read(timeout=0)
        assert frame.number == (2 if generation == 1 else 5)
        assert frame.array.shape == (64, 64)


@pytest.mark.parametrize("name", [entry.name for entry in INPUTS])
def test_every_input_of_the_corpus_is_read_or_refused(path, name):
    meet(path, file_of((CORPUS / name).read_bytes()))


@pytest.mark.parametrize("first", range(0, MUTATIONS, PART))
def test_mutated_files_are_read_or_refused(path, first):
    for number in range(first, min(first + PART, MUTATIONS)):
        data = mutated(random.Random(f"{SEED} {number}"))
        try:
            meet(path, file_of(data))
        except BaseException:
            print(f"seed {SEED}, mutation {number}: {data.hex()}")
            raise
