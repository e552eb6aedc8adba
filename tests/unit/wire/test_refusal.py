"""What a server may say when it refuses, and what is not believed."""

from __future__ import annotations

import json

import pytest

from exogenesis.errors import RemoteError
from exogenesis.wire.refusal import REFUSAL_BYTES_MAX, decode_refusal


def test_a_refusal_is_a_code_and_a_message() -> None:
    raw = json.dumps({"code": "round_closed", "message": "round 3 is closed", "more": 1})
    assert decode_refusal(raw.encode()) == ("round_closed", "round 3 is closed")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>bad gateway</html>",
        b"\xff\xfe",
        b"[]",
        b'"code"',
        b"null",
        b'{"code": "busy"}',
        b'{"code": 1, "message": "x"}',
        b'{"code": "busy", "message": null}',
        b'{"code": "Busy!", "message": "x"}',
        b'{"code": "", "message": "x"}',
        b'{"code": "busy", "message": "\\u001b[2J"}',
        b'{"code": "busy", "message": "two\\nlines"}',
        b"[" * REFUSAL_BYTES_MAX,
        b"9" * REFUSAL_BYTES_MAX,
    ],
)
def test_what_is_no_refusal_is_not_believed(raw: bytes) -> None:
    with pytest.raises(RemoteError) as caught:
        decode_refusal(raw)
    assert caught.value.code == "bad_value"


def test_a_long_refusal_is_not_read() -> None:
    with pytest.raises(RemoteError) as caught:
        decode_refusal(b" " * (REFUSAL_BYTES_MAX + 1))
    assert caught.value.code == "oversized"
