"""A machine of the image on which the steps of the cluster run for real, between pretended cluster programs.

curl, openssl, nft and python are the machine's own. kubeadm, kubectl, etcdctl and systemctl only write down
what they are asked (``/calls``) and do what a file tells them. The cluster's API is an HTTPS server with a
certificate of the test's authority.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.kubeadm import CONFIG, VERSION, render_join, render_kubeadm
from components.remote_script import assemble, call
from lab.image import consumer
from tests.unit.stack_files import hospital_of

HOSPITAL = hospital_of("lab")
TOKEN = "abcdef.0123456789abcdef"
CERTIFICATE_KEY = "0f" * 32
MACHINE_ID = "1" * 32

PROGRAMS = {
    "kubeadm": """\
case "$1 $2" in
    "config validate") [ ! -f /invalid ] || { cat /invalid >&2; exit 1; } ;;
    "init --config") mkdir -p /etc/kubernetes/manifests && touch /etc/kubernetes/kubelet.conf ;;
    "init phase") [ "$3" != upload-certs ] || printf 'storing the certificates\\n%s\\n' "$(cat /key)" ;;
    "token create") cat /token ;;
    "join --config")
        cp "$3" /joined-with
        mkdir -p /etc/kubernetes/manifests /etc/kubernetes/pki
        cp /ca.crt /etc/kubernetes/pki/ca.crt
        [ ! -f /join-fails ] || { cat /join-fails >&2; exit 1; } ;;
    "reset --force") rm -rf /etc/kubernetes/* ;;
esac
""",
    "kubectl": """\
case "$*" in
    *"get nodes"*) cat /nodes 2>/dev/null || : ;;
    *"drain "*) [ ! -f /stuck ] || { cat /stuck >&2; exit 1; } ;;
    *conditions*) cat /ready 2>/dev/null || : ;;
    *"get configmap kubeadm-config"*) cat /cluster-configuration ;;
    *"get node "*) cat /taints 2>/dev/null || : ;;
esac
""",
    "etcdctl": """\
case "$*" in
    *"member list"*) cat /members ;;
    *) [ ! -f /etcd ] || { cat /etcd >&2; exit 1; } ;;
esac
""",
    "systemctl": "",
}

DRIVER = """\
import json, os, pathlib, ssl, subprocess, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

story = json.load(open("story.json"))
subprocess.run("ip link set lo up", shell=True, check=True)
for address in ("192.168.100.10", "192.168.100.11", "192.168.100.12", "192.168.100.100"):
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
os.mkdir("/fakes")
for name, body in story["programs"].items():
    path = pathlib.Path("/fakes", name)
    path.write_text(f'#!/bin/sh\\necho "{name} $*" >>/calls\\n{body}')
    path.chmod(0o755)
pathlib.Path("/fakes/uname").write_text("#!/bin/sh\\necho mac-a\\n")
os.chmod("/fakes/uname", 0o755)


class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        allowed = self.headers.get("Authorization") == "Bearer " + story["token"]
        gone = self.path.rsplit("/", 1)[1] in story["gone"]
        status = 200 if self.path == "/readyz" else 401 if not allowed else 404 if gone else 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def serve(address, port):
    server = ThreadingHTTPServer((address, port), Api)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/server.crt", "/server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


for address, port in story["listens"]:
    serve(address, port)
environment = {**os.environ, "PATH": "/fakes:" + os.environ["PATH"]}
said = []
for number, (script, verb) in enumerate(story["steps"]):
    if script.startswith("#"):
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=environment)
    else:
        file = f"/run/step-{number}"
        pathlib.Path(file).write_text(script)
        done = subprocess.run(["sh", file, verb], capture_output=True, text=True, env=environment)
    line = (done.stderr.splitlines() or [""])[-1]
    said.append({"status": done.returncode, "out": done.stdout, "line": line})
calls = pathlib.Path("/calls")
print(json.dumps({"said": said, "calls": calls.read_text().splitlines() if calls.exists() else []}))
"""

AUTHORITY = """\
set -e
for name in ca server other; do openssl ecparam -genkey -name prime256v1 -noout -out $name.key; done
for name in ca other; do
    openssl req -x509 -new -key $name.key -subj "/CN=$name" -days 2 -out $name.crt
done
openssl req -new -key server.key -subj /CN=api -out server.csr
printf 'subjectAltName = IP:192.168.100.100, IP:127.0.0.1\\n' >names
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 2 -extfile names -out server.crt 2>/dev/null
for name in ca.crt ca.key server.crt server.key other.crt other.key; do echo "@$name"; cat $name; done
"""


@functools.cache
def authority() -> dict[str, str]:
    """The cluster's authority (``ca``), a stranger's (``other``) and the API's certificate, as PEM."""
    done = consumer(["sh", "-c", AUTHORITY], {})
    assert done.returncode == 0, done.stderr
    return dict(part.split("\n", 1) for part in done.stdout.split("@")[1:])


@dataclass(frozen=True)
class Said:
    """What one step said: its exit status, its standard output and its last line on standard error."""

    status: int
    out: str
    line: str


@dataclass(frozen=True)
class Story:
    """What all steps said, and every call of a pretended program."""

    said: list[Said]
    calls: list[str]

    @property
    def last(self) -> Said:
        return self.said[-1]

    def called(self, words: str) -> list[str]:
        """The calls that begin so."""
        return [call for call in self.calls if call.startswith(words)]


def step(apply: str, payload: str = "", *, remove: str = "", verb: str = "apply") -> tuple[str, str]:
    """One step on mac-a, as the door sends it."""
    script = assemble(
        machine="mac-a",
        step="mac-a-kubernetes",
        apply=apply,
        remove=remove,
        libraries=["kubernetes.sh", "kubernetes_operations.sh", "kubernetes_units.sh"],
        limit=20,
        payload=payload,
    )
    return script, verb


def look(command: str) -> tuple[str, str]:
    """A look at the machine between two steps."""
    return f"# look\n{command}", ""


def settling(ticket: str = "none", *, signed_by: str = "ca") -> str:
    """The payload with which mac-a becomes a member."""
    pem = authority()
    return f"{ticket}\n{render_join(HOSPITAL, 'mac-a')}{pem[f'{signed_by}.crt']}\n{pem[f'{signed_by}.key']}"


def ticket(*nodes: str, token: str = TOKEN) -> str:
    """A ticket; ``nodes`` are the members: ``name address machine-id``."""
    return "\n".join(
        [f"token {token}", f"certificate-key {CERTIFICATE_KEY}", *(f"node {one}" for one in nodes)]
    )


def play(
    *steps: tuple[str, str],
    files: Mapping[str, str] | None = None,
    listens: tuple[tuple[str, int], ...] = (("127.0.0.1", 6444), ("192.168.100.100", 6443)),
    gone: tuple[str, ...] = (),
) -> Story:
    """Run ``steps`` on a new machine that has ``files`` (path -> text) and its configuration.

    listens: where a cluster's API answers; gone: objects that it no longer has
    """
    pem = authority()
    story: dict[str, Any] = {
        "programs": PROGRAMS,
        "steps": steps,
        "listens": listens,
        "gone": gone,
        "token": TOKEN,
    }
    done = consumer(
        ["python3", "driver.py"],
        {
            "driver.py": DRIVER,
            "story.json": json.dumps(story),
            "/etc/machine-id": f"{MACHINE_ID}\n",
            CONFIG: render_kubeadm(HOSPITAL, "mac-a").replace("@cgroup_driver@", "systemd"),
            "/ca.crt": pem["ca.crt"],
            "/server.crt": pem["server.crt"],
            "/server.key": pem["server.key"],
            "/key": CERTIFICATE_KEY,
            "/token": TOKEN,
            **(files or {}),
        },
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return Story([Said(**one) for one in told["said"]], told["calls"])


TICKET_STEP = "mac-b-mac-a-kubernetes-ticket"
OTHERS = ("192.168.100.11", "192.168.100.12")
SETTLE = call("settle", "mac-a", "192.168.100.10", VERSION, TICKET_STEP, *OTHERS)


def founding() -> tuple[str, str]:
    """mac-a becomes the first member."""
    return step(SETTLE, settling(), remove="depart")


def joining() -> tuple[str, str]:
    """mac-a joins the two others."""
    members = ticket("mac-b 192.168.100.11 2", "witness 192.168.100.12 3")
    return step(SETTLE, settling(members), remove="depart")
