# SPDX-License-Identifier: MIT
"""Ids that follow from names, and where they live: written from docs/protocol.md."""

import itertools
import uuid

NAMESPACE = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
NOBODY = "00000000-0000-4000-8000-000000000000"

_counter = itertools.count()


def fresh(stem):
    """A name that no other test of this run has."""
    return f"{stem}{next(_counter)}"


def user_id(name):
    return str(uuid.uuid5(NAMESPACE, f"greenroom:user:{name}"))


def room_id(alias):
    return str(uuid.uuid5(NAMESPACE, f"greenroom:room:{alias}"))


def room_id_of_creation(creator_id, message_id):
    return str(uuid.uuid5(NAMESPACE, f"greenroom:room-of:{creator_id}:{message_id}"))


def direct_id(one, other):
    smaller, larger = sorted((one, other))
    return str(uuid.uuid5(NAMESPACE, f"greenroom:direct:{smaller}:{larger}"))


def shard_of(id_text, shard_count=32):
    mask = (1 << 64) - 1
    h = 0xCBF29CE484222325
    for byte in uuid.UUID(id_text).bytes:
        h = ((h ^ byte) * 0x100000001B3) & mask
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        h = ((h ^ (h >> 33)) * factor) & mask
    h ^= h >> 33
    return 1 + h % shard_count


def name_led_by(node, leaders, stem, id_of):
    """A name whose id falls into a shard that `node` leads."""
    for i in range(10_000):
        name = f"{stem}{i}"
        if leaders.get(shard_of(id_of(name), max(leaders))) == node:
            return name
    raise AssertionError(f"no name for a shard led by {node}: {leaders}")
