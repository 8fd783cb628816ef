"""Plays API servers, instances of the records and their clients for test_tunnels_behaviour.py; prints JSON.

Every server's certificate lies in NAME.pem. ``claims`` says who calls itself primary, or hangs.
"""

import contextlib
import json
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FLOATING = "192.168.100.100"
OWN_DOOR = "127.0.0.1"
INSTANCES = {f"records-{number}": f"10.96.77.{number}" for number in (1, 2, 3, 4)}
API_SERVERS = {"mac-a": "192.168.100.10", "mac-b": "192.168.100.11", "witness": "192.168.100.12"}
# Shows a certificate of an authority that nobody knows, and one of the right authority for another name.
IMPOSTORS = {"records-3", "records-4"}
claims: dict[str, bool | None] = {name: name in IMPOSTORS for name in INSTANCES}
ready: dict[str, bool] = dict.fromkeys(API_SERVERS, True)


class Status(BaseHTTPRequestHandler):
    """What an instance says about itself, or an API server about its readiness."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        here = self.connection.getsockname()[0]
        names = {address: name for name, address in {**INSTANCES, **API_SERVERS}.items()}
        name = names[here]
        if name in claims:
            while claims[name] is None:
                time.sleep(0.05)
            body, status = json.dumps({"isPrimary": claims[name], "pod": name}, separators=(",", ":")), 200
            status = status if self.path == "/pg/status" else 404
        else:
            body = name
            status = 200 if ready[name] or self.path != "/readyz" else 500
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Standard output is the probe's result."""


class Quiet(ThreadingHTTPServer):
    """Says nothing about the clients that do not trust it."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """They are what the test is about."""


def serve(name: str, address: str, port: int) -> ThreadingHTTPServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{name}.pem")
    server = Quiet((address, port), Status)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


def greet(name: str, address: str) -> None:
    """An instance at its own port: says its name, then echoes."""
    listener = socket.create_server((address, 5432))

    def talk(connection: socket.socket) -> None:
        try:
            connection.sendall(f"{name}\n".encode())
            while data := connection.recv(1000):
                connection.sendall(data)
        except OSError:
            pass

    def accept() -> None:
        while True:
            threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def session() -> tuple[socket.socket, str]:
    """A connection to the records, and who greeted; nobody when it was closed instead."""
    connection = socket.create_connection((FLOATING, 5432), timeout=10)
    try:
        return connection, connection.recv(1000).decode().strip() or "nobody"
    except ConnectionResetError:
        return connection, "nobody"


def primary() -> str:
    connection, name = session()
    connection.close()
    return name


def cut_after(connection: socket.socket) -> float:
    """Seconds until the edge ends ``connection``."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        connection.recv(1000)
    return time.monotonic() - began


def api(address: str = FLOATING) -> str:
    """Which machine's API server answers at ``address``, the floating one by default."""
    context = ssl.create_default_context(cafile="cluster.pem")
    context.check_hostname = False
    try:
        with context.wrap_socket(socket.create_connection((address, 6443), timeout=10)) as connection:
            connection.sendall(b"GET /who HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n")
            answer = b""
            while data := connection.recv(1000):
                answer += data
            return answer.decode().rpartition("\r\n")[2]
    except (ssl.SSLError, ConnectionResetError):
        return "nobody"


def until(condition: Any, what: str) -> float:
    """Wait at most ten seconds; return how many it took."""
    began = time.monotonic()
    while time.monotonic() < began + 10:
        try:
            if condition():
                return time.monotonic() - began
        except OSError:
            pass
        time.sleep(0.02)
    with open("haproxy.log", encoding="utf-8") as log:
        sys.exit(f"after ten seconds still not: {what}\n{log.read()[-3000:]}")


def steadily(look: Any) -> list[str]:
    """Who answered, over a second and a half: longer than three checks."""
    seen = set()
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        seen.add(look())
        time.sleep(0.05)
    return sorted(seen)


def records() -> dict[str, Any]:
    """Primaries come, go, move, quarrel and hang."""
    seen: dict[str, Any] = {"no_primary": steadily(primary)}
    claims["records-1"] = True
    until(lambda: primary() == "records-1", "records-1 is primary")
    seen["one_primary"] = steadily(primary)

    loyal, _ = session()
    claims["records-2"] = True
    until(lambda: primary() == "nobody", "two primaries are refused")
    seen["two_primaries"] = steadily(primary)

    claims["records-1"] = False
    seen["cut_after_move_s"] = cut_after(loyal)
    until(lambda: primary() == "records-2", "records-2 is primary")
    seen["moved"] = steadily(primary)

    stuck, _ = session()
    claims["records-2"] = None
    seen["cut_after_hang_s"] = cut_after(stuck)
    until(lambda: primary() == "nobody", "a primary that hangs is left")
    claims["records-2"] = True
    until(lambda: primary() == "records-2", "records-2 is back")
    connection, _ = session()
    connection.sendall(b"patient the-first")
    seen["echo"] = connection.recv(1000).decode()
    connection.close()
    return seen


def cluster(servers: dict[str, ThreadingHTTPServer]) -> dict[str, Any]:
    """API servers die one after the other; the witness's shows another machine's certificate."""
    until(lambda: api() == "mac-a", "an API server answers")
    time.sleep(1.5)
    seen: dict[str, Any] = {"own": steadily(api)}
    servers["mac-a"].shutdown()
    servers["mac-a"].server_close()
    seen["own_died_s"] = until(lambda: api() == "mac-b", "the other one answers")
    seen["other"] = steadily(api)
    seen["other_at_own_door"] = steadily(lambda: api(OWN_DOOR))
    ready["mac-b"] = False
    until(lambda: api() == "nobody", "an API server that is not ready is left")
    seen["none"] = steadily(api)
    serve("mac-a", API_SERVERS["mac-a"], 6444)
    until(lambda: api() == "mac-a", "the own one is back")
    return seen


def main() -> dict[str, Any]:
    """Both, one after the other."""
    for name, address in INSTANCES.items():
        serve(name, address, 8000)
        greet(name, address)
    servers = {name: serve(name, address, 6444) for name, address in API_SERVERS.items()}
    until(lambda: primary() == "nobody", "the edge listens")
    seen: dict[str, Any] = {"records": records(), "cluster": cluster(servers)}
    time.sleep(0.2)
    with open("haproxy.log", encoding="utf-8") as log:
        seen["log"] = log.read()
    return seen


print(json.dumps(main()))
