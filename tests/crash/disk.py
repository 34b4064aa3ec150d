#!/usr/bin/env python3
"""Lets the disk fail under a server: no acknowledged change may be lost.

    tests/crash/disk.py --roster target/debug/roster
    tests/crash/disk.py --roster target/debug/roster --postgres

Faults: fsync fails, write fails (both by a small library that is compiled and preloaded), and the
disk is full (a tmpfs, where mounting is allowed). Each comes for 0, 1, 2, 3 and 5 failed calls one
after the other, for the n-th system call alone, and under load; then the disk is well again. What
was acknowledged before, during and after it is looked for before and after a clean restart. The
server must take changes again within five seconds, and end with status 0.

With --postgres the same happens to a PostgreSQL cluster of the run's own. Needs Python, gcc and,
for that, the programs of PostgreSQL.
"""

import argparse
import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

from faulty import Refuses, SqliteFiles, postgres_places, sqlite_places
from load import ACKNOWLEDGED, Load, Pair, lost
from server import Server, end_tidily

FAILURES = (0, 1, 2, 3, 5)
# Each of these may cost PostgreSQL a restart.
POSTGRES_FAILURES = (0, 3)
CALLS_BEFORE, CALLS_AFTER = 3, 8
FAILED_CALLS = (0, 1, 2, 4)
THREADS = 6
LOAD_SECONDS = 3
LOAD_STEP = 0.5
RECOVERY_SECONDS = 5
SPACES = [f"courses/{number}" for number in range(1, 13)]
ROW = "{:20} {:>14} {:>12} {:>13} {:>14} {:>13}  {}"
HEAD = ("fault", "lasts", "calls failed", "acknowledged", "lost, running", "lost, again", "")


class Users:
    """Users who have never been seen before."""

    last = 1000

    @classmethod
    def take(cls, spaces):
        cls.last += 1
        return [Pair(cls.last, space) for space in spaces]


class Trial:
    """One server that meets one fault."""

    def __init__(self, roster, place, folder):
        self.roster, self.place, self.folder = roster, place, folder
        self.url = place.url()
        self.pairs = []
        self.acknowledged = 0
        self.is_well = False
        self.server = self.serve()
        self.server.create_spaces(SPACES)

    def serve(self):
        return Server(self.roster, self.url, self.folder, self.place.environment)

    def join(self, connection):
        """One user joins; whether that was acknowledged."""
        pair = Users.take([SPACES[len(self.pairs) % len(SPACES)]])[0]
        self.pairs.append(pair)
        acknowledged = pair.change(self.server, connection, joins=True) in ACKNOWLEDGED
        pair.joined = True if acknowledged else None
        self.acknowledged += acknowledged
        return acknowledged

    def joins(self, count):
        connection = self.server.connect()
        done = [self.join(connection) for _ in range(count)]
        connection.close()
        return done.count(True)

    def fail(self, failures):
        """Calls until that many have failed. A server that answers OK all the same is let go on."""
        connection = self.server.connect()
        failed = 0
        for _ in range(self.place.tries):
            if failed == failures:
                break
            if not self.join(connection):
                failed += 1
                self.next_failure()
        connection.close()
        return failed

    def next_failure(self):
        """Where the first failure ends everything, the next one waits until all is up again."""
        if self.place.fault.one_by_one:
            self.place.settle()
            self.place.fault.begin()

    def recover(self):
        """Joins until one is acknowledged, and then some more."""
        until = time.monotonic() + RECOVERY_SECONDS
        while not self.joins(1) and time.monotonic() < until:
            time.sleep(LOAD_STEP / 10)
        self.is_well = self.joins(CALLS_AFTER) == CALLS_AFTER

    def under_load(self):
        groups = [[pair for _ in range(8) for pair in Users.take(SPACES)] for _ in range(THREADS)]
        self.pairs += [pair for group in groups for pair in group]
        load = Load(self.server, groups)
        time.sleep(LOAD_STEP)
        self.place.fault.begin()
        until = time.monotonic() + LOAD_SECONDS
        while time.monotonic() < until:
            time.sleep(LOAD_STEP)
            self.next_failure()
        self.place.fault.heal()
        self.place.settle()
        time.sleep(LOAD_STEP)
        load.stop()
        self.acknowledged += len(load.acknowledged())

    def verdict(self):
        """The pairs that are lost before and after a clean restart."""
        before = len(lost(self.server, self.pairs))
        status = self.server.stop()
        if status != 0:
            print(f"the server ended with status {status} after SIGTERM")
            self.is_well = False
        for fault in self.server.faults():
            print(fault)
            self.is_well = False
        self.server = self.serve()
        return before, len(lost(self.server, self.pairs))


