"""Trying again: a few times, waiting longer each time, never in step with other televisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from exogenesis.errors import InputError

T = TypeVar("T")


def retry(
    work: Callable[[], T],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    sleep: Callable[[float], None],
    rng: np.random.Generator,
    attempts: int = 3,
    first_s: float = 0.2,
    most_s: float = 5.0,
) -> T:
    """Do ``work``, and again after a failure of a kind that may pass.

    Before attempt i (from 2 on) it waits ``min(most_s, first_s * 2^(i-2)) * u``, u from .5 to 1.

    Args:
        work: what to do; it may be done in part when it fails.
        on: errors after which it is worth trying again; others are raised at once.
        sleep: waits so many seconds.
        rng: draws u.
        attempts: how often at most, from 1 on.
        first_s, most_s: the first wait, and the longest.

    Raises:
        InputError: no attempt at all is allowed.
        Exception: what the last attempt raised.
    """
    if attempts < 1:
        raise InputError(f"at least one attempt is needed, not {attempts}")
    for attempt in range(attempts - 1):
        try:
            return work()
        except on:
            wait_s = min(most_s, first_s * 2.0**attempt)
            sleep(wait_s * (0.5 + 0.5 * float(rng.random())))
    return work()
