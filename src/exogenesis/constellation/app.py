"""constellation-server: takes sealed envelopes in, hands signed files out, can open neither."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from exogenesis.constellation.current import CurrentManifest
from exogenesis.constellation.exchange import Public
from exogenesis.constellation.inbox import WAITING_MAX, Inbox
from exogenesis.constellation.routes.close import close
from exogenesis.constellation.routes.enrol import enrol
from exogenesis.constellation.routes.public import health, manifest, pack, page
from exogenesis.constellation.routes.push import push
from exogenesis.constellation.routes.refusals import forget_client, refuse, refuse_http
from exogenesis.constellation.routes.service import Service
from exogenesis.constellation.store.devices import Devices
from exogenesis.constellation.store.pool import PoolFolder
from exogenesis.core.effects import Clock, Entropy
from exogenesis.disk import FolderLock, make_folder
from exogenesis.errors import ExogenesisError

_ROUTES = [
    Route("/v1/push", push, methods=["POST"]),
    Route("/v1/enrol", enrol, methods=["POST"]),
    Route("/v1/close", close, methods=["POST"]),
    Route("/v1/manifest", manifest, methods=["GET"]),
    Route("/v1/pages/{round}/{number}", page, methods=["GET"]),
    Route("/v1/packs/{digest}", pack, methods=["GET"]),
    Route("/v1/health", health, methods=["GET"]),
]


def create_app(
    *,
    home: Path,
    exchange: Path,
    secret: bytes,
    worker_public: bytes,
    clock: Clock,
    entropy: Entropy,
    waiting_max: int = WAITING_MAX,
) -> Starlette:
    """Open the stores in ``home`` and make the server of them; shutting it down closes them.

    Args:
        home: the server's own folder; one process at a time.
        exchange: the folder shared with the worker.
        secret: 32-byte X25519 secret of the server, for enrolment.
        worker_public: pinned Ed25519 key of the worker.
        clock: Unix time.
        entropy: source of pool keys.
        waiting_max: pushes that may wait for a commit.

    Raises:
        StorageError: another server works in ``home``, or a database cannot be opened.
    """
    make_folder(home, mode=0o700)
    lock = FolderLock(home, "server")
    devices = Devices(home / "devices.db")
    public = Public(exchange)
    pools = PoolFolder(exchange)
    inbox = Inbox(home, devices, pools, entropy=entropy, waiting_max=waiting_max)
    current = CurrentManifest(public.manifest_path, worker_public)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        committing = asyncio.create_task(inbox.commit_forever())
        try:
            yield
        finally:
            committing.cancel()
            with suppress(asyncio.CancelledError):
                await committing
            inbox.shut()
            devices.close()
            lock.release()

    app = Starlette(
        routes=_ROUTES,
        lifespan=lifespan,
        exception_handlers={
            ExogenesisError: refuse,
            HTTPException: refuse_http,
            ClientDisconnect: forget_client,
        },
    )
    app.state.service = Service(
        secret=secret,
        worker_public=worker_public,
        devices=devices,
        inbox=inbox,
        public=public,
        current=current,
        clock=clock,
    )
    return app


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.force_exit = False  # it would leave the stores open


def server_of(
    app: Starlette,
    *,
    host: str,
    port: int,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> uvicorn.Server:
    """A web server that runs ``app`` and keeps no record of who called.

    ``.run()`` serves until SIGINT or SIGTERM, then finishes what it has begun; further signals
    do not stop it from that.
    """
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
            access_log=False,
            server_header=False,
            log_level="warning",
            lifespan="on",
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=10,
        )
    )
