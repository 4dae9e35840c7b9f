# SPDX-License-Identifier: MIT
"""A replica whose store is damaged: what becomes of it, and its repair from the others."""

from harness.waiting import wait_until

from .damage import flip, oldest


def damage(trio, stage, victim, part, rng):
    """A bit of the victim's store flips while it is down. The others go on in any case. It starts
    as if nothing had been, or it says what is wrong; then it gets an empty folder, and everything
    from the others. Returns what was seen, or None where there is nothing to damage."""
    what = f"a bit of its {part}"
    stage.fault(what, victim.name, mute=True)
    victim.kill()
    place = flip(victim.folder, part, rng)
    if place is None:
        trio.start()
        stage.fault(what, victim.name, on=False, mute=True)
        return None
    said_before, refused_before = len(victim.log()), trio.refusals(victim)
    victim.launch()

    def refused():
        return trio.refusals(victim) > refused_before

    wait_until(
        lambda: not victim.is_running() or refused() or (victim.is_ready() and trio.keeps_up()),
        f"a verdict on byte {place[1]} of {place[0].name}", 60,
    )  # fmt: skip
    stage.wait_progress()
    outcome = "without effect"
    if not victim.is_running():
        said = victim.log()[said_before:]
        assert "store" in said and ("damaged" in said or "orruption" in said), (
            f"byte {place[1]} of {place[0].name}: the reason names what is damaged:\n{said[-3000:]}"
        )
        outcome = "found"
    elif refused():
        outcome = "refused by the others"
    if outcome != "without effect":
        trio.begin_anew(victim)
    stage.fault(what, victim.name, on=False, mute=True)
    stage.wait_progress()
    return outcome


def lose_a_file(trio, stage, victim, part):
    """The oldest file of that part is deleted by hand while the victim is stopped. It must not
    start with what is left, whichever that would be: it names what is missing, and gets an empty
    folder."""
    what = f"the oldest file of its {part}"
    stage.fault(what, victim.name, mute=True)
    victim.kill()
    place = oldest(victim.folder, part)
    place.unlink()
    said_before = len(victim.log())
    victim.launch()
    victim.wait_end(60)
    said = victim.log()[said_before:]
    number = str(int(place.stem))
    assert "is damaged" in said and number in said, f"{place.name} was deleted:\n{said[-3000:]}"
    assert "re-join as a new replica" in said, "and what is to be done is said"
    stage.wait_progress()
    trio.begin_anew(victim)
    stage.fault(what, victim.name, on=False, mute=True)
    stage.wait_progress()
    return place.name
