"""Why the server refused: ``{"code": ..., "message": ...}`` in JSON, at most 4,096 bytes."""

from __future__ import annotations

import json
import re

from exogenesis.errors import RemoteError

REFUSAL_BYTES_MAX = 4096
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


def decode_refusal(raw: bytes) -> tuple[str, str]:
    """Read the code and the message of a refusal; other fields are left out.

    Raises:
        RemoteError: ``oversized``, or ``bad_value`` when it is no refusal of ours, or has a
            message that cannot be shown on one line.
    """
    if len(raw) > REFUSAL_BYTES_MAX:
        raise RemoteError("oversized", f"a refusal has at most {REFUSAL_BYTES_MAX} bytes")
    try:
        said = json.loads(raw)
        code, message = said["code"], said["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        code = message = None
    if not isinstance(code, str) or not isinstance(message, str):
        raise RemoteError("bad_value", "what was answered is no refusal with a code and a message")
    if not _CODE.fullmatch(code) or not message.isprintable():
        raise RemoteError("bad_value", "the refusal has a code or a message that cannot be shown")
    return code, message
