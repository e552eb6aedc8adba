"""A television's derived knowledge over a small catalogue, and evenings to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from exogenesis.core.titles import Title
from exogenesis.core.vectors import Floats, Indices, top_k
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.learning import Learning
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.persistence import Database
from tests.support.television import small_catalog

NOW = 1_800_000_000
DAY_S = 86_400
GENRES = ("thriller", "comedy", "drama", "family", "news")


def genre_titles(count: int = 200) -> list[Title]:
    """Title i has genre ``i % 5``, language ``i % 2``, and one of seven people and lengths."""
    return [
        Title(
            id=f"t{row:03}",
            name=f"Title {row}",
            genres=(GENRES[row % 5],),
            language=("de", "en")[row % 2],
            people=(f"Person {row % 7}", f"Once {row}"),
            minutes=(30, 90, 130)[row % 3],
            popularity=1.0,
        )
        for row in range(count)
    ]


class Household:
    """A database with skills, the memory over it and what is learnt from them."""

    def __init__(self, titles: Sequence[Title] | None = None) -> None:
        self.catalog: Catalog = small_catalog(genre_titles() if titles is None else titles)
        self.database = Database.open(None)
        self.memory = CosmicMemory(self.database)
        self.agentdb = AgentDB(self.database, self.catalog.content)
        self.learning = Learning(self.database, self.memory, self.catalog)

    def watch(
        self,
        titles: Sequence[int],
        *,
        at: int = NOW,
        finished: bool = True,
        rhythm: Mapping[str, int] | None = None,
        profile: str = "home",
    ) -> None:
        """Finish, or abandon, titles by catalogue index, one each day up to ``at``."""
        for age, title in enumerate(reversed(titles)):
            self.agentdb.skill_store(
                profile,
                f"t{title:03}",
                finished=finished,
                at=at - age * DAY_S,
                fraction=1.0 if finished else 0.2,
                rhythm=rhythm or {},
            )

    def rebuild(self, now: int = NOW, profile: str = "home") -> None:
        """Compute everything anew."""
        for _ in self.learning.rebuild(profile, now):
            pass

    def best(self, values: Floats, count: int = 10) -> Indices:
        """The best titles by ``values``."""
        return top_k(values, count, np.ones(len(values), np.bool_))

    def genre(self, title: int) -> str:
        """The genre of a title."""
        return self.catalog.titles[title].genres[0]
