# SPDX-License-Identifier: MIT
"""Chat as docs/protocol.md describes it, in memory, and people who do at random what can be done.

    people    who is there, who is in which room, and what may be done there
    messages  what is said, changed, marked and read
    person    somebody with a connection: asks, repeats, hears
    walk      one step after the other, each compared with the model
    steps     what a step can be; steps_* do it, with what draw has drawn
    compare   what everybody sees of everything, compared with the model
"""
