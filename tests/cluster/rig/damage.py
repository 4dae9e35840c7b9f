# SPDX-License-Identifier: MIT
"""Bits that flip in the files of a store."""

# name of a part of the store → its files
PARTS = {"log": "*.log", "table": "*.sst", "manifest": "MANIFEST-*", "pointer": "CURRENT"}


def flip(folder, part, rng):
    """One bit in one file of that part; (path, byte), or None where there is no such file yet."""
    files = sorted(p for p in (folder / "store").glob(PARTS[part]) if p.stat().st_size)
    if not files:
        return None
    path = rng.choice(files)
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    data[at] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return path, at


def oldest(folder, part):
    """The file of that part that was made first; their names are numbers."""
    return min((folder / "store").glob(PARTS[part]), key=lambda p: int(p.stem))
