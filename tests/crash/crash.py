#!/usr/bin/env python3
"""Kills the server with SIGKILL under load, again and again: no acknowledged change may be lost.

    tests/crash/crash.py --roster target/debug/roster
    tests/crash/crash.py --database sqlite:/tmp/crash.db --kills 50
    tests/crash/crash.py --database postgres://postgres@127.0.0.1:5432/postgres

Users join and leave `courses/1` and `groups/1`. Each (user, space) pair is driven by one thread, so
after an answer its state is known; after a call without an answer it is one of two. Once the server
is back, every pair must be in a state that is possible. With PostgreSQL the run makes a database of
its own beside the named one, through psql, and drops it. Needs nothing but Python.
"""

import argparse
import http.client
import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

STRANGERS = range(7, 31)
PATIENCE_SECONDS = 30
THREADS = 12


class Pair:
    """One user and one space, with the states that he may be in: True is joined."""

    def __init__(self, user, kind, verb):
        self.user = str(user)
        self.change_path = f"/api/v2/{kind}/1/{verb}/"
        self.status_path = f"/api/v2/{kind}/1/status/"
        self.possible = {False}

    def __str__(self):
        return f"user {self.user} at {self.change_path}"


class Server:
    """A running `roster demo`."""

    last = None

    def __init__(self, roster, database, log):
        Server.last = self
        command = [roster, "demo", "--database", database, "--json"]
        command += ["--rest-port", "0", "--grpc-port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_SECONDS)
        line = self.process.stdout.readline() if readable else b""
        if not line.startswith(b"{"):
            told = Path(log.name).read_text(errors="replace")[-2000:]
            sys.exit(f"the server did not start:\n{told}")
        demo = json.loads(line)
        self.address = urlsplit(demo["rest"])
        self.tokens = demo["tokens"]

    def connect(self):
        return http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=10)

    def ask(self, connection, method, path, user):
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE_SECONDS)


class Load:
    """Threads that join and leave until the server is gone. Each owns its pairs."""

    def __init__(self, server, pairs):
        self.server = server
        self.lock = threading.Lock()
        self.acknowledged = 0
        self.refused = []
        shares = [pairs[n::THREADS] for n in range(THREADS)]
        self.threads = [threading.Thread(target=self.drive, args=(share,)) for share in shares]
        for thread in self.threads:
            thread.start()

    def drive(self, pairs):
        connection = self.server.connect()
        acknowledged = 0
        while True:
            pair = random.choice(pairs)
            joins = random.random() < 0.5
            before, pair.possible = pair.possible, pair.possible | {joins}
            method = "POST" if joins else "DELETE"
            try:
                status, body = self.server.ask(connection, method, pair.change_path, pair.user)
            except (OSError, http.client.HTTPException):
                break
            if status in (200, 204):
                pair.possible = {joins}
                acknowledged += 1
            elif status == 429:
                pair.possible = before
            else:
                with self.lock:
                    self.refused.append(f"{pair}: {method} was answered {status} {body[:200]!r}")
                break
        connection.close()
        with self.lock:
            self.acknowledged += acknowledged

    def join(self):
        for thread in self.threads:
            thread.join()


def lost(server, pairs):
    """The pairs in an impossible state. Afterwards every pair's state is known."""
    connection = server.connect()
    found = []
    for pair in pairs:
        status, body = server.ask(connection, "GET", pair.status_path, pair.user)
        if status != 200:
            sys.exit(f"{pair}: reading the status was answered {status} {body[:200]!r}")
        joined = json.loads(body)["status"] is not None
        if joined not in pair.possible:
            found.append(pair)
        pair.possible = {joined}
    connection.close()
    return found


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
        run = subprocess.run([*command, "-c", statement], check=True, capture_output=True, text=True)
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


def run(arguments, database, log):
    kinds = [("course", "join"), ("group", "subscribe")]
    pairs = [Pair(user, kind, verb) for user in STRANGERS for kind, verb in kinds]
    server = Server(arguments.roster, database.url, log)
    lost(server, pairs)  # An older run may have left people inside.
    total, total_lost = 0, 0
    for kill in range(1, arguments.kills + 1):
        load = Load(server, pairs)
        time.sleep(random.uniform(0.2, 2.0) * arguments.seconds)
        server.kill()
        load.join()
        database.settle()
        if load.refused:
            sys.exit("\n".join(load.refused))
        unknown = sum(len(pair.possible) == 2 for pair in pairs)
        server = Server(arguments.roster, database.url, log)
        found = lost(server, pairs)
        total += load.acknowledged
        total_lost += len(found)
        counts = f"acknowledged {load.acknowledged}, unknown {unknown}, lost {len(found)}"
        print(f"kill {kill}: {counts}", flush=True)
        for pair in found:
            print(f"  lost: {pair}")
    status = server.stop()
    if status != 0:
        sys.exit(f"the server ended with status {status} after SIGTERM")
    print(f"acknowledged {total}, lost {total_lost}")
    return 1 if total_lost or not total else 0


def main():
    about = __doc__.split("\n", 1)[0]
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--roster", default=os.environ.get("ROSTER", "target/debug/roster"))
    parser.add_argument("--database", help="sqlite:PATH or postgres://…; a new SQLite file if absent")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=0.6, help="mean time between kills")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "log", "wb") as log:
        url = arguments.database or ""
        database = Postgres(url) if url.startswith("postgres") else Sqlite(url, folder)
        try:
            return run(arguments, database, log)
        finally:
            if Server.last:
                Server.last.kill()
            database.drop()


if __name__ == "__main__":
    sys.exit(main())
