"""What the owner allows: profiles, blocks, consent, a PIN, and the gate through which skills leave.

The PIN keeps the owner's word from children at the remote control, not from somebody who can read
the disk: with four digits there is little to guess. What slows guessing down is the growing wait.
There is no way around a forgotten one but to begin anew.
"""

from __future__ import annotations

import difflib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from nacl.pwhash import argon2id

from exogenesis.core.vectors import Mask
from exogenesis.errors import InputError
from exogenesis.tv.agentdb import LEAST_SUCCESS, Skill
from exogenesis.tv.agentdb.skills import skill_of
from exogenesis.tv.catalog import UNKNOWN_MINUTES, UNRATED, Feasibility
from exogenesis.tv.persistence import Database

HOME = "home"
"""The profile that always exists."""

_NAME_LENGTH_MAX = 64
_AGE_MAX = 120

PIN_SALT_BYTES: int = argon2id.SALTBYTES
_PIN_DIGITS = range(4, 13)
_PIN_HASH_BYTES = 32
# The library's "interactive" work, but in a quarter of its 64 MiB: a television has no more.
_PIN_PASSES = 4 * argon2id.OPSLIMIT_INTERACTIVE
_PIN_MEMORY_BYTES = argon2id.MEMLIMIT_INTERACTIVE // 4

PIN_TRIES = 3
"""So many wrong PINs are free; then each one doubles the wait, from half a minute to an hour."""
_WAIT_LEAST_S, _WAIT_MOST_S = 30, 3600
_FORGOTTEN = "who has forgotten it deletes the television's home folder and begins anew"
_PIN, _FAILURES, _WAIT_UNTIL = "pin", "pin_failures", "pin_wait_until"

ProfileKind = Literal["adult", "kid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Somebody who watches.

    Attributes:
        name: unique on this television.
        kind: ``adult`` or ``kid``; a kid's profile never contributes.
        age_limit: titles for older viewers, and unrated ones, are hidden; None hides nothing.
        contributes: whether its skills may leave, once the owner has consented.
    """

    name: str
    kind: ProfileKind = "adult"
    age_limit: int | None = None
    contributes: bool = True

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            InputError: naming what is wrong.
        """
        if not 1 <= len(self.name) <= _NAME_LENGTH_MAX or not self.name.isprintable():
            raise InputError(f"a profile's name has 1 to {_NAME_LENGTH_MAX} printable characters")
        if self.kind not in ("adult", "kid"):
            raise InputError(f"a profile is 'adult' or 'kid', not {self.kind!r}")
        if self.age_limit is not None and not 0 <= self.age_limit <= _AGE_MAX:
            raise InputError(f"an age limit lies in 0..{_AGE_MAX}, not {self.age_limit}")
        if self.kind == "kid" and self.age_limit is None:
            raise InputError(f"the kid's profile {self.name!r} needs an age limit")
        if self.kind == "kid" and self.contributes:
            raise InputError(f"the kid's profile {self.name!r} can not contribute")


class Policy:
    """The owner's word, as it is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def consented(self) -> bool:
        """Whether anything may leave at all; off until switched on."""
        return bool(self._database.setting("consent"))

    def set_consent(self, allowed: bool) -> None:
        """Store the owner's decision."""
        self._database.store_setting("consent", int(allowed))

    def profiles(self) -> list[Profile]:
        """Return all profiles by name."""
        return [
            Profile(name=name, kind=kind, age_limit=age_limit, contributes=bool(contributes))
            for name, kind, age_limit, contributes in self._database.run("list_profiles")
        ]

    def profile(self, name: str) -> Profile:
        """Return one profile.

        Raises:
            InputError: there is none of this name; the message lists those that exist.
        """
        known = {profile.name: profile for profile in self.profiles()}
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known)}"
            raise InputError(f"there is no profile {name!r}; {hint}", code="unknown_profile")
        return known[name]

    def add_profile(self, profile: Profile) -> None:
        """Store a new profile.

        Raises:
            InputError: the name is taken.
        """
        if any(profile.name == known.name for known in self.profiles()):
            raise InputError(f"there is a profile {profile.name!r} already")
        self._database.run(
            "add_profile",
            name=profile.name,
            kind=profile.kind,
            age_limit=profile.age_limit,
            contributes=int(profile.contributes),
        )

    def set_age_limit(self, name: str, age_limit: int | None) -> None:
        """Change what a profile is shown.

        Raises:
            InputError: there is no such profile, or it cannot have this limit.
        """
        changed = replace(self.profile(name), age_limit=age_limit)
        self._database.run("set_age_limit", name=name, age_limit=changed.age_limit)

    def blocks(self) -> list[str]:
        """Return the identifiers of the blocked titles."""
        return [title for (title,) in self._database.run("list_blocks")]

    def set_block(self, title_id: str, blocked: bool) -> None:
        """Block a title for every profile, or allow it again."""
        self._database.run("add_block" if blocked else "drop_block", title=title_id)

    def rejections(self, profile: str) -> list[str]:
        """Return the identifiers of the titles that a profile does not want to see."""
        return [title for (title,) in self._database.run("list_rejections", profile=profile)]

    def set_rejection(self, profile: str, title_id: str, rejected: bool, at: int) -> None:
        """Note that a profile does not want to see a title, or does again.

        It never leaves the television.
        """
        if rejected:
            self._database.run("add_rejection", profile=profile, title=title_id, at=at)
        else:
            self._database.run("drop_rejection", profile=profile, title=title_id)

    @property
    def has_pin(self) -> bool:
        """Whether the owner has set a PIN."""
        return self._database.setting(_PIN) is not None

    def set_pin(self, new: str | None, *, pin: str | None, now: int, salt: bytes) -> None:
        """Set a PIN of 4 to 12 digits, change it, or take it away with None.

        Args:
            new: the new PIN.
            pin: the one in force, if there is one.
            now: Unix seconds.
            salt: ``PIN_SALT_BYTES`` fresh random bytes.

        Raises:
            InputError: as :meth:`check_pin`, or the new one has not 4 to 12 digits.
        """
        if new is not None and not _is_pin(new):
            raise InputError(
                f"a PIN has {_PIN_DIGITS.start} to {_PIN_DIGITS[-1]} digits and nothing else"
            )
        self.check_pin(pin, now)
        self._database.store_setting(_PIN, None if new is None else salt + _pin_hash(new, salt))

    def check_pin(self, pin: str | None, now: int) -> None:
        """Let the owner through, and everybody while no PIN is set; not inside a transaction.

        A try is counted before it is looked at, so that pulling the plug does not help.

        Raises:
            InputError: ``pin_needed``, ``wrong_pin``, or ``pin_wait`` after too many wrong ones.
        """
        stored = self._database.setting(_PIN)
        if stored is None:
            return
        if pin is None:
            raise InputError("the owner has set a PIN, which this needs", code="pin_needed")
        wait_s = min((self._database.setting(_WAIT_UNTIL) or 0) - now, _WAIT_MOST_S)
        if wait_s > 0:
            raise InputError(
                f"too many wrong PINs: wait {wait_s} s before the next one", code="pin_wait"
            )
        failures = (self._database.setting(_FAILURES) or 0) + 1
        wait_s = _wait_after(failures)
        with self._database.transaction():
            self._database.store_setting(_FAILURES, failures)
            self._database.store_setting(_WAIT_UNTIL, now + wait_s)
        salt, expected = stored[:PIN_SALT_BYTES], stored[PIN_SALT_BYTES:]
        if not _is_pin(pin) or not hmac.compare_digest(_pin_hash(pin, salt), expected):
            then = f"; the next one in {wait_s} s" if wait_s else ""
            raise InputError(f"this is not the PIN{then}; {_FORGOTTEN}", code="wrong_pin")
        with self._database.transaction():
            self._database.store_setting(_FAILURES, None)
            self._database.store_setting(_WAIT_UNTIL, None)

    def drop_pin(self) -> None:
        """Take the PIN away with everything else that is erased; in a transaction."""
        for key in (_PIN, _FAILURES, _WAIT_UNTIL):
            self._database.store_setting(key, None)

    def exportable_skills(self) -> list[Skill]:
        """Return what may leave: skills of contributing adults, merged; none without consent."""
        if not self.consented:
            return []
        return [skill_of(row) for row in self._database.run("list_exportable", least=LEAST_SUCCESS)]


