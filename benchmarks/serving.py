"""What a request costs the server: `feedmill serve` and nginx, side by side, with the same files.

    python benchmarks/serving.py                    # Linux, with Debian's nginx; --json for one object a line

A feed of about 200 KB is published, and a folder of its own is served by both. One client asks over a few connections
that stay open, one request at a time, and reads every answer whole; it looks at each answer's status and length. The
servers take turns within a lap. What counts is the CPU that the kernel counted for the server's process while it
answered; each kind of request is one a feed reader makes: plain, gzip, and a 304.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from statistics import median

from documents import CHINESE, ENGLISH
from feeds.publishing import output

PATH = "atom.xml"
SIZE = 200_000
CONNECTIONS = 4
PATIENCE = 10.0  # seconds
KINDS = {"plain": "", "gzip": "Accept-Encoding: gzip\r\n", "304": "If-None-Match: {etag}\r\n"}
REQUESTS = {"plain": 4_000, "gzip": 8_000, "304": 12_000}  # of a lap
HEADERS = "Host: mill.example\r\nUser-Agent: bench/1.0\r\nAccept: application/atom+xml, */*;q=0.1\r\n"
CONFIG = "site: {{title: Bench}}\nserver: {{port: {port}}}\noutput: public\nsources: []\n"
# What a careful person would write for such a folder; nothing that makes it slower.
NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr; events {{}}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  open_file_cache max=1000 inactive=60s; open_file_cache_valid 1s;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{
    listen 127.0.0.1:{port}; root {folder}/public; gzip_static on; gzip_vary on;
    types {{}} default_type "application/atom+xml; charset=utf-8"; add_header Cache-Control max-age=300;
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    name: str
    pid: int
    port: int

    def cpu(self) -> float:
        """Seconds that all its threads have had a core."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    server: str
    kind: str
    bytes: int
    cpu_us: float  # of one request
    per_second: float  # requests of this client, one at a time: what the wall clock says


def run_laps(*, laps: int, share: float) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="feedmill-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        publish(folder)
        servers = [stack.enter_context(start(folder)) for start in (feedmill, nginx)]
        spent: dict[tuple[str, str], list[Row]] = {}
        for lap in range(laps + 1):  # the first one warms up
            for kind in KINDS:
                for server in servers:
                    row = measure(server, kind, max(100, int(REQUESTS[kind] * share)))
                    if lap:
                        spent.setdefault((server.name, kind), []).append(row)
    return [_median(rows) for rows in spent.values()]


def publish(folder: Path) -> None:
    """A feed of articles with prose of their own, of which gzip leaves a third: the farm's bodies repeat themselves."""
    words = sorted({word for script in (ENGLISH, CHINESE) for line in script.sentences for word in line.split()})
    drawn = (words[int(sha256(b"%d" % at).hexdigest(), 16) % len(words)] for at in count())
    written = b"<feed>\n"
    while len(written) < SIZE:
        text = " ".join(islice(drawn, 600))
        written += f'  <entry>\n    <content type="html">&lt;p&gt;{text}&lt;/p&gt;</content>\n  </entry>\n'.encode()
    output.put(folder / "public", PATH, written + b"</feed>\n")


def measure(server: Server, kind: str, requests: int) -> Row:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(closing(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)))
            for _ in range(CONNECTIONS)
        ]
        etag = re.search(rb"(?i)\r\netag: (\S+)", _ask(clients[0], _request(""))[0])
        assert etag, "no ETag"
        request = _request(KINDS[kind].format(etag=etag[1].decode()))
        _, length = _ask(clients[0], request)
        for client in clients[1:]:  # connecting is not what is measured
            _ask(client, request)
        cpu, began = server.cpu(), time.perf_counter()
        for at in range(requests):
            head, got = _ask(clients[at % CONNECTIONS], request)
            assert got == length
            assert head.startswith(b"HTTP/1.1 304" if kind == "304" else b"HTTP/1.1 200"), head
        seconds = time.perf_counter() - began
        spent = server.cpu() - cpu
    return Row(
        server=server.name, kind=kind, bytes=length, cpu_us=spent / requests * 1e6, per_second=requests / seconds
    )


def _request(headers: str) -> bytes:
    return f"GET /{PATH} HTTP/1.1\r\n{HEADERS}{headers}\r\n".encode()


def _ask(client: socket.socket, request: bytes) -> tuple[bytes, int]:
    """The head of the answer, and how long its body was."""
    client.sendall(request)
    got = b""
    while b"\r\n\r\n" not in got:
        received = client.recv(262_144)
        assert received, "hung up on"
        got += received
    head, _, body = got.partition(b"\r\n\r\n")
    told = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    length = int(told[1]) if told and b" 304 " not in head[:14] else 0
    left = length - len(body)
    while left > 0:
        left -= len(client.recv(262_144))
    return head, length


@contextmanager
def feedmill(folder: Path) -> Iterator[Server]:
    port = _free_port()
    (folder / "config.yaml").write_text(CONFIG.format(port=port), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from feeds.cli import main; main()",
        "--config",
        str(folder / "config.yaml"),
        "serve",
    ]
    with _running("feedmill", command, port) as server:
        yield server


@contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not found:
        sys.exit("this compares with nginx, which is not installed: apt-get install nginx-light")
    port = _free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
    with _running("nginx", [found, "-e", "stderr", "-c", str(config)], port) as server:
        yield server


@contextmanager
def _running(name: str, command: list[str], port: int) -> Iterator[Server]:
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield Server(name=name, pid=process.pid, port=port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _median(rows: list[Row]) -> Row:
    first = rows[0]
    return Row(
        server=first.server,
        kind=first.kind,
        bytes=first.bytes,
        cpu_us=median(row.cpu_us for row in rows),
        per_second=median(row.per_second for row in rows),
    )


def print_table(rows: list[Row]) -> None:
    print(f"{'':8}{'bytes':>9}{'feedmill':>12}{'nginx':>10}{'times':>8}   µs of CPU a request;  requests a second")
    for kind in KINDS:
        ours, theirs = (next(r for r in rows if (r.server, r.kind) == (name, kind)) for name in ("feedmill", "nginx"))
        times = ours.cpu_us / theirs.cpu_us
        rates = f"{ours.per_second:,.0f} and {theirs.per_second:,.0f}"
        print(f"{kind:8}{ours.bytes:>9,}{ours.cpu_us:>12.1f}{theirs.cpu_us:>10.1f}{times:>8.2f}   {rates:>30}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laps", type=int, default=5, help="how often each is measured; the medians are told")
    parser.add_argument("--quick", action="store_true", help="one lap of a tenth of the requests: does it work at all?")
    parser.add_argument("--json", action="store_true", help="one object a line")
    arguments = parser.parse_args()
    laps, share = (1, 0.1) if arguments.quick else (arguments.laps, 1.0)
    rows = run_laps(laps=laps, share=share)
    if arguments.json:
        for row in rows:
            print(json.dumps({name: getattr(row, name) for name in Row.__slots__}))
    else:
        print_table(rows)


if __name__ == "__main__":
    main()
