"""Export and import: what was learnt moves to another television."""

from exogenesis.tv.portable.sealed import FILE_BYTES_MAX, PASSPHRASE_LENGTH_MIN, is_export
from exogenesis.tv.portable.transfer import Imported, Portable

__all__ = ["FILE_BYTES_MAX", "PASSPHRASE_LENGTH_MIN", "Imported", "Portable", "is_export"]
