"""``omega catalog``: build a signed catalogue pack, and look into one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from exogenesis.cli.keyfile import read_key, read_secret, write_public, write_secret
from exogenesis.cli.packfile import read_pack
from exogenesis.disk import disk_errors, replace_file
from exogenesis.errors import CatalogError, InputError
from exogenesis.wire.fields import digest, signing_pair
from exogenesis.wire.pack import Pack, encode_pack
from exogenesis.wire.query import decode_query

SEED_BYTES = 32
PUBLIC_BYTES = 32

_FILE = click.Path(dir_okay=False, path_type=Path)
_BUILD_EXAMPLE = "Example: omega catalog build --from ml-latest-small --out catalog.pack"
_SHOW_EXAMPLE = "Example: omega catalog show catalog.pack"


@click.group()
def catalog() -> None:
    """Build and inspect the signed catalogue pack that televisions load."""


@catalog.command(epilog=_BUILD_EXAMPLE)
@click.option(
    "--from",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder with titles.jsonl, or MovieLens movies.csv, or MovieLens u.item.",
)
@click.option("--out", required=True, type=_FILE, help="The pack; continued if it exists.")
@click.option("--key", type=_FILE, help="Signing key; made if missing.  [default: OUT.key]")
@click.option("--lineage", help="Name of the lineage.  [default: that of the pack, or 'main']")
@click.option("--previous", type=_FILE, help="Pack whose title order is kept.  [default: OUT]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def build(
    folder: Path,
    out: Path,
    key: Path | None,
    lineage: str | None,
    previous: Path | None,
    as_json: bool,
) -> None:
    """Turn a folder of titles into a signed pack.

    Titles keep their place for ever within a lineage: building again over an existing pack
    appends what is new and marks what is gone as unavailable. The signing key stays with the
    operator; its public half (.pub) goes into the televisions.
    """
    from exogenesis.constellation.catalog.folder import read_titles, size_bytes

    try:
        from exogenesis.constellation.catalog.build import build_pack
    except ImportError as error:
        raise InputError(
            "building a catalogue needs scikit-learn: pip install 'exogenesis-omega[catalog]'"
        ) from error
    key = key or out.with_name(f"{out.name}.key")
    for path in (out, key):
        with disk_errors(path):
            if not path.exists() and not path.parent.is_dir():
                raise InputError(f"there is no folder {path.parent} for {path.name}: make it first")
    seed = read_secret(key, SEED_BYTES) if key.exists() else None
    continued = _previous(previous or (out if out.exists() else None), key, seed)
    length = size_bytes(folder)
    with click.progressbar(
        length=length, label="reading", file=sys.stderr, update_min_steps=1 + length // 200
    ) as bar:
        entries = read_titles(folder, bar.update)
    click.echo(f"encoding {len(entries)} titles", err=True)
    name = lineage or (continued.lineage if continued else "main")
    pack = build_pack(entries, lineage=name, previous=continued)
    seed = seed or _new_key(key)
    public, secret = signing_pair(seed)
    _publish_key(key.with_suffix(".pub"), public)
    raw = encode_pack(pack, secret)
    replace_file(out, raw)
    _print(out, raw, pack, as_json)


@catalog.command(epilog=_SHOW_EXAMPLE)
@click.argument("file", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--catalog-key", type=_FILE, help="Public key of the catalogue.  [default: FILE.pub]")
def show(file: Path, as_json: bool, catalog_key: Path | None) -> None:
    """Check the signature of a pack and say what is in it."""
    beside = file.with_name(f"{file.name}.pub")
    if catalog_key is None and not beside.exists():
        raise InputError(f"there is no {beside}; name the public key with --catalog-key")
    public = read_key(catalog_key or beside, PUBLIC_BYTES)
    raw, pack = read_pack(file, public, key_option="--catalog-key")
    _print(file, raw, pack, as_json)


def _previous(path: Path | None, key: Path, seed: bytes | None) -> Pack | None:
    """Read the pack to continue; it must be signed by the same key."""
    if path is None:
        return None
    if seed is None:
        raise InputError(f"to continue {path}, name its signing key with --key; {key} is not there")
    try:
        return read_pack(path, signing_pair(seed)[0], key_option="--key")[1]
    except CatalogError as error:
        raise CatalogError(
            f"{error}; to begin anew write to another file", code=error.code
        ) from error


def _new_key(path: Path) -> bytes:
    seed = os.urandom(SEED_BYTES)
    write_secret(path, seed)
    click.echo(f"made the signing key {path}: keep it secret, and keep a copy", err=True)
    return seed


def _publish_key(path: Path, public: bytes) -> None:
    if not path.exists():
        write_public(path, public)
        click.echo(f"made the public key {path}: it goes into the televisions", err=True)
    elif read_key(path, PUBLIC_BYTES) != public:
        raise InputError(f"{path} belongs to another signing key; move it away and repeat")


def _print(path: Path, raw: bytes, pack: Pack, as_json: bool) -> None:
    facts = {
        "file": str(path),
        "bytes": len(raw),
        "digest": digest(raw).hex(),
        "lineage": pack.lineage,
        "lineage_id": pack.lineage_id.hex(),
        "encoder": pack.encoder,
        "titles": len(pack.titles),
        "titles_withdrawn": sum(title.available_until == 0 for title in pack.titles),
        "titles_without_words": int((pack.content_scales == 0).sum()),
        "series": sum(title.episodes is not None for title in pack.titles),
        "regions": len(pack.regions),
        "words_to_search_by": len(decode_query(pack.query).rows) if pack.query else 0,
    }
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name.replace('_', ' '):21}{value}")
