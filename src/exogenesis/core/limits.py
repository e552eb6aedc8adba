"""Every size and count that the system promises to keep, in one table."""

from __future__ import annotations

from typing import Final

CONTENT_DIM: Final = 384
"""Length of a content vector."""

TASTE_DIM: Final = 64
"""Length of a taste vector in version 1 of the wire."""

FINISHED_FRACTION: Final = 0.7
"""A title is finished from this watched fraction on; also the least success rate of a skill."""

ANCHORS_PER_ROUND: Final = 40
"""At most this many skills of one television enter one round."""

PUSHES_PER_ROUND: Final = 6
"""Exactly this many pushes are drawn for one television and round."""

ENVELOPES_PER_PUSH: Final = 7
"""Envelopes in a push, real or dummy."""

PUSH_BYTES_MAX: Final = 1024
PAGE_BYTES_MAX: Final = 5120
PAGE_ROWS_MAX: Final = 71
PAGES_MAX: Final = 4096
"""Pages of one round: room for 290,000 published titles."""

TITLES_MAX: Final = 1 << 24
"""Catalogue indices are u24 on the wire."""

PACK_BYTES_MAX: Final = 64 << 20
"""A catalogue pack as it is stored and sent."""

PACK_BODY_BYTES_MAX: Final = 256 << 20
"""A catalogue pack after decompression."""

PACK_BODY_BYTES_FREE: Final = 1 << 20
PACK_RATIO_MAX: Final = 64
"""A pack may decompress to 1 MiB and 64 times its frame; real ones stay below 8 times."""

QUERY_WORDS_MAX: Final = 20_000
"""A pack holds a vector for at most so many words, the most useful ones."""

QUERY_WORD_LENGTH_MAX: Final = 64
QUERY_BODY_BYTES_MAX: Final = 16 << 20
"""A pack's query table after decompression."""

K_ANONYMITY: Final = 10
"""A title is published only with at least this many reports, counted bucket by bucket."""

BUCKETS_MAX: Final = 12
BUCKET_DEVICES_MIN: Final = 50
"""Fewer buckets are used while one would hold fewer televisions than this."""
