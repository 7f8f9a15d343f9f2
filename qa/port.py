"""The port that the page listens on."""

from __future__ import annotations

import errno
import socket

from index.errors import ConfigError


def free_port(host: str, port: int) -> int:
    """The port itself, or for 0 any that is free.

    Raises:
        ConfigError: when nothing can listen there.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.create_server(address[:2], family=family) as listening:
            return int(listening.getsockname()[1])
    except UnicodeError:
        raise ConfigError(f"The page cannot listen on {host}: it is not the name or address of a machine.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"Port {port} on {host} is in use by another program: stop it, or choose another with --port."
            ) from None
        raise ConfigError(f"The page cannot listen on {host}, port {port}: {error.strerror}.") from None
