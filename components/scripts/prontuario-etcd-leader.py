#!/usr/bin/python3
"""Takes etcd's leadership to this machine, if another one has it and all is well enough for that.

Standard library alone; started by a timer. Ends with 0 when there is nothing to do or it was done, and with 1
and one line when etcd refuses: the next round tries again.
"""

import json
import subprocess
import sys

PKI = "/etc/kubernetes/pki/etcd"
HERE = "https://127.0.0.1:2379"
ETCDCTL = (
    "/usr/local/bin/etcdctl",
    f"--cacert={PKI}/ca.crt",
    f"--cert={PKI}/server.crt",
    f"--key={PKI}/server.key",
    "--dial-timeout=2s",
    "--command-timeout=4s",
)


def etcd(endpoint: str, *arguments: str) -> str:
    """What etcdctl says; RuntimeError with its last words when it fails."""
    done = subprocess.run(
        [*ETCDCTL, f"--endpoints={endpoint}", *arguments], check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or ["etcdctl failed"])[-1])
    return done.stdout


def main() -> None:
    """One look, and one move at most."""
    seen = json.loads(etcd(HERE, "endpoint", "status", "--write-out=json"))[0]["Status"]
    me, leader = seen["header"]["member_id"], seen.get("leader", 0)
    if leader in (0, me):
        return  # nobody leads just now, or this machine does
    members = json.loads(etcd(HERE, "member", "list", "--write-out=json"))["members"]
    where = next(one["clientURLs"][0] for one in members if one["ID"] == leader)
    etcd(where, "move-leader", f"{me:x}")
    print(f"etcd is led from here now; {where} led it", flush=True)


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, LookupError, ValueError, StopIteration) as error:
        sys.exit(f"etcd's leadership stays where it is: {error}")
