# SPDX-License-Identifier: MIT
"""Other servers to compare with, where they are installed. Configurations are in bench/peers:
loopback only, no name look-ups, no federation, no flood limits."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from servers import PEERS, Peer


@dataclass(frozen=True)
class Offer:
    """How a peer is started for some kinds of cases."""

    command: list
    port: int
    load_options: list


def _ejabberd(config: str) -> Offer:
    command = [
        "erl", "-pa", os.environ.get("EJABBERD_EBIN", "/usr/lib/x86_64-linux-gnu/ejabberd/ebin"),
        "-mnesia", "dir", '"spool"', "-s", "ejabberd", "-noinput", "+P", "250000", "+K", "true",
        "+sbwt", "none", "+Q", "131072", "-env", "EJABBERD_CONFIG_PATH", str(PEERS / config),
        "-env", "EJABBERD_LOG_PATH", "ejabberd.log",
    ]  # fmt: skip
    return Offer(command, 15222, ["--proto=xmpp"])


def _config(name: str) -> str:
    return str(PEERS / name)


_REDIS = ["redis-server", _config("redis.conf")]
_NATS = Offer(["nats-server", "-c", _config("nats.conf")], 14222, ["--proto=nats"])
_MOSQUITTO = Offer(["mosquitto", "-c", _config("mosquitto.conf")], 11883, ["--proto=mqtt"])
_INSPIRCD = Offer(
    ["inspircd", "--config", _config("inspircd.conf"), "--nofork", "--runasroot"],
    16667, ["--proto=irc"],
)  # fmt: skip
_NGIRCD = Offer(["ngircd", "-n", "-f", _config("ngircd.conf")], 16668, ["--proto=irc"])
_PROSODY = Offer(["prosody", "-F", "--config", _config("prosody.cfg.lua")], 15223,
                 ["--proto=xmpp"])  # fmt: skip
_REDIS_PUBLISH = Offer(_REDIS, 16379, ["--proto=redis"])

# peer → kind of case → how; a kind that is missing is not measured with this peer. Redis syncs
# before it acknowledges, and SQLite below ejabberd does; JetStream and mnesia do not.
OFFERS = {
    "redis": {
        "fanout": _REDIS_PUBLISH,
        "idle": _REDIS_PUBLISH,
        "ingest": Offer([*_REDIS, "--appendonly", "yes", "--appendfsync", "always"], 16379,
                        ["--proto=redis", "--xadd=1"]),
    },
    "nats": {
        "fanout": _NATS,
        "idle": _NATS,
        "ingest": Offer(["nats-server", "-c", _config("nats-js.conf")], 14222,
                        ["--proto=nats", "--jetstream=1"]),
    },
    "inspircd": {"fanout": _INSPIRCD, "idle": _INSPIRCD},
    "ngircd": {"fanout": _NGIRCD, "idle": _NGIRCD},
    "mosquitto": {"fanout": _MOSQUITTO, "idle": _MOSQUITTO},
    "prosody": {"fanout": _PROSODY, "idle": _PROSODY},
    "ejabberd": {"fanout": _ejabberd("ejabberd.yml"), "idle": _ejabberd("ejabberd.yml"),
                 "ingest": _ejabberd("ejabberd-sqlite.yml")},
    "ejabberd-mnesia": {"ingest": _ejabberd("ejabberd-mam.yml")},
}  # fmt: skip


def _program(name: str):
    """Where it is installed, or None. Debian's servers may be where a user's PATH does not lead."""
    command = next(iter(OFFERS[name].values())).command
    return shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin")


def is_installed(name: str) -> bool:
    return _program(name) is not None


def make(name: str, kind: str, parent: Path):
    """The peer as a server, or None when it cannot take part in this kind of case."""
    offer = OFFERS[name].get(kind)
    if offer is None:
        return None
    command = [_program(name), *offer.command[1:]]
    return Peer(parent, name, command, offer.port, offer.load_options)
