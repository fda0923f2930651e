"""The application on a real port, as a browser meets it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    # The test runner keeps its own signal handlers.
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serves a started `app` on a free port of 127.0.0.1; gives the address, such as http://127.0.0.1:4711."""
    config = uvicorn.Config(app, lifespan="off", log_level="warning", ws="none")
    server = _Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        if hasattr(app.state, "live"):
            app.state.live.close()
        server.should_exit = True
        await task
