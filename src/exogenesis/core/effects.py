"""What reaches a program from outside, as parameters: the time, and fresh random bytes."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], int]
"""Returns Unix time in nanoseconds, as ``time.time_ns`` does."""

Entropy = Callable[[int], bytes]
"""Returns that many unpredictable bytes, as ``os.urandom`` does."""

NS_PER_S = 1_000_000_000


def seconds(clock: Clock) -> int:
    """Whole Unix seconds by ``clock``."""
    return clock() // NS_PER_S
