# SPDX-License-Identifier: MIT
"""Other servers to compare with, where they are installed. Configurations are in bench/peers:
loopback only, no name look-ups, no federation, no flood limits."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from servers import PEERS, BenchError, Peer


@dataclass(frozen=True)
class Offer:
    """How a peer is started for some kinds of cases."""

    command: list
    port: int
    load_options: list


def _ejabberd(config: str) -> Offer:
    # Debian has the version in the folder's name, and its libraries beside it. No distribution of
    # Erlang, so nothing listens on other ports or goes on when it has ended.
    places = sorted(Path("/usr/lib").glob("*/ejabberd-*/ebin"))
    ebin = os.environ.get("EJABBERD_EBIN", str(places[-1]) if places else "")
    libraries = Path(ebin).parents[1] if ebin else Path("/usr/lib")
    command = [
        "env", f"ERL_LIBS={libraries}", "erl", "-pa", ebin,
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


def _redis_log(sync: str) -> Offer:
    command = [*_REDIS, "--appendonly", "yes", "--appendfsync", sync]
    return Offer(command, 16379, ["--proto=redis", "--xadd=1"])


def _connections_and_fanout(offer: Offer) -> dict:
    return {"fanout": offer, "idle": offer, "storm": offer}



# peer → kind of case → how; a kind that is missing is not measured with this peer. Redis syncs
# before it acknowledges ("ingest"), and SQLite below ejabberd does; JetStream, mnesia and redis
# that syncs once a second do not ("relaxed").
OFFERS = {
    "redis": {
        "fanout": _REDIS_PUBLISH,
        "idle": _REDIS_PUBLISH,
        "storm": _REDIS_PUBLISH,
        "ingest": _redis_log("always"),
        "relaxed": _redis_log("everysec"),
    },
    "nats": {
        "fanout": _NATS,
        "idle": _NATS,
        "storm": _NATS,
        "relaxed": Offer(["nats-server", "-c", _config("nats-js.conf")], 14222,
                         ["--proto=nats", "--jetstream=1"]),
    },
    "inspircd": _connections_and_fanout(_INSPIRCD),
    "ngircd": _connections_and_fanout(_NGIRCD),
    "mosquitto": _connections_and_fanout(_MOSQUITTO),
    "prosody": _connections_and_fanout(_PROSODY),
    "ejabberd": {
        **_connections_and_fanout(_ejabberd("ejabberd.yml")),
        "ingest": _ejabberd("ejabberd-sqlite.yml"),
        "relaxed": _ejabberd("ejabberd-mam.yml"),
    },
}  # fmt: skip

# Debian's names of packages, where they differ.
_PACKAGES = {"redis": "redis-server", "nats": "nats-server",
             "ejabberd": "ejabberd and erlang-p1-sqlite3"}  # fmt: skip


def package(name: str) -> str:
    """What to install to have it."""
    return _PACKAGES.get(name, name)


def _program(name: str):
    """Where it is installed, or None. Debian's servers may be where a user's PATH does not lead."""
    command = next(iter(OFFERS[name].values())).command
    if name == "ejabberd" and not any(Path("/usr/lib").glob("*/ejabberd-*/ebin")):
        return None if "EJABBERD_EBIN" not in os.environ else shutil.which("erl")
    return shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin")


def _has_sqlite() -> bool:
    """Without it ejabberd acknowledges all the same, and keeps nothing."""
    return any(Path("/usr/lib").glob("erlang/lib/p1_sqlite3-*")) or "EJABBERD_EBIN" in os.environ


def is_installed(name: str) -> bool:
    return _program(name) is not None


def make(name: str, kind: str, parent: Path):
    """The peer as a server, or None when it cannot take part in this kind of case."""
    offer = OFFERS[name].get(kind)
    if offer is None:
        return None
    if (name, kind) == ("ejabberd", "ingest") and not _has_sqlite():
        raise BenchError("ejabberd keeps no messages without erlang-p1-sqlite3; no figure of it")
    command = [_program(name), *offer.command[1:]]
    return Peer(parent, name, command, offer.port, offer.load_options)
