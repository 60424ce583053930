"""What docs/deploy/ says can be done: its files fit each other, the command, and the programs they are written for."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml
from command import PATIENCE

from builders import MONDAY
from feeds import settings
from feeds.cli import COMMANDS
from feeds.cli import feedmill as cli
from feeds.daemon.metrics import Metrics
from feeds.publishing.pages import SECURITY_POLICY
from feeds.records import Inventory
from feeds.serving.files import MEDIA_TYPES
from feeds.serving.negotiation import wants_page

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "docs" / "deploy"
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
SERVICES = ("feedmill.service", "feedmill-fetch.service")
DATABASE_FOLDER, PUBLIC_FOLDER = "/var/lib/feedmill", "/var/cache/feedmill"
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


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """A unit file: sections, keys, and each key's values, since many may be given more than once."""
    found: dict[str, dict[str, list[str]]] = {}
    keys: dict[str, list[str]] = {}
    for line in text(name).splitlines():
        if line.startswith("["):
            keys = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, equals, value = line.partition("=")
            assert equals, line
            keys.setdefault(key, []).append(value)
    return found


def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(text("compose.yaml"))
    return parsed


def instructions(word: str) -> list[str]:
    """What stands behind each `word` of the Containerfile; of both stages, in their order."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text("Containerfile"), flags=re.MULTILINE))
    return [line.removeprefix(word).strip() for line in joined.splitlines() if line.startswith(f"{word} ")]


def calls() -> list[list[str]]:
    """The arguments of every call of feedmill that a file or page of docs/deploy/ names."""
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    lines += re.findall(r"`([^`\n]+)`", README)
    lines += [line for name in SERVICES for line in unit(name)["Service"]["ExecStart"]]
    lines.append(f"feedmill {shlex.join(json.loads(instructions('CMD')[-1]))}")
    found = (re.search(r"(?:^|\* |bin/|exec feedmill )feedmill (.+)", line) for line in lines)
    return [shlex.split(call[1]) for call in found if call]


def test_every_call_of_feedmill_names_a_command_and_options_that_there_are() -> None:
    called = set()
    for arguments in calls():
        at = next(place for place, word in enumerate(arguments) if word in COMMANDS)
        name = arguments[at]
        context = cli.make_context("feedmill", arguments[: at + 1])  # raises for an option that there is not
        command = cli.get_command(context, name)
        assert command is not None
        command.make_context(name, arguments[at + 1 :])
        called.add(name)
    assert {"run", "fetch", "check", "sources", "backup", "publish"} <= called


def test_the_config_can_be_used_on_a_machine_and_with_the_documented_change_in_a_container(tmp_path: Path) -> None:
    for_container = next(line for line in README.splitlines() if line.startswith("sed "))
    before_redirection = shlex.split(for_container)[:3]
    changed = subprocess.check_output(before_redirection, cwd=ROOT, text=True, timeout=PATIENCE)
    hosts = []
    for content in (text("config.yaml"), changed):
        path = tmp_path / "config.yaml"
        path.write_text(content, encoding="utf-8")
        loaded = settings.load(path, environ={})
        assert loaded.database == f"sqlite:///{DATABASE_FOLDER}/feedmill.db"
        assert str(loaded.output) == PUBLIC_FOLDER
        assert loaded.server.port == 8080
        hosts.append(loaded.server.host)
    assert hosts == ["127.0.0.1", "0.0.0.0"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_gives_the_service_the_folders_that_the_config_names(name: str) -> None:
    service = unit(name)["Service"]
    assert [f"/var/lib/{folder}" for folder in service["StateDirectory"]] == [DATABASE_FOLDER]
    assert [f"/var/cache/{folder}" for folder in service["CacheDirectory"]] == [PUBLIC_FOLDER]
    assert service["ProtectSystem"] == ["strict"]
    assert service["User"] == ["feedmill"]
    assert "--config /etc/feedmill/config.yaml" in service["ExecStart"][0]


def test_both_units_may_do_the_same() -> None:
    about_the_run = {"Type", "ExecStart", "ExecReload", "TimeoutStartSec", "TimeoutStopSec", "WatchdogSec", "Restart",
                     "RestartSec", "RestartPreventExitStatus"}  # fmt: skip
    daemon, once = ({k: v for k, v in unit(name)["Service"].items() if k not in about_the_run} for name in SERVICES)
    assert daemon == once


def test_the_daemon_is_watched_reloaded_and_given_time_to_end() -> None:
    service = unit("feedmill.service")["Service"]
    assert service["Type"] == ["notify"]
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["WatchdogSec"]
    assert int(service["TimeoutStopSec"][0].removesuffix("s")) > 25
    assert int(compose()["services"]["feedmill"]["stop_grace_period"].removesuffix("s")) > 25


def test_a_daemon_may_have_more_connections_than_a_shell_allows() -> None:
    limits = {unit(name)["Service"]["LimitNOFILE"][0] for name in SERVICES}
    assert limits == {str(compose()["services"]["feedmill"]["ulimits"]["nofile"])} == {"65536"}


def test_the_timer_starts_the_service_of_its_name() -> None:
    assert set(unit("feedmill-fetch.timer")) == {"Unit", "Timer", "Install"}
    assert unit("feedmill-fetch.service")["Service"]["Type"] == ["oneshot"]
    assert "Install" not in unit("feedmill-fetch.service")


def test_container_and_compose_agree_on_port_and_folders() -> None:
    service = compose()["services"]["feedmill"]
    volumes = {folder: (source, *mode) for source, folder, *mode in (v.split(":") for v in service["volumes"])}
    assert sorted(json.loads(instructions("VOLUME")[0])) == sorted([DATABASE_FOLDER, PUBLIC_FOLDER])
    assert volumes == {
        "/etc/feedmill": ("./config", "ro"), DATABASE_FOLDER: ("store",), PUBLIC_FOLDER: ("public",)
    }  # fmt: skip
    assert set(compose()["volumes"]) == {"store", "public"}
    assert service["ports"] == [f"127.0.0.1:8080:{instructions('EXPOSE')[0]}"]
    assert "FEEDMILL_CONFIG=/etc/feedmill/config.yaml" in instructions("ENV")[0]
    assert f"--tag {service['image']} " in README


def test_the_container_does_not_run_as_root() -> None:
    assert instructions("USER") == ["feedmill"]
    made = instructions("RUN")[1]
    assert all(f"-o feedmill {folder}" in made for folder in (DATABASE_FOLDER, PUBLIC_FOLDER))


def test_the_container_is_built_from_all_that_the_package_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {
        *project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"],
        *project["project"]["license-files"],
        project["project"]["readme"],
        "pyproject.toml",
        "constraints.txt",
    }
    copied = {name for line in instructions("COPY") if not line.startswith("--from") for name in line.split()[:-1]}
    let_in = {line[1:] for line in text("Containerfile.dockerignore").splitlines() if line.startswith("!")}
    assert copied == let_in == needed


def test_the_health_check_fails_while_the_server_is_away_or_unwell() -> None:
    command = json.loads(re.search(r"CMD (\[.*\])$", instructions("HEALTHCHECK")[0])[1])  # type: ignore[index]
    assert command[0] == "python"
    seen: list[str] = []

    def check(port: int) -> int:
        arguments = [word.replace(":8080/", f":{port}/") for word in command[1:]]
        return subprocess.run([sys.executable, *arguments], stderr=subprocess.DEVNULL, timeout=PATIENCE).returncode

    for status in (200, 503):
        with far_end(status, seen.append) as port:
            assert (check(port) == 0) == (status == 200)
    assert check(port) != 0
    assert seen == ["/healthz", "/healthz"]


def test_every_metric_is_documented_and_no_other() -> None:
    metrics = Metrics()
    metrics.ticked("refresh", 1, True, now=MONDAY)
    inventory = Inventory(sources={"active": 1}, due=0, lag=timedelta(), articles=0, tombstones=0)
    told = re.findall(r"^# TYPE (\w+)", metrics.exposition(inventory).decode(), re.MULTILINE)
    assert set(re.findall(r"\bfeedmill_\w+", README)) == {name for name in told if name.startswith("feedmill_")}


def test_the_alerts_are_yaml_about_metrics() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (group,) = yaml.safe_load(block)["groups"]
    assert all("feedmill_" in rule["expr"] for rule in group["rules"])


def test_every_file_is_explained() -> None:
    for path in DEPLOY.iterdir():
        assert path.name in README or path.name == "README.md" or path.suffix == ".dockerignore", path.name


# --- with the programs themselves, where they are installed ---


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
