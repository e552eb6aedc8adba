"""What the owner allows: profiles, blocks, consent, and the gate through which skills leave."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

import numpy as np

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

    def blocks(self) -> list[str]:
        """Return the identifiers of the blocked titles."""
        return [title for (title,) in self._database.run("list_blocks")]

    def set_block(self, title_id: str, blocked: bool) -> None:
        """Block a title for every profile, or allow it again."""
        self._database.run("add_block" if blocked else "drop_block", title=title_id)

    def exportable_skills(self) -> list[Skill]:
        """Return what may leave: skills of contributing adults, merged; none without consent."""
        if not self.consented:
            return []
        return [skill_of(row) for row in self._database.run("list_exportable", least=LEAST_SUCCESS)]


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
