"""The adaptive loop: what was watched becomes what is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from exogenesis.tv.loops import Cycle, LoopType, Work
from exogenesis.tv.persistence import Database

CAUSE, EFFECT = "listed", "finished"
"""A viewing is treated when its title was on a list of that session."""

COUNTED, LEARNT = "adaptive_counted", "adaptive_learnt"
"""Settings: the newest memory that was counted, and the newest that was learnt from."""

MANY_EPISODES = 20
"""So many new viewings at once are worth an earlier look at the settings."""

_ROWS_AT_ONCE = 100
_LATE_S = 2 * 86_400
_SOON_S = 86_400

Record = Callable[..., None]
"""``record(cause, effect, treated=, hit=, count=)`` of AgentDB."""


def adaptive(
    database: Database,
    *,
    record: Record,
    rebuild: Callable[[str, int], Iterator[None]],
    refresh: Callable[[], None],
) -> Work:
    """Return the work of the adaptive loop.

    New viewings are counted as cases of the cause :data:`CAUSE`, treated and untreated; then the
    facts and habits of everybody who watched are computed anew, and of everybody where another
    loop tells that ``skills_gone``. Each viewing is counted once, whatever is cut off; learning is
    repeated, which changes nothing.

    Args:
        database: the store.
        record: counts cases; within the transaction here.
        rebuild: computes a profile's derived knowledge anew, in short steps.
        refresh: makes the next list read it.
    """

    def work(cycle: Cycle) -> Iterator[None]:
        new = 0
        while counted := _count(database, record, now=cycle.at):
            new += counted
            yield
        ((until,),) = database.run("cycle_newest_memory")
        after = database.setting(LEARNT) or 0
        if any(note.get("skills_gone") for note in cycle.input.notes):
            viewers = database.run("cycle_all_viewers")
        else:
            viewers = database.run("cycle_new_viewers", after=after, until=until)
        for (profile,) in viewers:
            yield from rebuild(profile, cycle.at)
        if viewers:
            database.store_setting(LEARNT, until)
            refresh()
        cycle.results |= {"viewings": new, "profiles": len(viewers)}
        if viewers:
            cycle.ask(LoopType.REACTIVE, within_s=0)
        if new >= MANY_EPISODES:
            cycle.ask(LoopType.EVOLUTIONARY, within_s=_SOON_S)
        yield

    return work


def _count(database: Database, record: Record, *, now: int) -> int:
    """Count the next viewings as cases; returns how many rows were read.

    History that was brought in later never had the chance to be on a list, and is no case.
    """
    rows = database.run(
        "cycle_new_viewings", after=database.setting(COUNTED) or 0, limit=_ROWS_AT_ONCE
    )
    if not rows:
        return 0
    cases = Counter(
        (bool(listed), bool(success))
        for _, _, at, trusted, listed, success in rows
        if not trusted or at >= now - _LATE_S
    )
    with database.transaction():
        for (listed, success), count in sorted(cases.items()):
            record(CAUSE, EFFECT, treated=listed, hit=success, count=count)
        database.store_setting(COUNTED, rows[-1][0])
    return len(rows)
