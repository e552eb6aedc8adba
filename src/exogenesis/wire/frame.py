"""zstd frames: each declares its size, and memory is taken only for a size that is allowed."""

from __future__ import annotations

import zstandard

from exogenesis.errors import RemoteError

_LEVEL = 10
_WINDOW_BYTES_MAX = 1 << 27


def compressed(body: bytes) -> bytes:
    """Return one frame that declares the size of ``body``."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(body)


def decompressed(frame: bytes, what: str, *, most: int) -> bytes:
    """Unpack exactly one frame of at most ``most`` bytes.

    Raises:
        RemoteError: ``bad_compression`` or, before anything is unpacked, ``oversized``.
    """
    try:
        size = zstandard.get_frame_parameters(frame).content_size
        if size in (zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR):
            raise RemoteError("bad_compression", f"{what} that does not declare its size")
        if size > most:
            raise RemoteError("oversized", f"{what} that declares {size} bytes when decompressed")
        return zstandard.ZstdDecompressor(max_window_size=_WINDOW_BYTES_MAX).decompress(
            frame, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise RemoteError("bad_compression", f"{what} that does not decompress: {error}") from error