def one_after_the_other(failures):
    """So many calls fail, then the disk is well again."""

    def story(trial):
        trial.joins(CALLS_BEFORE)
        trial.place.fault.begin()
        failed = trial.fail(failures)
        trial.place.fault.heal()
        trial.place.settle()
        trial.recover()
        return failed

    return f"{failures} calls", story


def only_one(skip):
    """One system call fails after some that go well."""

    def story(trial):
        trial.place.fault.begin(skip=skip, left=1)
        done = trial.joins(CALLS_AFTER)
        trial.place.fault.heal()
        trial.place.settle()
        trial.recover()
        return CALLS_AFTER - done

    return f"system call {skip + 1}", story


def under_load():
    def story(trial):
        trial.under_load()
        trial.recover()
        return "load"

    return f"{LOAD_SECONDS} s of load", story


def stories(place, failures):
    yield from map(one_after_the_other, failures)
    if isinstance(place, SqliteFiles) and isinstance(place.fault, Refuses):
        yield from map(only_one, FAILED_CALLS)
    yield under_load()


def meet(roster, name, place, folder, failures):
    """All stories of one kind of fault: changes acknowledged, lost, servers not well again."""
    total, total_lost, unwell = 0, 0, 0
    for what, story in stories(place, failures):
        trial = Trial(roster, place, folder)
        try:
            failed = story(trial)
            before, after = trial.verdict()
        finally:
            place.fault.heal()
            trial.server.kill()
        end = "" if trial.is_well else "not well again"
        print(ROW.format(name, what, failed, trial.acknowledged, before, after, end), flush=True)
        total += trial.acknowledged
        total_lost += max(before, after)
        unwell += not trial.is_well
    return total, total_lost, unwell


def meet_all(roster, places, failures, folder):
    """Every fault; the exit status."""
    total, total_lost, unwell = 0, 0, 0
    for name, place in places:
        if place is None:
            print(f"{name}: not tried, mounting is not allowed here")
            continue
        try:
            acknowledged, found, ill = meet(roster, name, place, folder, failures)
        finally:
            place.drop()
        total, total_lost, unwell = total + acknowledged, total_lost + found, unwell + ill
    print(f"acknowledged {total}, lost {total_lost}")
    return 1 if total_lost or unwell or not total else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--roster", default=os.environ.get("ROSTER", "target/debug/roster"))
    postgres_help = "on a PostgreSQL cluster of its own"
    parser.add_argument("--postgres", action="store_true", help=postgres_help)
    parser.add_argument("--only", default="", help="only faults with this in their name")
    arguments = parser.parse_args()
    end_tidily()
    print(ROW.format(*HEAD))
    with tempfile.TemporaryDirectory(prefix="roster-disk-") as folder:
        Path(folder).chmod(0o755)
        kinds = postgres_places if arguments.postgres else sqlite_places
        failures = POSTGRES_FAILURES if arguments.postgres else FAILURES
        # A disk is unmounted before the folder goes.
        with contextlib.closing(kinds(Path(folder), arguments.only)) as places:
            return meet_all(arguments.roster, places, failures, folder)


if __name__ == "__main__":
    sys.exit(main())
