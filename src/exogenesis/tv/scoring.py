"""Titles as one viewer stands to them at one moment: which may be shown, and their scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from exogenesis.core.fatigue import TIRED_FROM, fatigue, suppression
from exogenesis.core.ranking import NOTHING, Evening, RankerSettings, Scores, score_titles
from exogenesis.core.tables import Products
from exogenesis.core.taste import TasteSpace
from exogenesis.core.terms import Term
from exogenesis.core.vectors import Floats, Indices, Mask
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.known import Known, Past
from exogenesis.tv.moment import Moment
from exogenesis.tv.policy import Profile, feasible
from exogenesis.tv.runtime import Mode
from exogenesis.tv.senses import Senses
from exogenesis.tv.slate import Scored, Slate

_KNOWN_SHARE = 10
"""One candidate in so many must be published, or the ranker's pool full, to follow the fleet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a list is asked for.

    Attributes:
        viewer: who watches.
        past: what that profile has done; of all of them where nobody knows who watches.
        moment: now.
        session: the stretch of watching, or none.
        ended: catalogue index of what has just ended, or None.
        minutes: hides longer titles; None hides nothing.
        mode: how much of the brain answers.
    """

    viewer: Profile
    past: Past
    moment: Moment
    session: str
    ended: int | None
    minutes: int | None
    mode: Mode

    @property
    def stored(self) -> bool:
        """Whether the store may be read."""
        return self.mode is not Mode.POPULAR


class Scorer:
    """Scores titles, and keeps the last few scored lists."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        collective: Collective,
        known: Known,
        senses: Senses,
        settings: RankerSettings,
        region: str | None,
    ) -> None:
        self._catalog = catalog
        self._collective = collective
        self._known = known
        self._senses = senses
        self._region = catalog.log_popularity_in(region) if region in catalog.regions else None
        self._slate = Slate(catalog.feasibility)
        self._products = Products()
        self._genres: dict[str, Indices] = {}
        self.settings = settings

    def use(self, settings: RankerSettings) -> None:
        """Score by these weights from now on."""
        self.settings = settings
        self.refresh()

    def refresh(self, *, erased: bool = False) -> None:
        """Give up what was scored; and the products with profiles, where a past was erased."""
        self._slate.clear()
        if erased:
            self._products = Products()

    def scored(self, asked: Asked) -> Scored:
        """Return all titles scored, without the signals of the evening; kept or made.

        Raises:
            RemoteError, StorageError: what the mode needs cannot be read.
        """
        now = asked.moment.at
        source = self._collective.taste if asked.mode is Mode.FULL else None
        when = (asked.moment.hour_of_week, asked.moment.month, self._senses.version())
        key = (asked.mode, asked.viewer, asked.past, asked.minutes, asked.ended, *when)
        kept = self._slate.get(key, now, source)
        if kept is None:
            mask = self._candidates(asked)
            space = None if source is None else self._space(source.ranking, mask)
            full = asked.mode is Mode.FULL
            scores = score_titles(
                asked.past.finished,
                space=space,
                content=self._catalog.content_table if full else None,
                log_popularity=self._catalog.log_popularity,
                candidates=mask,
                settings=self.settings,
                taste=None if source is None else source.table,
                evening=self._evening(asked),
                products=self._products,
            )
            until = self._slate.ends(now)
            kept = Scored(
                scores=scores, space=space, mask=mask, source=source, since=now, until=until
            )
            self._slate.put(key, kept)
        return kept

    def tired(self, asked: Asked, scored: Scored) -> Scores:
        """Add what this evening's list and remote control say; the same scores if nothing.

        Raises:
            StorageError: what was shown cannot be read.
        """
        if not asked.stored:
            return scored.scores
        name, terms = asked.viewer.name, []
        if self.settings.fatigue_weight and asked.session:
            values = self._fatigue(self._senses.shown(name, asked.session))
            terms.append(("fatigue", self.settings.fatigue_weight, values))
        if self.settings.instant_weight:
            values = self._suppression(self._senses.skipped(name, asked.moment.at))
            terms.append(("instant", self.settings.instant_weight, values))
        told = [(kind, weight, values) for kind, weight, values in terms if values is not None]
        if not told:
            return scored.scores
        span = np.float32(scored.scores.span(self.settings.pool))
        return scored.scores.plus([Term(kind, weight, span * v) for kind, weight, v in told])

    def _candidates(self, asked: Asked) -> Mask:
        mask = feasible(
            self._catalog.feasibility, asked.viewer, now=asked.moment.at, minutes=asked.minutes
        )
        mask[asked.past.started] = False
        mask[asked.past.rejected] = False
        mask[self._known.blocked(needed=asked.stored)] = False
        return mask

    def _space(self, space: TasteSpace | None, candidates: Mask) -> TasteSpace | None:
        """What the fleet taught, once it says enough about what may be shown.

        A fleet that has published next to nothing would silence the catalogue's own popularity
        and put nothing in its place.
        """
        if space is None:
            return None
        least = max(1, min(self.settings.pool, int(candidates.sum()) // _KNOWN_SHARE))
        return space if int((space.published & candidates).sum()) >= least else None

    def _evening(self, asked: Asked) -> Evening:
        """What else is known; each is asked for only where it counts."""
        settings, name = self.settings, asked.viewer.name
        known = replace(NOTHING, region=self._region)
        if asked.mode is Mode.FULL:
            core = self._senses.core(name) if settings.core_weight else None
            known = replace(known, just_ended=asked.ended, core=core)
        if asked.stored and settings.fact_weight:
            known = replace(known, fact=self._senses.fact(name, asked.moment.at))
        if asked.stored and settings.rhythm_weight and asked.moment.hour_of_week is not None:
            known = replace(known, rhythm=self._senses.rhythm(name, asked.moment))
        return known

    def _fatigue(self, shown: Mapping[str, int]) -> Floats | None:
        """``(m,)``, or None when nothing tires."""
        if max(shown.values(), default=0) < TIRED_FROM:
            return None
        values = np.zeros(len(self._catalog), np.float32)
        for title, count in shown.items():
            if title in self._catalog:
                values[self._catalog.index_of(title)] = fatigue(count)
        return values

    def _suppression(self, skipped: Sequence[str]) -> Floats | None:
        """``(m,)``, or None: a title that was skipped falls at once, a genre with the second."""
        rows = self._catalog.indices_of(skipped)
        if not len(rows):
            return None
        values = np.zeros(len(self._catalog), np.float32)
        skips = Counter(g for row in rows for g in self._catalog.titles[row].genres)
        for genre, count in skips.items():
            value = suppression(count)
            if value:
                of_genre = self._of_genre(genre)
                values[of_genre] = np.minimum(values[of_genre], value)
        values[rows] = -1.0
        return values

    def _of_genre(self, genre: str) -> Indices:
        if genre not in self._genres:
            titles = self._catalog.titles
            rows = [row for row, title in enumerate(titles) if genre in title.genres]
            self._genres[genre] = np.array(rows, np.int64)
        return self._genres[genre]
