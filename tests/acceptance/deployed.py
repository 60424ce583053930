"""The files of docs/deploy/, and a far end for what they name."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "docs" / "deploy"
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
SERVICES = ("feedmill.service", "feedmill-fetch.service")
DATABASE_FOLDER, PUBLIC_FOLDER = "/var/lib/feedmill", "/var/cache/feedmill"


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


@contextmanager
def far_end(status: int, seen: Callable[[str], None] = lambda _path: None) -> Iterator[int]:
    """Stands for feedmill's own server, which answers everything alike; its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "13")
            self.send_header("Content-Type", "text/html")
            self.send_header("Cache-Control", "no-cache")
            self.send_header("Content-Security-Policy", "default-src 'self'")
            self.end_headers()
            self.wfile.write(b"from feedmill")

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
