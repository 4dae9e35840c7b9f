# SPDX-License-Identifier: MIT
"""What breaks things, and the cluster that it is done to.

    needs      what a rig asks of the machine; what is missing is told, never passed over
    nodes      three greenroomd, each with its own folder, address, and way of being started
    inject     strace: a system call that fails, is slow or is the last one
    relay      a TCP forwarder that delays, cuts, and swallows one direction
    network    network namespaces on a bridge, packets dropped by nftables
    damage     bits that flip in a store; replica_damage: and what becomes of that replica
    filling    a room with as much in it as is wanted
    disks      file systems in loop files that are full, slow, or lose their power
"""
