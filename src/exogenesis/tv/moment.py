"""What time it is at this television, and whether that can be believed.

A television may start with no clock, and says 1970 then; a broadcast may set a wrong year. So the
clock is held against what is known for certain: this release, the newest time that was believed,
and the window of the newest signed manifest. What cannot be believed still goes on and never goes
back: events keep their order, durations stay right, and only the time of day is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from exogenesis.core.effects import NS_PER_S, Clock, seconds
from exogenesis.tv.persistence import Database

RELEASED_S = 1_735_689_600
"""2025-01-01: no clock that is right shows less."""

HOUR_S, DAY_S = 3600, 86_400
HOURS_PER_WEEK = 168

SLACK_S = DAY_S
"""A clock may be put back by so much (a wrong zone, a correction) and is still believed."""

LEAP_S = 2 * DAY_S
"""A clock that is so far ahead of the newest time known is believed, but what is old may only be
erased when it has run on for a day: it was a journey, or somebody set a wrong date and will put it
right."""

JUMP_S = 400 * DAY_S
"""A clock that is so far ahead is not believed at all until it has run for a day."""

_LATEST_S = 1 << 33
_KEPT_EVERY_S = HOUR_S
_MONDAY = 72  # the hours from Monday 0:00 to the beginning of Unix time, a Thursday
_NEWEST, _LEAP = "time_newest", "time_leap"


def utc(at: int) -> int:
    """No offset: the local time is UTC."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in time.

    Attributes:
        at: Unix seconds; where the clock is not believed, seconds that only grow.
        trusted: whether ``at`` is the true time.
        hour_of_week: local, 0..167 from Monday 0:00 on; None when not trusted.
        month: local, 1..12; None when not trusted.
    """

    at: int
    trusted: bool = True
    hour_of_week: int | None = None
    month: int | None = None


class Timekeeper:
    """Reads the clock and judges it.

    Nothing is written but by :meth:`keep` and :meth:`adopt`: what is kept across a restart is
    the newest time that was believed, at most once an hour, and where a leap began.

    Args:
        database: the store.
        clock: the television's own.
        offset_s: local time less UTC at a Unix time, in seconds.
    """

    def __init__(
        self, database: Database, clock: Clock, offset_s: Callable[[int], int] = utc
    ) -> None:
        self._database = database
        self._clock = clock
        self._offset_s = offset_s
        self._kept: int | None = database.setting(_NEWEST)
        self._leap: int | None = database.setting(_LEAP)
        self._newest = self._newest_known()
        self._judged = self._kept is not None
        self._adopted_s = 0
        self._read_at: int | None = None

    def _newest_known(self) -> int:
        """The time kept, or that of a viewing after it: up to an hour of them, or all."""
        since = RELEASED_S if self._kept is None else self._kept
        until = _LATEST_S if self._kept is None else self._kept + _KEPT_EVERY_S
        ((newest,),) = self._database.run("newest_viewing", since=since, until=until)
        return since if newest is None else int(newest)

    def now(self) -> Moment:
        """Return the present moment."""
        own = seconds(self._clock)
        # The clock may have been put right since the server's time was taken: then what was
        # added leads into the future.
        for at in sorted((own + self._adopted_s, own), key=self._is_leap):
            if self._is_plausible(at):
                self._adopted_s = at - own
                self._read_at = own
                return self._local(at)
        self._newest += self._elapsed(own)
        return Moment(at=self._newest, trusted=False)

    def moment(self, at: int) -> Moment:
        """Return the moment of something that is said to have happened at ``at``, Unix seconds.

        What is said by the same wrong clock, or lies in the future, happens now and is not
        trusted; a time in the past is history.
        """
        now = self.now()
        wrong = not now.trusted and abs(at - seconds(self._clock)) <= DAY_S
        if wrong or at > now.at + (DAY_S if now.trusted else 0):
            return Moment(at=now.at, trusted=False)
        return self._local(at)

    def time_ns(self) -> int:
        """The present moment as a :data:`Clock`, for what asks for no more than the time."""
        return self.now().at * NS_PER_S

    def settled_s(self) -> int:
        """Unix seconds by which old things may be erased; behind :meth:`now` after a leap."""
        return min(self.now().at, self._newest)

    def keep(self) -> None:
        """Store the newest time known, if the stored one is old; in a transaction that writes."""
        now = self.now()
        if self._kept is None and not now.trusted:
            return  # it would turn the time since the release into something that was believed
        if self._database.setting(_LEAP) != self._leap:
            self._database.store_setting(_LEAP, self._leap)
        if self._kept is None or abs(self._newest - self._kept) >= _KEPT_EVERY_S:
            self._kept = self._newest
            self._database.store_setting(_NEWEST, self._kept)

    def adopt(self, server_s: int, opens: int, expires: int) -> bool:
        """Take the time of a server that has just shown a signed manifest.

        It is taken where this clock is not believed, or off by more than a day; until the
        program ends, for after a restart nobody knows how far off the clock is then.

        Args:
            server_s: Unix seconds, as the server says.
            opens: first second of the manifest's round.
            expires: the manifest is not to be used from then on.

        Returns:
            Whether the clock was corrected.
        """
        if not opens <= server_s < expires:
            return False
        now = self.now()
        corrected = not now.trusted or abs(now.at - server_s) > DAY_S
        if corrected:
            self._adopted_s = server_s - seconds(self._clock)
        self._leap = None
        self._newest = server_s if corrected else max(self._newest, now.at)
        self.keep()
        return corrected

    def _is_leap(self, at: int) -> bool:
        return self._judged and at - self._newest > LEAP_S

    def _is_plausible(self, at: int) -> bool:
        """Judge a reading, and remember it when it is believed."""
        if not max(self._newest - SLACK_S, RELEASED_S) <= at < _LATEST_S:
            return False
        if not self._is_leap(at):
            self._newest, self._leap = max(self._newest, at), None
        elif self._leap is None or not 0 <= at - self._leap <= JUMP_S:
            self._leap = at
        elif at - self._leap >= DAY_S:
            self._newest, self._leap = at, None
        self._judged = True
        return at - self._newest <= JUMP_S

    def _elapsed(self, own: int) -> int:
        """Seconds since the last reading; none where the clock was set in between."""
        passed = 0 if self._read_at is None else own - self._read_at
        self._read_at = own
        return passed if 0 <= passed <= DAY_S else 0

    def _local(self, at: int) -> Moment:
        local = at + self._offset_s(at)
        return Moment(
            at=at,
            hour_of_week=(local // HOUR_S + _MONDAY) % HOURS_PER_WEEK,
            month=datetime.fromtimestamp(local, UTC).month,
        )
