"""Whether the gateway's address can be had, said in one sentence before mitmproxy says it in many."""

import errno
import socket


def problem(host: str, port: int) -> str | None:
    """None where `host:port` is free (an empty host is every address); otherwise what is wrong and what to do."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return f"The host {host!r} in config.yaml is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all."
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            return _sentence(error.errno, host, port)
    return None


def _sentence(code: int | None, host: str, port: int) -> str:
    where = f"{host or '*'}:{port}"
    if code == errno.EADDRINUSE:
        return f"Another program listens on {where}: stop it, or choose another port with `-p PORT` or in config.yaml."
    if code == errno.EACCES:
        return f"This user may not listen on {where}: choose a port of 1024 or more with `-p PORT` or in config.yaml."
    return f"The gateway cannot listen on {where}: choose another host or port in config.yaml."
