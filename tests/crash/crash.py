#!/usr/bin/env python3
"""Kills the server with SIGKILL under load, again and again: no acknowledged change may be lost.

    tests/crash/crash.py --roster target/debug/roster
    tests/crash/crash.py --database sqlite:/tmp/crash.db --kills 50
    tests/crash/crash.py --database postgres://postgres@127.0.0.1:5432/postgres

Users join and leave `courses/1` and `groups/1`. Each (user, space) pair is driven by one thread, so
after an answer its state is known; after a call without an answer it is one of two. Once the server
is back, every pair must be in a state that is possible, and no space may contradict itself
(`roster recount`). With PostgreSQL the run makes a database of its own beside the named one, through
psql, and drops it. Needs nothing but Python.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit, urlunsplit

from load import Load, Pair, lost
from server import PATIENCE_SECONDS, Server, end_tidily

USERS = range(7, 31)
SPACES = ("courses/1", "groups/1")
THREADS = 12


class Sqlite:
    """A file, the given one or a temporary one."""

    def __init__(self, url, folder):
        self.url = url or f"sqlite:{folder}/crash.db"

    def settle(self):
        """Nothing of a killed process lives on."""

    def drop(self):
        """The folder goes with everything in it."""


class Postgres:
    """A database of this run's own, on the server of the given one."""

    def __init__(self, url):
        self.base = url
        self.name = f"roster_crash_{os.getpid()}"
        self.url = urlunsplit(urlsplit(url)._replace(path=f"/{self.name}"))
        self.psql(f"CREATE DATABASE {self.name}")

    def psql(self, statement):
        command = ["psql", "--no-psqlrc", "-qtAX", "-v", "ON_ERROR_STOP=1", "-d", self.base]
        run = subprocess.run(
            [*command, "-c", statement], check=True, capture_output=True, text=True
        )
        return run.stdout.strip()

    def settle(self):
        """A backend finishes its statement after its client was killed; wait until all are gone."""
        until = time.monotonic() + PATIENCE_SECONDS
        count = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self.name}'"
        while self.psql(count) != "0":
            if time.monotonic() > until:
                sys.exit("backends of the killed server do not end")
            time.sleep(0.02)

    def drop(self):
        self.psql(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


def run(arguments, database, folder):
    pairs = [Pair(user, space) for user in USERS for space in SPACES]
    server = Server(arguments.roster, database.url, folder)
    try:
        server.create_spaces(SPACES)
        for pair in pairs:  # An older run may have left people inside.
            pair.joined, pair.driven = None, True
        lost(server, pairs, settled=True)
        total, total_lost = 0, 0
        for kill in range(1, arguments.kills + 1):
            load = Load(server, [pairs[n::THREADS] for n in range(THREADS)])
            time.sleep(random.uniform(0.2, 2.0) * arguments.seconds)
            server.kill()
            load.stop()
            database.settle()
            if load.refused():
                sys.exit(f"the server answered otherwise than with success: {load.refused()}")
            unknown = sum(pair.joined is None for pair in pairs)
            server = Server(arguments.roster, database.url, folder)
            found = lost(server, pairs, settled=True) + server.faults()
            total += len(load.acknowledged())
            total_lost += len(found)
            counts = (
                f"acknowledged {len(load.acknowledged())}, unknown {unknown}, lost {len(found)}"
            )
            print(f"kill {kill}: {counts}", flush=True)
            for pair in found:
                print(f"  lost: {pair}")
        status = server.stop()
    finally:
        server.kill()
    if status != 0:
        sys.exit(f"the server ended with status {status} after SIGTERM")
    print(f"acknowledged {total}, lost {total_lost}")
    return 1 if total_lost or not total else 0


def main():
    about = __doc__.split("\n", 1)[0]
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--roster", default=os.environ.get("ROSTER", "target/debug/roster"))
    parser.add_argument(
        "--database", help="sqlite:PATH or postgres://…; a new SQLite file if absent"
    )
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0.6, help="mean time between kills")
    arguments = parser.parse_args()
    end_tidily()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.database or ""
        database = Postgres(url) if url.startswith("postgres") else Sqlite(url, folder)
        try:
            return run(arguments, database, folder)
        finally:
            database.drop()


if __name__ == "__main__":
    sys.exit(main())
