"""What systemd is told: that the detector serves, and that its loop still turns."""

import contextlib
import os
import socket


def notify(message: str) -> None:
    """Tell systemd, if it listens."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaking:
        speaking.setblocking(False)
        speaking.sendto(message.encode(), "\0" + path[1:] if path.startswith("@") else path)
