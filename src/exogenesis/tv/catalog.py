"""The catalogue as a television holds it: read only, and shared by brains of one process."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exogenesis.core.limits import PACK_BYTES_MAX
from exogenesis.core.names import NameIndex
from exogenesis.core.query import QueryTable
from exogenesis.core.tables import Table
from exogenesis.core.taste import TasteSpace, start_space
from exogenesis.core.titles import Title
from exogenesis.core.vectors import Floats, Indices, unit_rows
from exogenesis.core.words import is_mark, typed_words
from exogenesis.errors import CatalogError, InputError, RemoteError, UnknownTitle
from exogenesis.tv.taste import TasteCache
from exogenesis.wire.fields import digest
from exogenesis.wire.pack import Pack, decode_pack
from exogenesis.wire.query import decode_query

UNRATED = -1
UNKNOWN_MINUTES = -1
ALWAYS_FROM, ALWAYS_UNTIL = 0, 1 << 62
_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feasibility:
    """What decides whether a title may be shown, in columns of ``(m,)`` int64.

    Attributes:
        age: least age, :data:`UNRATED` where nobody said.
        minutes: duration, :data:`UNKNOWN_MINUTES` where nobody said.
        available_from: first second of availability.
        available_until: first second without it.
    """

    age: _Numbers
    minutes: _Numbers
    available_from: _Numbers
    available_until: _Numbers


def _column(values: Iterable[int | None], missing: int) -> _Numbers:
    return np.array([missing if value is None else value for value in values], np.int64)


class Catalog:
    """Titles, content vectors and the start of the taste space.

    Attributes:
        titles: in catalogue order; the position is the catalogue index.
        regional: by region, sorted: ``(m,)`` float32 popularity there, NaN where nobody said.
        lineage_id: 4 bytes that name the lineage on the wire.
        encoder: which program made the content vectors.
        digest: BLAKE2b-256 of the pack, as manifests name it.
        content: ``(m, 384)`` centred unit rows, float32.
        log_popularity: ``(m,)`` log(1 + popularity), float32.
        start: the taste space before the first round.
        feasibility: ages, durations and windows.
        tastes: the rounds in use, so that brains of one process decode each only once.
    """

    def __init__(self, pack: Pack, pack_digest: bytes) -> None:
        self.titles = pack.titles
        self.lineage_id = pack.lineage_id
        self.encoder = pack.encoder
        self.digest = pack_digest
        self.content: Floats = unit_rows(pack.content)
        self.log_popularity: Floats = np.log1p(
            np.array([title.popularity for title in pack.titles], np.float64)
        ).astype(np.float32)
        self.start: TasteSpace = start_space(pack.basis.astype(np.float32))
        self.feasibility = Feasibility(
            age=_column((title.age for title in pack.titles), UNRATED),
            minutes=_column((title.minutes for title in pack.titles), UNKNOWN_MINUTES),
            available_from=_column((title.available_from for title in pack.titles), ALWAYS_FROM),
            available_until=_column((t.available_until for t in pack.titles), ALWAYS_UNTIL),
        )
        self.tastes = TasteCache()
        columns = pack.regional.copy()  # a view would keep the whole pack
        self.regional: dict[str, Floats] = dict(zip(pack.regions, columns, strict=True))
        self._log_regional: dict[str, Floats] = {}
        self._query = pack.query
        self._positions = {title.id: row for row, title in enumerate(pack.titles)}
        if len(self._positions) != len(pack.titles):
            raise CatalogError("the catalogue pack names one title twice")

    @classmethod
    def load(cls, source: Path | bytes, catalog_public: bytes) -> Catalog:
        """Read a pack from a file or from its bytes and check its signature.

        Raises:
            CatalogError: the file cannot be read, or its content is not acceptable.
        """
        if isinstance(source, bytes):
            raw, where = source, "the catalogue pack"
        else:
            where = str(source)
            try:
                with source.open("rb") as file:
                    raw = file.read(PACK_BYTES_MAX + 1)
            except OSError as error:
                raise CatalogError(f"{where} cannot be read: {error.strerror}") from error
        try:
            return cls.from_pack(decode_pack(raw, catalog_public), pack_digest=digest(raw))
        except RemoteError as error:
            raise CatalogError(f"{where}: {error}", code=error.code) from error

    @classmethod
    def from_pack(cls, pack: Pack, *, pack_digest: bytes = bytes(32)) -> Catalog:
        """Take a decoded pack; without its digest no manifest will fit it."""
        return cls(pack, pack_digest)

    def __len__(self) -> int:
        return len(self.titles)

    def __contains__(self, title_id: str) -> bool:
        return title_id in self._positions

    @cached_property
    def content_table(self) -> Table:
        """The content vectors with their moments, made once for all brains of a process."""
        return Table(self.content)

    @property
    def regions(self) -> tuple[str, ...]:
        """Codes of the regions of which the catalogue knows what is popular, sorted."""
        return tuple(self.regional)

    def log_popularity_in(self, region: str | None) -> Floats:
        """``(m,)`` float32 log(1 + popularity in a region), to rank by where nothing is known.

        A title without a figure for the region is expected to have the region's usual share of
        its popularity everywhere: the sum over the titles with a figure by the sum of their
        popularity, at most 1. A region without any figure, and None, gives the popularity
        everywhere.
        """
        if region is None or region not in self.regional:
            return self.log_popularity
        if region not in self._log_regional:
            everywhere = np.expm1(self.log_popularity.astype(np.float64))
            here = self.regional[region].astype(np.float64)
            known = ~np.isnan(here)
            total = everywhere[known].sum()
            share = min(1.0, float(here[known].sum() / total)) if total > 0 else 1.0
            expected = np.where(known, here, share * everywhere)
            self._log_regional[region] = np.log1p(expected).astype(np.float32)
        return self._log_regional[region]

    @cached_property
    def query_table(self) -> QueryTable | None:
        """Words and their vectors, unpacked at the first use; None when the pack has none."""
        return decode_query(self._query) if self._query else None

    def embed(self, text: str) -> Floats | None:
        """Return where a text lies among the titles' contents: ``(384,)`` float32, length 1.

        Words that may mean a genre, a person or a language are taken for it. None when the pack
        has no query table, or when it knows none of the words.
        """
        table = self.query_table
        return None if table is None else table.embed(typed_words(text, table))

    def is_value(self, text: str) -> bool:
        """Whether a text is nothing but genres, people and languages of the catalogue."""
        table = self.query_table
        return table is not None and all(map(is_mark, typed_words(text, table)))

    @cached_property
    def names(self) -> NameIndex:
        """Finds titles by their names, with the year or without."""
        return NameIndex(
            (row, title.name, "" if title.year is None else str(title.year))
            for row, title in enumerate(self.titles)
        )

    @cached_property
    def people(self) -> NameIndex:
        """Finds titles by the people in them."""
        return NameIndex(
            (row, person, "") for row, title in enumerate(self.titles) for person in title.people
        )

    def index_of(self, title_id: str) -> int:
        """Return the catalogue index of a title.

        Raises:
            UnknownTitle: with the closest identifier or name, if one is close.
        """
        row = self._positions.get(title_id)
        if row is None:
            raise UnknownTitle(title_id, self._suggestion(title_id))
        return row

    def indices_of(self, title_ids: Iterable[str]) -> Indices:
        """Return the catalogue indices of the titles that the catalogue still holds."""
        rows = (self._positions.get(title_id) for title_id in title_ids)
        return np.array([row for row in rows if row is not None], np.int64)

    def find(self, text: str) -> Title:
        """Return the title with this identifier, or else with this name.

        Case does not matter in a name, and the year may follow in brackets.

        Raises:
            UnknownTitle: there is none.
            InputError: several titles share the name; the message lists their identifiers.
        """
        row = self._positions.get(text)
        if row is not None:
            return self.titles[row]
        named = self._by_name.get(text.casefold(), [])
        if len(named) > 1:
            listing = ", ".join(
                f"{self.titles[row].id} ({self.titles[row].year or 'no year'})"
                for row in named[:10]
            )
            raise InputError(f"several titles are called {text!r}, use an id: {listing}")
        if not named:
            raise UnknownTitle(text, self._suggestion(text))
        return self.titles[named[0]]

    def named(self, name: str, year: int | None = None) -> list[int]:
        """Return the indices of the titles of this name, and year if one is given.

        Case does not matter, and the year may follow the name in brackets.
        """
        rows = self._by_name.get(name.strip().casefold(), [])
        return [row for row in rows if year is None or self.titles[row].year == year]

    @cached_property
    def _by_name(self) -> dict[str, list[int]]:
        """Rows by what a person may type: the name, alone or with the year in brackets."""
        names: dict[str, list[int]] = {}
        for row, title in enumerate(self.titles):
            for spelling in _spellings(title):
                names.setdefault(spelling.casefold(), []).append(row)
        return names

    def _suggestion(self, text: str) -> str:
        """The closest identifier, or the closest name; empty when nothing is close."""
        ids = {title_id.casefold(): title_id for title_id in self._positions}
        names = {name.casefold(): name for title in self.titles for name in _spellings(title)}
        for known in (ids, names):
            close = difflib.get_close_matches(text.casefold(), known, n=1, cutoff=0.75)
            if close:
                return known[close[0]]
        return ""


def _spellings(title: Title) -> list[str]:
    return [title.name] if title.year is None else [title.name, f"{title.name} ({title.year})"]
