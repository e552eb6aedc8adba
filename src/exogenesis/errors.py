"""Every error this project raises on purpose.

    ExogenesisError            base; has ``code`` (stable word) and ``exit_code``
    +-- InputError             what a person or a file handed in is wrong (exit 2)
    |   +-- CatalogError       a catalogue file or pack
    |   +-- UnknownTitle       a title that the catalogue does not hold
    |   +-- ConsentError       the owner has not allowed this
    +-- StorageError           the disk or the database (exit 3)
    |   +-- DiskFull
    +-- NetworkError           nobody answered, or not in time (exit 4)
    +-- RemoteError            the other side sent something unacceptable (exit 5)
    +-- RefusedError           the other side refused what we sent (exit 6)

``RemoteError`` is what a decoder raises on bytes from outside, with one of the codes
listed in ``spec/wire-v1.md``; nothing else may escape a decoder.
"""

from __future__ import annotations


class ExogenesisError(Exception):
    """Something went wrong that the caller can act on; the message says how.

    Attributes:
        message: the sentence alone; ``str`` of some errors adds the code.
        code: stable word.
    """

    exit_code = 1

    def __init__(self, message: str, *, code: str = "error") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class InputError(ExogenesisError):
    """A value that was handed in is wrong; nothing was changed."""

    exit_code = 2

    def __init__(self, message: str, *, code: str = "bad_input") -> None:
        super().__init__(message, code=code)


class CatalogError(InputError):
    """A catalogue file or pack is malformed; the message names the file and the line."""

    def __init__(self, message: str, *, code: str = "bad_catalog") -> None:
        super().__init__(message, code=code)


class UnknownTitle(InputError):
    """The catalogue holds no such title."""

    def __init__(self, title_id: str, suggestion: str = "") -> None:
        hint = f" Did you mean {suggestion!r}?" if suggestion else ""
        super().__init__(f"the catalogue holds no title {title_id!r}.{hint}", code="unknown_title")


class ConsentError(InputError):
    """The owner of the television has not allowed this."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="consent")


class StorageError(ExogenesisError):
    """The database could not be read or written; what was acknowledged is still there."""

    exit_code = 3

    def __init__(self, message: str, *, code: str = "storage") -> None:
        super().__init__(message, code=code)


class DiskFull(StorageError):
    """The disk is full; nothing was stored."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the disk that holds {where} is full: nothing was stored; free some space and repeat",
            code="disk_full",
        )


class NetworkError(ExogenesisError):
    """The other side did not answer; the work is kept and tried again at the next sync."""

    exit_code = 4

    def __init__(self, message: str) -> None:
        super().__init__(message, code="network")


class RemoteError(ExogenesisError):
    """Bytes from outside are not acceptable; nothing of them was used."""

    exit_code = 5

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"


class RefusedError(ExogenesisError):
    """The other side refused a request; ``code`` is its reason."""

    exit_code = 6

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]"