def _is_pin(text: str) -> bool:
    return len(text) in _PIN_DIGITS and text.isascii() and text.isdigit()


def _pin_hash(pin: str, salt: bytes) -> bytes:
    return argon2id.kdf(
        _PIN_HASH_BYTES,
        pin.encode(),
        salt,
        opslimit=_PIN_PASSES,
        memlimit=_PIN_MEMORY_BYTES,
    )


def _wait_after(failures: int) -> int:
    """Seconds until the next try, after so many wrong ones in a row."""
    if failures < PIN_TRIES:
        return 0
    doublings = min(failures - PIN_TRIES, _WAIT_MOST_S.bit_length())
    return min(_WAIT_LEAST_S << doublings, _WAIT_MOST_S)


def loosens(old: int | None, new: int | None) -> bool:
    """Whether an age limit lets more through than another one; None lets everything through."""
    return old is not None and (new is None or new > old)


def strictest(age_limits: Iterable[int | None]) -> int | None:
    """Return the age limit that holds when several do; None when none does."""
    return min((limit for limit in age_limits if limit is not None), default=None)


def feasible(titles: Feasibility, profile: Profile, *, now: int, minutes: int | None) -> Mask:
    """Return ``(m,)``: the titles that ``profile`` may be shown.

    Args:
        titles: the catalogue's columns.
        profile: its age limit hides titles for older viewers and unrated ones.
        now: Unix seconds.
        minutes: hides longer titles and those of unknown length; None hides nothing.
    """
    mask = (titles.available_from <= now) & (now < titles.available_until)
    if profile.age_limit is not None:
        mask &= (titles.age != UNRATED) & (titles.age <= profile.age_limit)
    if minutes is not None:
        mask &= (titles.minutes != UNKNOWN_MINUTES) & (titles.minutes <= minutes)
    return np.asarray(mask, np.bool_)
