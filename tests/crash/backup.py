#!/usr/bin/env python3
"""Backs a database up under load and restores it: what was acknowledged before the backup is in it.

    tests/crash/backup.py --roster target/debug/roster
    tests/crash/backup.py --postgres postgres://postgres@127.0.0.1:5432/postgres

Users join spaces all the time, each of them once. Meanwhile the commands of docs/operations.md run as they
stand there, only on paths of this run. Then the copy takes the database's place and a server starts on it.
In the copy must be everybody whose join was answered before the backup began and nobody who never asked,
the counters and the history of every space must agree with its members, and changes must go on. With
PostgreSQL the run makes databases of its own beside the named one and drops them.
"""

import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from crash import Postgres
from load import ACKNOWLEDGED
from server import PATIENCE_SECONDS, Server, end_tidily

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
SPACES = [f"courses/{number}" for number in range(1, 21)]
THREADS = 6
JOINS_BEFORE = 1_000
# A small file is copied before anybody writes again.
MEGABYTES = 100
SEPARATOR = "|"
BULK = f"""
    CREATE TABLE bulk AS WITH RECURSIVE row (number) AS
        (SELECT 1 UNION ALL SELECT number + 1 FROM row WHERE number < {MEGABYTES * 1000})
    SELECT randomblob(1000) AS data FROM row"""
MEMBERS = "SELECT space, user_id FROM membership WHERE status = 'member'"


def documented(name):
    """The commands under a mark of the page, as they stand there."""
    mark = re.escape(f"<!-- run: {name} -->\n```sh\n")
    found = re.search(mark + r"(.*?)```", OPERATIONS.read_text(), re.DOTALL)
    if not found:
        sys.exit(f"{OPERATIONS} has no commands for {name}")
    return found[1]


def run(commands, places):
    """Runs commands of the page on places of this run; returns how many seconds they took."""
    for documented_place, place in places.items():
        commands = commands.replace(documented_place, str(place))
    began = time.monotonic()
    subprocess.run(["bash", "-euc", commands], check=True, timeout=2 * PATIENCE_SECONDS)
    return time.monotonic() - began


class Arrivals:
    """Users who join, each of them one space, until it is stopped."""

    def __init__(self, server, numbers):
        self.server = server
        self.numbers = numbers
        self.asked, self.acknowledged = set(), set()
        self.enough, self.stopping = threading.Event(), threading.Event()
        self.threads = [threading.Thread(target=self.arrive, daemon=True) for _ in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def arrive(self):
        connection = self.server.connect()
        while not self.stopping.is_set():
            user = next(self.numbers)
            space = SPACES[user % len(SPACES)]
            self.asked.add((space, str(user)))
            if join(self.server, connection, space, user):
                self.acknowledged.add((space, str(user)))
            if len(self.acknowledged) >= JOINS_BEFORE:
                self.enough.set()
        connection.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def join(server, connection, space, user):
    path = f"/api/v2/course/{space.removeprefix('courses/')}/join/"
    return server.ask(connection, "POST", path, user)[0] in ACKNOWLEDGED


class SqliteDatabase:
    """A database file, and how the page says that it is backed up."""

    name = "SQLite"

    def __init__(self, folder):
        self.file, self.copies = Path(folder) / "roster.db", Path(folder) / "copies"
        self.copies.mkdir()
        self.url = f"sqlite:{self.file}"
        self.restored = self.url
        self.places = {"/var/lib/roster/roster.db": self.file, "/backup": self.copies}
        subprocess.run(["sqlite3", str(self.file), BULK], check=True)

    def query(self, sql):
        command = ["sqlite3", "-readonly", "-separator", SEPARATOR, str(self.file), sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def drop(self):
        """The folder goes with everything in it."""


class PostgresDatabase:
    """Two databases, the second for the copy."""

    name = "PostgreSQL"

    def __init__(self, folder, url):
        self.crash = Postgres(url)
        self.url = self.crash.url
        self.restored = self.url + "_restored"
        self.crash.psql(f"CREATE DATABASE {self.crash.name}_restored")
        self.places = {
            "postgres://roster@db/restored": self.restored,
            "postgres://roster@db/roster": self.url,
            "/backup": folder,
        }

    def query(self, sql):
        command = ["psql", "--no-psqlrc", "-qtAX", "-F", SEPARATOR, "-d", self.restored, "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def drop(self):
        self.crash.psql(f"DROP DATABASE IF EXISTS {self.crash.name}_restored WITH (FORCE)")
        self.crash.drop()


def rows(database, sql):
    return [tuple(line.split(SEPARATOR)) for line in database.query(sql).splitlines()]


def problems(database, before, asked):
    """What is wrong in the restored database, in words."""
    members = set(rows(database, MEMBERS))
    found = [f"{user} of {space} is lost" for space, user in before - members]
    found += [f"{user} of {space} never asked" for space, user in members - asked]
    return len(members), found


def try_it(arguments, database, folder):
    numbers = itertools.count(7)
    server = Server(arguments.roster, database.url, folder)
    server.create_spaces(SPACES)
    arrivals = Arrivals(server, numbers)
    if not arrivals.enough.wait(PATIENCE_SECONDS):
        sys.exit("too few joins were acknowledged")
    before = set(arrivals.acknowledged)
    seconds = run(documented(f"back up {database.name}"), database.places)
    during = len(arrivals.acknowledged) - len(before)
    arrivals.stop()
    if server.stop() != 0:
        sys.exit("the server did not end well")
    run(documented(f"restore {database.name}"), database.places)
    server = Server(arguments.roster, database.restored, folder)
    members, found = problems(database, before, arrivals.asked)
    found += server.faults()
    if not join(server, server.connect(), SPACES[0], next(numbers)):
        found.append("nobody can join after the restore")
    server.stop()
    print(
        f"{database.name}: acknowledged {len(before)} before the backup, {during} during its"
        f" {seconds:.1f} s, {len(arrivals.acknowledged)} in all; restored {members}; wrong {len(found)}"
    )
    for line in found[:10]:
        print(f"  {line}")
    if during == 0:
        print("nobody wrote during the backup, so this shows little")
    return 1 if found or during == 0 else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--roster", default=os.environ.get("ROSTER", "target/debug/roster"))
    parser.add_argument("--postgres", help="postgres://…; SQLite if absent")
    arguments = parser.parse_args()
    end_tidily()
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.postgres
        database = PostgresDatabase(folder, url) if url else SqliteDatabase(folder)
        try:
            return try_it(arguments, database, folder)
        finally:
            database.drop()


if __name__ == "__main__":
    sys.exit(main())
