"""The files of docs/deploy/ with the programs themselves, where they are installed."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from command import PATIENCE
from deployed import PUBLIC_FOLDER, SERVICES, far_end, text

from feeds.publishing.pages import SECURITY_POLICY
from feeds.serving.files import MEDIA_TYPES
from feeds.serving.negotiation import wants_page

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")  # where Debian users do not look
PUBLISHED = ("index.html", "atom.xml", "rss.xml", "feed.json", "feeds.opml", "wheat/atom.xml", "wheat/rss.xml",
             "wheat/feed.json", "wheat/archive/1.xml", "more.json", "assets/script.js", "assets/style.css", "assets/feed.xsl", "assets/logo.svg", "robots.txt", "subscribe.html", "wheat/subscribe.html", "page-less/atom.xml")  # fmt: skip
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ACCEPTED = (
    BROWSER,
    "TEXT/HTML",
    "application/xhtml+xml, text/html;q=0.9, */*;q=0.8",
    "application/rss+xml, text/html",
    "text/html, */*",
    "text/html;q=0, */*;q=0.5",
    "text/html;q=0.1, application/atom+xml",
    "*/*",
    "text/htmlx",
)
POLICY = f"{SECURITY_POLICY}; frame-ancestors 'none'"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_understands_the_units_and_finds_them_well_shut(tmp_path: Path) -> None:
    names = [*SERVICES, "feedmill-fetch.timer"]
    for name in names:  # feedmill itself is not installed where the units look for it
        here = text(name).replace("/opt/feedmill/bin/feedmill", "/bin/true")
        (tmp_path / name).write_text(here, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names)],
        capture_output=True, text=True, timeout=PATIENCE, env=environment, cwd=tmp_path,
    )  # fmt: skip
    ours = [line for line in verified.stderr.splitlines() if "feedmill" in line]
    assert not ours
    for name in SERVICES:
        rated = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(tmp_path / name)],
            capture_output=True, text=True, timeout=PATIENCE, env=environment,
        )  # fmt: skip
        assert rated.returncode == 0, rated.stdout[-500:] + rated.stderr


@pytest.mark.skipif(not NGINX, reason="needs nginx")
def test_nginx_serves_the_published_files_as_feedmill_does(tmp_path: Path) -> None:
    with far_end(200) as upstream:
        port = free_port()
        server = (
            text("nginx.conf")
            .replace("listen 80;", f"listen 127.0.0.1:{port};")
            .replace("listen [::]:80;", "")
            .replace(PUBLIC_FOLDER, str(published(tmp_path / "public")))
            .replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")
        )
        folders = "".join(
            f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.geteuid() == 0 else ""  # else its workers may not look into our folder
        config = f"{user}\npid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}{server}\n}}\n"
        (tmp_path / "nginx.conf").write_text(config, encoding="utf-8")
        command = [NGINX or "", "-e", "stderr", "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"]
        with running(command, port, tmp_path):
            assert_it_serves_as_feedmill_does(port)


@pytest.mark.skipif(not shutil.which("caddy"), reason="needs caddy")
def test_caddy_serves_the_published_files_as_feedmill_does(tmp_path: Path) -> None:
    with far_end(200) as upstream:
        port = free_port()
        config = (
            text("Caddyfile")
            .replace("mill.example {", f"{{\n\tadmin off\n}}\nhttp://127.0.0.1:{port} {{")
            .replace(PUBLIC_FOLDER, str(published(tmp_path / "public")))
            .replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")
        )
        (tmp_path / "Caddyfile").write_text(config, encoding="utf-8")
        command = ["caddy", "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
        with running(command, port, tmp_path):
            assert_it_serves_as_feedmill_does(port)


def assert_it_serves_as_feedmill_does(port: int) -> None:
    for path in PUBLISHED:
        status, headers, body = get(port, f"/{path}")
        name, suffix = Path(path).name, Path(path).suffix
        expected = MEDIA_TYPES.get(name) or MEDIA_TYPES[suffix]
        assert (status, body) == (200, content(path)), path
        assert headers["content-type"].partition(";")[0] == expected, path
        assert headers["content-type"].partition(";")[2].replace(" ", "").lower() in ("charset=utf-8", ""), path
        assert headers["cache-control"] == "max-age=300"
        assert get(port, f"/{path}", **{"If-None-Match": headers["etag"]})[0] == 304
        if len(body) > 1000:
            compressed = get(port, f"/{path}", **{"Accept-Encoding": "gzip"})
            assert compressed[1].get("content-encoding") == "gzip", path
            assert gzip.decompress(compressed[2]) == body
            etag = compressed[1]["etag"]
            assert etag not in (headers["etag"], f"W/{headers['etag']}")
            assert get(port, f"/{path}", **{"Accept-Encoding": "gzip", "If-None-Match": etag})[0] == 304
        assert get(port, f"/{path}.gz")[0] == 404
    assert get(port, "/")[2] == content("index.html")
    for hidden in ("/.feedmill.lock", "/wheat/.feedmill-atom.xml", "/nothing"):
        assert get(port, hidden)[0] == 404, hidden
    for folder in ("/", "/wheat/"):
        for feed in ("atom.xml", "rss.xml", "feed.json"):
            status, headers, body = get(port, f"{folder}{feed}?x", Accept=BROWSER)
            assert (status, body) == (200, content(f"{folder}subscribe.html"[1:])), feed
            assert headers["content-type"].replace(" ", "").lower() == "text/html;charset=utf-8"
            assert headers["content-security-policy"] == get(port, "/")[1]["content-security-policy"] == POLICY
            assert headers["referrer-policy"] == "no-referrer"
            assert "Accept" in headers["vary"].split(", ")
            _, headers, _ = get(port, f"{folder}{feed}", Accept="application/rss+xml, text/html;q=0.5")
            assert "Accept" in headers["vary"].split(", ")
            assert "content-security-policy" not in headers
    assert get(port, "/page-less/atom.xml", Accept=BROWSER)[2] == content("page-less/atom.xml")
    for accept in ACCEPTED:
        expected = "subscribe.html" if wants_page(accept) else "rss.xml"
        assert get(port, "/rss.xml", Accept=accept)[2] == content(expected), accept
    assert get(port, "/healthz")[2] == get(port, "/metrics")[2] == b"from feedmill"
    _, headers, _ = get(port, "/status/")
    assert (headers["cache-control"], headers["content-security-policy"]) == ("no-cache", "default-src 'self'")


def content(path: str) -> bytes:
    return f"<!-- {path} -->".encode() + b" wheat" * 400


def published(folder: Path) -> Path:
    """A published tree, with what feedmill leaves in it while it writes."""
    for path in (*PUBLISHED, ".feedmill.lock", "wheat/.feedmill-atom.xml"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content(path))
        if not Path(path).name.startswith("."):
            (folder / f"{path}.gz").write_bytes(gzip.compress(content(path)))
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def get(port: int, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        headers: dict[str, str] = {}
        for name, value in answer.getheaders():
            headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
        return answer.status, headers, answer.read()
    finally:
        connection.close()


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[None]:
    """A web server, from when it answers; ended again."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
    try:
        wait_for(port, process, folder / "log")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
