"""Search by words on a MovieLens folder: what the query table costs and finds; prints JSON.

``python benchmarks/words.py --data ml-latest-small``. One thread; times are CPU time of the
calling thread. Of two words, a plain one and another or a genre, all titles that have both are to
be found: that is measured with the words counting alike, and folded in as a title's text is.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click
import numpy as np

from exogenesis.constellation.catalog.build import build_pack
from exogenesis.constellation.catalog.folder import read_titles
from exogenesis.core import query
from exogenesis.core.effects import NS_PER_S
from exogenesis.core.words import words
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from exogenesis.tv.search import Finder
from exogenesis.wire.fields import signing_pair
from exogenesis.wire.pack import encode_pack
from exogenesis.wire.query import decode_query

PAIRS, NAMES = 300, 300
TYPED = ("space war", "horror", "the third man", "jurassic prak", "sci-fi", "qwertz")
LIKE = 50
BEST = 10


def spent_ms(call: Callable[[], object], times: int = 30) -> float:
    """Median CPU time of a call in milliseconds."""
    spent = []
    for _ in range(times):
        started = time.thread_time_ns()
        call()
        spent.append(time.thread_time_ns() - started)
    return round(float(np.median(spent)) / 1e6, 2)


def own_text(catalog: Catalog, texts: Sequence[str]) -> dict[str, float]:
    """How often the text of a title leads to the title."""
    table = catalog.query_table
    assert table is not None
    ranks = []
    for row in range(0, len(texts), 5):
        vector = table.embed(words(texts[row]))
        if vector is not None:
            cosines = catalog.content @ vector
            ranks.append(int((cosines > cosines[row] + 1e-5).sum()))
    found = np.array(ranks)
    return {"texts": len(ranks), "first": round(float((found == 0).mean()), 4)} | {
        "among_3": round(float((found < 3).mean()), 4)
    }


def two_words(catalog: Catalog, texts: Sequence[str], *, with_genre: bool) -> float:
    """Share of the titles with both words, at most ten, among the best ten."""
    table, held = catalog.query_table, [set(words(text)) for text in texts]
    assert table is not None
    counts = Counter(word for each in held for word in each)
    plain = [w for w in table.rows if "_" not in w and 8 <= counts[w] <= 80 and not w.isdigit()]
    genres = [w for w in table.rows if w.startswith("genre_") and counts[w] > 100]
    rng = np.random.default_rng(1)
    shares: list[float] = []
    while len(shares) < PAIRS:
        one, other = rng.choice(plain), rng.choice(genres if with_genre else plain)
        both = sum({one, other} <= each for each in held)
        if one == other or both < 3:
            continue
        vector = table.embed([one, other])
        assert vector is not None
        best = np.argsort(-(catalog.content @ vector))[:BEST]
        shares.append(sum({one, other} <= held[row] for row in best) / min(BEST, both))
    return round(float(np.mean(shares)), 3)


def by_genre(catalog: Catalog, finder: Finder) -> float:
    """Precision among the best ten for the name of a genre, mean over the genres."""
    shares = []
    for genre in sorted({genre for title in catalog.titles for genre in title.genres}):
        hits = finder.search(genre, BEST).hits
        rows = [catalog.index_of(hit.title_id) for hit in hits]
        shares.append(sum(genre in catalog.titles[row].genres for row in rows) / BEST)
    return round(float(np.mean(shares)), 3)


def slips(catalog: Catalog, finder: Finder) -> float:
    """How often a name with two letters changed over still finds its title among the best three."""
    rng = np.random.default_rng(2)
    found: list[bool] = []
    for title in (catalog.titles[row] for row in rng.permutation(len(catalog))):
        name = title.name
        inner = [at for at in range(1, len(name) - 2) if name[at - 1 : at + 3].isalpha()]
        if inner and len(found) < NAMES:
            at = int(rng.choice(inner))
            typed = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
            found.append(title.id in {hit.title_id for hit in finder.search(typed, 3).hits})
    return round(float(np.mean(found)), 3)


def measure(folder: Path) -> dict[str, Any]:
    """Build the pack of a folder and search it."""
    entries = read_titles(folder)
    texts = [entry.text for entry in entries]
    pack = build_pack(entries, lineage="words")
    public, secret = signing_pair(bytes(32))
    raw = encode_pack(pack, secret)
    catalog = Catalog.load(raw, public)
    database = Database.open(None)
    finder = Finder(
        catalog=catalog,
        agentdb=AgentDB(database, catalog.content),
        policy=Policy(database),
        collective=Collective(database, catalog, None),
        clock=lambda: 1_800_000_000 * NS_PER_S,
    )
    first = spent_ms(lambda: finder.search("submarine"), times=1)
    like = [title.id for title in catalog.titles[:LIKE]]
    alike = {
        "word_and_word": two_words(catalog, texts, with_genre=False),
        "word_and_genre": two_words(catalog, texts, with_genre=True),
    }
    own = own_text(catalog, texts)
    few, query.FEW_WORDS = query.FEW_WORDS, 0
    folded = {
        "word_and_word": two_words(catalog, texts, with_genre=False),
        "word_and_genre": two_words(catalog, texts, with_genre=True),
    }
    own_folded = own_text(catalog, texts)
    query.FEW_WORDS = few
    assert catalog.query_table is not None
    return {
        "titles": len(catalog),
        "words": len(catalog.query_table.rows),
        "pack_bytes": len(raw),
        "of_it_query_bytes": len(pack.query),
        "query_unpacked_bytes": catalog.query_table.codes.nbytes,
        "load_ms": spent_ms(lambda: Catalog.load(raw, public), times=5),
        "unpack_query_ms": spent_ms(lambda: decode_query(pack.query), times=5),
        "first_search_ms": first,
        "search_ms": {typed: spent_ms(lambda t=typed: finder.search(t)) for typed in TYPED},  # type: ignore[misc]
        "similar_ms": spent_ms(lambda: [finder.similar(id_) for id_ in like], times=3) / LIKE,
        "own_text": own,
        "own_text_folded_in": own_folded,
        "two_words": alike,
        "two_words_folded_in": folded,
        "genre_precision_at_10": by_genre(catalog, finder),
        "name_with_letters_changed_over_among_3": slips(catalog, finder),
        "machine": f"{platform.machine()}, {platform.python_version()}, numpy {np.__version__}",
    }


@click.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path, exists=True), help="MovieLens folder."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
def main(data: Path, out: Path | None) -> None:
    """Measure the search by words."""
    text = json.dumps(measure(data), indent=1)
    click.echo(text)
    if out is not None:
        out.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
