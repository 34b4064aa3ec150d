#!/usr/bin/env python3
"""Ten thousand connections that say nothing, or few file descriptors for all of them.

Prints how many connections the server let stay, its memory, and what a good caller met meanwhile. With
--descriptors the server has only so many, and the connections each asked for health once and then rest.
"""

import argparse
import resource
import socket
import subprocess
import time

from common import Good, rss, serving
from frames import Connection, headers

HEALTH = "/grpc.health.v1.Health/Check"


def silent(address):
    host, _, port = address.rpartition(":")
    connection = socket.socket()
    connection.setblocking(False)
    connection.connect_ex((host, int(port)))
    return connection


def resting(address):
    """A connection that was of use once."""
    connection = Connection(address)
    pairs = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", HEALTH)]
    connection.send(headers(1, pairs + [("content-type", "application/grpc")]))
    return connection


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--descriptors", type=int, help="how many the server may have")
    parser.add_argument("--seconds", type=float, default=15)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    arguments, server = serving(parser)
    if arguments.descriptors:
        limit = f"--nofile={arguments.descriptors}:{arguments.descriptors}"
        subprocess.run(["prlimit", f"--pid={server.process.pid}", limit], check=True)
    begin = resting if arguments.descriptors else silent
    before = highest = rss(server)
    with Good(server) as good:
        connections, until = [], time.monotonic() + arguments.seconds
        for _ in range(arguments.connections):
            try:
                connections.append(begin(server.grpc))
            except OSError:
                pass
        while time.monotonic() < until:
            highest = max(highest, rss(server))
            time.sleep(0.1)
    print(
        f"{len(connections)} connections; memory {before:.0f} -> {highest:.0f} MiB at most; {good}"
    )
    server.stop()
    return good.failed > 0


if __name__ == "__main__":
    raise SystemExit(main())
