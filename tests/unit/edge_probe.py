"""Plays both services and the client of test_edge_behaviour.py inside the machines' image; prints JSON."""

import base64
import http.client
import json
import ssl
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FLOATING, MAC_A, MAC_B = "192.168.100.100", "192.168.100.10", "192.168.100.11"
attempts: Counter[str] = Counter()
cut_short = threading.Event()


class Service(BaseHTTPRequestHandler):
    """Answers what it was told; while ``cut_short`` is set, closes without an answer, once per method."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        machine = {MAC_A: "mac-a", MAC_B: "mac-b"}[self.connection.getsockname()[0]]
        if cut_short.is_set() and self.path != "/ready":
            attempts[self.command] += 1
            if attempts[self.command] == 1:
                self.close_connection = True
                return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"machine": machine, "headers": headers}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Standard output is the probe's result."""


def serve(address: str) -> ThreadingHTTPServer:
    """Start the service of one machine."""
    server = ThreadingHTTPServer((address, 8000), Service)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


def stop(server: ThreadingHTTPServer) -> None:
    """End a service: from now on its port refuses."""
    server.shutdown()
    server.server_close()


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile="cert.pem")


def ask(
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    *,
    host: str = FLOATING,
    port: int = 443,
    plain: bool = False,
) -> dict[str, Any]:
    """One request on a connection of its own."""
    connection = (
        http.client.HTTPConnection(host, port, timeout=10)
        if plain
        else http.client.HTTPSConnection(host, port, timeout=10, context=trusting())
    )
    # Without a body: HAProxy would not repeat a request whose body it no longer holds, whatever it is told.
    connection.request(method, path, b"" if method == "POST" else None, headers or {})
    answer = connection.getresponse()
    text = answer.read().decode()
    found: dict[str, Any] = {
        "status": answer.status,
        "headers": {name.lower(): value for name, value in answer.getheaders()},
        "text": text,
    }
    if "json" in found["headers"].get("content-type", "json") and text.startswith("{"):
        found["body"] = json.loads(text)
    connection.close()
    return found


def older_tls() -> str:
    """What comes of a client that speaks TLS 1.2 at most."""
    context = trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        http.client.HTTPSConnection(FLOATING, 443, timeout=10, context=context).request("GET", "/")
    except ssl.SSLError:
        return "refused"
    return "accepted"


def protocol() -> str | None:
    """The version that a client of today gets."""
    connection = http.client.HTTPSConnection(FLOATING, 443, timeout=10, context=trusting())
    connection.connect()
    return connection.sock.version()


def until(condition: Any) -> None:
    """Wait at most ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit("the edge did not get there in ten seconds")


def statistics(path: str, password: str | None = None, method: str = "GET") -> dict[str, Any]:
    """A request to the statistics of mac-a."""
    given = base64.b64encode(f"monitoring:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {given}"} if password else {}
    return ask(path, method, headers, host=MAC_A, port=8404)


def main(password: str) -> dict[str, Any]:
    """Everything in one pass, the services dying towards the end."""
    mac_a, mac_b = serve(MAC_A), serve(MAC_B)
    until(lambda: ask("/api/v1/ping").get("body", {}).get("machine") == "mac-a")
    seen: dict[str, Any] = {
        "read": ask("/api/v1/ping?value=1"),
        "plain": ask("/api/v1/ping?value=1", "POST", plain=True, port=80),
        "protocol": protocol(),
        "tls_1_2": older_tls(),
        "named": ask("/api/v1/patients/the-first?name=fulano", headers={"X-Request-ID": "visit-42"}),
        "elsewhere": ask("/documents/the-second?name=fulano"),
        "liar": ask(
            "/",
            headers={
                "X-Forwarded-For": "1.2.3.4",
                "X-Forwarded-Host": "elsewhere",
                "X-Forwarded-Proto": "http",
                "X-Real-IP": "1.2.3.4",
                "Forwarded": "for=1.2.3.4",
                "X-Request-ID": "no spaces, please",
            },
        ),
        "metrics": ask("/metrics"),
        "hidden_metrics": ask("/%6detrics"),
        "statistics_stranger": statistics("/"),
        "statistics_wrong": statistics("/", "guess"),
        "statistics": statistics("/", password),
        "statistics_metrics": statistics("/metrics", password),
        "statistics_order": statistics("/;?action=disable&s=mac-a&b=service", password, "POST"),
        "after_order": ask("/api/v1/ping"),
    }
    cut_short.set()
    seen["read_cut_short"] = ask("/api/v1/ping")
    seen["write_cut_short"] = ask("/api/v1/ping", "POST")
    cut_short.clear()
    seen["attempts"] = dict(attempts)
    stop(mac_a)
    seen["mac_a_died"] = [ask("/api/v1/ping", "POST" if number % 2 else "GET") for number in range(20)]
    stop(mac_b)
    until(lambda: ask("/")["status"] == 503)
    time.sleep(2)
    seen["nobody"] = ask("/api/v1/ping")
    seen["nobody_browser"] = ask("/", headers={"Accept": "text/html,*/*"})
    seen["alive"] = ask("/", host="127.0.0.1", port=8405, plain=True)
    time.sleep(0.2)
    with open("haproxy.log", encoding="utf-8") as log:
        seen["log"] = log.read()
    return seen


print(json.dumps(main(sys.argv[1])))
