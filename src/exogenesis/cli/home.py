"""A television's home folder as the command keeps it: the settings, the pack and the store."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from exogenesis.cli.packfile import read_pack
from exogenesis.disk import replace_file
from exogenesis.errors import InputError, StorageError
from exogenesis.tv import Brain, BrainConfig, Catalog
from exogenesis.wire.fields import digest

SETTINGS_FILE = "settings.json"
PACK_FILE = "catalog.pack"
CONSTELLATION = ("server", "worker_key", "token", "ca_file")
"""The settings that go when a television is to have no server."""

_SETTINGS_BYTES_MAX = 64 << 10
_KEY = re.compile("[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What ``omega tv init`` was told; keys and token as hexadecimal digits."""

    catalog_key: str
    server: str | None = None
    worker_key: str | None = None
    token: str | None = None
    ca_file: str | None = None
    region: str | None = None

    def __post_init__(self) -> None:
        """Check what may come from a file.

        Raises:
            TypeError, ValueError: naming the field; without its content, which may be secret.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, str) and (value is not None or field.name == "catalog_key"):
                raise TypeError(f"{field.name} is no text")
        for name in ("catalog_key", "worker_key", "token"):
            value = getattr(self, name)
            if value is not None and not _KEY.fullmatch(value):
                raise ValueError(f"{name} has not 64 hexadecimal digits")

    def config(self, home: Path) -> BrainConfig:
        """The same for the brain."""
        return BrainConfig(
            storage_path=home,
            server_url=self.server,
            worker_public=None if self.worker_key is None else bytes.fromhex(self.worker_key),
            catalog_public=bytes.fromhex(self.catalog_key),
            enrol_token=None if self.token is None else bytes.fromhex(self.token),
            ca_file=None if self.ca_file is None else Path(self.ca_file),
            region=self.region,
        )


@dataclass(frozen=True, slots=True)
class Television:
    """An opened home."""

    brain: Brain
    catalog: Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """How a home stands after :func:`initialise`.

    Attributes:
        titles: titles of the catalogue.
        encoder: which program made the content vectors.
        consent: whether anything may leave.
        server: the constellation's address, or None.
    """

    titles: int
    encoder: str
    consent: bool
    server: str | None


def default_home() -> Path:
    """The folder in the user's data folder that is used when none is named."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "exogenesis-omega" / "tv"


def initialise(home: Path, pack: Path | None, named: Mapping[str, str | None]) -> Installed:
    """Make a home, or give an existing one a new pack of its lineage or other settings.

    Args:
        home: the folder; one that is made here goes again when this fails.
        pack: the signed pack; None keeps the one in use.
        named: settings by name, None to drop one; those that are not named stay.

    Raises:
        CatalogError: the pack is not acceptable, or not for this home.
        InputError: a setting is missing or not usable, or the pack cannot be read.
        StorageError: the home cannot be written.
    """
    stored = {**_earlier(home), **named}
    catalog_key = stored.pop("catalog_key", None)
    if catalog_key is None or (pack is None and not (home / PACK_FILE).exists()):
        raise InputError(f"{home} has no catalogue yet: name --pack and --catalog-key")
    settings = Settings(catalog_key=catalog_key, **stored)
    if settings.server is not None and settings.worker_key is None:
        raise InputError("a server needs --worker-key: the key that signs its rounds is pinned")
    raw, catalog = _catalog(pack or home / PACK_FILE, settings)
    with _whole_or_gone(home):
        brain = _open(home, catalog, settings)
        consent = brain.consented
        brain.close()
        store_pack(home, raw)
        text = json.dumps(asdict(settings), indent=1)
        replace_file(home / SETTINGS_FILE, text.encode(), mode=0o600)
    return Installed(
        titles=len(catalog), encoder=catalog.encoder, consent=consent, server=settings.server
    )


def _earlier(home: Path) -> dict[str, str | None]:
    """The settings so far; none in a new home, and none where they are damaged."""
    try:
        return asdict(_settings(home))
    except InputError:
        return {}


def _catalog(pack: Path, settings: Settings) -> tuple[bytes, Catalog]:
    """Read a pack: its bytes, and the catalogue they make."""
    public = bytes.fromhex(settings.catalog_key)
    raw, decoded = read_pack(pack, public, key_option="--catalog-key")
    return raw, Catalog.from_pack(decoded, pack_digest=digest(raw))


@contextmanager
def _whole_or_gone(home: Path) -> Iterator[None]:
    """Take a home away again, and the folders above it, that was made in a block that failed."""
    made = [folder for folder in (home, *home.parents) if not folder.exists()]
    try:
        yield
    except BaseException:
        if made:
            shutil.rmtree(home, ignore_errors=True)
        for folder in made[1:]:
            with suppress(OSError):
                folder.rmdir()
        raise


def store_pack(home: Path, pack: bytes) -> None:
    """Put a checked pack into use, from the next opening on.

    Raises:
        StorageError: it cannot be written.
    """
    replace_file(home / PACK_FILE, pack, mode=0o600)


@contextmanager
def opened(home: Path) -> Iterator[Television]:
    """Open a home for one command.

    Raises:
        InputError: there is none; make it with ``omega tv init``.
    """
    settings = _settings(home)
    _, catalog = _catalog(home / PACK_FILE, settings)
    brain = _open(home, catalog, settings)
    try:
        yield Television(brain, catalog)
    finally:
        brain.close()


def _settings(home: Path) -> Settings:
    path = home / SETTINGS_FILE
    try:
        with path.open("rb") as file:
            raw = file.read(_SETTINGS_BYTES_MAX + 1)
        if len(raw) > _SETTINGS_BYTES_MAX:
            raise ValueError(f"longer than {_SETTINGS_BYTES_MAX} bytes")
        return Settings(**json.loads(raw))
    except FileNotFoundError as error:
        raise InputError(f"there is no television in {home}: run `{_init(home)}`") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(
            f"{path} is damaged ({error}): run `{_init(home)}` again, with --server, --worker-key "
            "and --token if it had a constellation"
        ) from error


def _init(home: Path) -> str:
    return f"omega tv --home {shlex.quote(str(home))} init --pack FILE --catalog-key FILE"


def _open(home: Path, catalog: Catalog, settings: Settings) -> Brain:
    if home.exists() and not os.access(home, os.W_OK):  # SQLite would speak of an I/O error
        raise StorageError(
            f"{home} cannot be written to; choose another folder with --home, or give this user "
            "the right to it"
        )
    return Brain.open(
        settings.config(home),
        catalog=catalog,
        clock=time.time_ns,
        rng=np.random.default_rng(int.from_bytes(os.urandom(16))),
        entropy=os.urandom,
        timer=time.monotonic_ns,
        offset_s=lambda at: time.localtime(at).tm_gmtoff,
    )
