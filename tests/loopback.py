"""A server of a test's own on loopback."""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType
from typing import Self


class Loopback:
    """Answers in a thread of its own for as long as the `with` lasts."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self.server = server
        self.port: int = server.server_address[1]
        self.stopping = threading.Event()  # whoever takes his time to answer looks at it, or waits for it
        self.thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"
