"""Messages of every kind, as wide as the wire allows."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from exogenesis.core.dial import FRACTION_LEAST, NOISE_MOST, Dial
from exogenesis.core.limits import CONTENT_DIM, PAGE_ROWS_MAX, TASTE_DIM
from exogenesis.core.query import QueryTable
from exogenesis.core.titles import Title
from exogenesis.wire.close import CloseOrder
from exogenesis.wire.enrol import EnrolAnswer, EnrolRequest
from exogenesis.wire.envelope import ENVELOPE_BYTES
from exogenesis.wire.fields import TIME_MAX, box_public, signing_pair
from exogenesis.wire.manifest import Manifest
from exogenesis.wire.pack import Pack
from exogenesis.wire.page import Page, Rows
from exogenesis.wire.push import SEQ_MAX, PushHeader
from exogenesis.wire.query import encode_query
from exogenesis.wire.skill import SkillReport

PUBLIC, SECRET = signing_pair(b"\1" * 32)
BOX_SECRET = b"\2" * 32
BOX_PUBLIC = box_public(BOX_SECRET)


def exactly(size: int) -> st.SearchStrategy[bytes]:
    """Bytes of one length."""
    return st.binary(min_size=size, max_size=size)


lineages = exactly(4)
u32 = st.integers(0, 2**32 - 1)
rounds = st.integers(1, 2**32 - 1)
times = st.integers(0, TIME_MAX - 1)
half_scales = st.floats(0, 65504, width=16)
codes = hnp.arrays(np.int8, TASTE_DIM, elements=st.integers(-127, 127))

skills = st.builds(
    SkillReport,
    lineage=lineages,
    round=u32,
    index=st.integers(0, 2**24 - 1),
    usage=st.integers(1, 255),
    success=st.integers(0, 255).map(lambda n: n / 255),
    codes=codes,
    scale=half_scales,
)

headers = st.builds(
    PushHeader,
    device=exactly(16),
    epoch=u32,
    seq=st.integers(1, SEQ_MAX),
    round=rounds,
    sent_at=times,
)
envelopes = st.lists(exactly(ENVELOPE_BYTES), min_size=7, max_size=7)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    """A page of any size."""
    count = draw(st.integers(1, PAGE_ROWS_MAX))
    indices = draw(st.lists(st.integers(0, 2**24 - 1), min_size=count, max_size=count, unique=True))
    rows = Rows(
        indices=np.array(indices, np.int64),
        codes=np.tile(draw(codes), (count, 1)),
        scales=draw(hnp.arrays(np.float16, count, elements=half_scales)),
        weights=draw(hnp.arrays(np.float16, count, elements=st.floats(2.0**-10, 1, width=16))),
    )
    return Page(
        lineage=draw(lineages), round=draw(u32), number=draw(st.integers(0, 65535)), rows=rows
    )


dials = st.builds(
    Dial,
    fraction=st.floats(np.float32(FRACTION_LEAST * 1.01).item(), 1, width=32),
    noise=st.floats(0, NOISE_MOST, width=32),
)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """A manifest of up to five pages."""
    opens, closes, expires = sorted(draw(st.lists(times, min_size=3, max_size=3, unique=True)))
    basis = draw(st.integers(0, 2**32 - 2))
    digests = draw(st.lists(exactly(32), min_size=1, max_size=5)) if basis else []
    return Manifest(
        lineage=draw(lineages),
        pack=draw(exactly(32)),
        round=draw(st.integers(basis + 1, 2**32 - 1)),
        basis=basis,
        opens=opens,
        closes=closes,
        expires=expires,
        round_public=BOX_PUBLIC,
        fleet=draw(u32),
        k=draw(st.integers(1, 65535)),
        dial=draw(dials),
        sigma=draw(hnp.arrays(np.float32, TASTE_DIM, elements=st.floats(0, 2.0**100, width=32))),
        pages=tuple(digests),
    )


requests = st.builds(
    EnrolRequest, token=exactly(32), sign_public=st.just(PUBLIC), box_public=exactly(32)
)
answers = st.builds(EnrolAnswer, device=exactly(16), epoch=u32, server_public=st.just(BOX_PUBLIC))
orders = st.builds(CloseOrder, round=rounds, at=times)

words = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0x2FFFF), min_size=1, max_size=20
)
names = st.text("abcdefghijklmnopqrstuvwxyz é中", min_size=1, max_size=20)
wholes = st.none() | st.integers(0, 2**40 - 1)
titles = st.builds(
    Title,
    id=words,
    name=words,
    year=wholes,
    genres=st.lists(words, max_size=3).map(tuple),
    minutes=wholes,
    age=st.none() | st.integers(0, 99),
    available_from=wholes,
    available_until=wholes,
    popularity=st.floats(0, 1e15),
    language=st.none() | words,
    people=st.lists(words, max_size=8).map(tuple),
    episodes=st.none() | st.integers(1, 2**40 - 1),
)
regions = st.sets(st.from_regex("[A-Z]{2}(-[A-Z0-9]{2})?", fullmatch=True), max_size=3)


@st.composite
def query_tables(draw: st.DrawFn) -> QueryTable:
    """A table of a few words."""
    found = sorted(draw(st.sets(words, min_size=1, max_size=4)))
    count = len(found)
    seed = np.random.default_rng(draw(st.integers(0, 999)))
    return QueryTable(
        rows={word: row for row, word in enumerate(found)},
        weights=seed.uniform(1, 12, count).astype(np.float16),
        codes=seed.integers(-127, 128, (count, CONTENT_DIM)).astype(np.int8),
        scales=draw(hnp.arrays(np.float16, count, elements=half_scales)),
        centre=seed.normal(size=CONTENT_DIM).astype(np.float32),
        least_length=draw(st.floats(0, 2, width=32)),
    )


@st.composite
def packs(draw: st.DrawFn) -> Pack:
    """A small catalogue."""
    made = draw(st.lists(titles, min_size=1, max_size=4, unique_by=lambda title: title.id))
    count, codes = len(made), sorted(draw(regions))
    seed = np.random.default_rng(draw(st.integers(0, 999)))
    return Pack(
        lineage=draw(names),
        lineage_id=draw(lineages),
        encoder=draw(names),
        titles=tuple(made),
        content_codes=seed.integers(-127, 128, (count, CONTENT_DIM)).astype(np.int8),
        content_scales=draw(hnp.arrays(np.float16, count, elements=half_scales)),
        basis=seed.normal(size=(count, TASTE_DIM)).astype(np.float16),
        regions=tuple(codes),
        regional=draw(
            hnp.arrays(
                np.float32,
                (len(codes), count),
                elements=st.floats(0, 2.0**49, width=32) | st.just(np.nan),
            )
        ),
        query=draw(st.just(b"") | query_tables().map(encode_query)),
    )
