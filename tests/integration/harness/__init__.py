# SPDX-License-Identifier: MIT
"""Starts real nodes and speaks with them over real sockets.

    process   a node or a cluster as processes: start, stop, kill, memory, log, console
    client    a person with a WebSocket, in both encodings, from python3-websockets
    web       HTTP requests and what every answer must look like
    fake_admin  an operator's socket that answers what a test wants
    raw       sockets without a library, for what no library would send
    waiting   conditions with a deadline; nothing here sleeps a fixed time
"""
