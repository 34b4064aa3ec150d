#!/usr/bin/env python3
"""Four connections without a token, each with a thousand calls whose large messages never end.

Prints the server's memory before, at its highest and afterwards, and what a good caller met meanwhile.
Fails if the server ever holds more than --most MiB.
"""

import argparse
import time

from common import Good, rss, serving
from frames import DATA, Connection, frame, headers

PATH = "/roster.v1.MembershipService/JoinOrAcceptInvite"
MESSAGE = 256 * 1024
CHUNK = 16 * 1024


def begin(connection, streams, token):
    """The heads of so many calls."""
    pairs = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", PATH)]
    pairs += [("content-type", "application/grpc"), ("te", "trailers")]
    if token:
        pairs.append(("x-roster-none", "x"))
    for stream in streams:
        announced = b"\0" + MESSAGE.to_bytes(4, "big")
        connection.send(headers(stream, pairs) + frame(DATA, 0, stream, announced))
        connection.window -= len(announced)


def fill(connections, streams, until):
    """All but one byte of each message, as fast as the server takes them."""
    left = {(c, s): MESSAGE - 1 for c in connections for s in streams}
    sent = 0
    while left and time.monotonic() < until:
        progress = False
        for connection in connections:
            connection.listen()
            for stream in streams:
                key = (connection, stream)
                while key in left and connection.is_open and connection.window > 0:
                    size = min(CHUNK, left[key], connection.window)
                    connection.send(frame(DATA, 0, stream, bytes(size)))
                    connection.window -= size
                    left[key] -= size
                    sent += size
                    progress = True
                    if left[key] == 0:
                        del left[key]
                if connection.window <= 0:
                    break
        if not progress:
            time.sleep(0.01)
        yield sent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--most", type=float, default=150, help="MiB")
    arguments, server = serving(parser)
    before = highest = rss(server)
    with Good(server) as good:
        connections = [Connection(server.grpc) for _ in range(arguments.connections)]
        streams = [2 * n + 1 for n in range(arguments.streams)]
        for connection in connections:
            connection.listen()
            begin(connection, streams, None)
        sent = 0
        for sent in fill(connections, streams, time.monotonic() + arguments.seconds):
            highest = max(highest, rss(server))
        for _ in range(20):
            time.sleep(0.1)
            highest = max(highest, rss(server))
    print(f"sent {sent / 2**20:.0f} MiB; memory {before:.0f} -> {highest:.0f} MiB at most; {good}")
    server.stop()
    return highest > arguments.most or good.failed > 0


if __name__ == "__main__":
    raise SystemExit(main())
