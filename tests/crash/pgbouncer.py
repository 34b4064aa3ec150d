#!/usr/bin/env python3
"""Puts PgBouncer before PostgreSQL: pooling by session works, by transaction is refused.

    tests/crash/pgbouncer.py --roster target/debug/roster

A cluster and a PgBouncer of the run's own. Pooling by session: the server starts, users join and
leave some hundred times, and all are there for another server that goes to PostgreSQL directly.
Pooling by transaction or statement: the server must not start, must say in one sentence that it
takes pooling by session, and must end within ten seconds. PgBouncer's other settings are as they
come, unless --ignore names startup parameters that it is to overlook. Needs Python, PgBouncer and
the programs of PostgreSQL.
"""

import argparse
import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import DATABASE, PATIENCE_SECONDS, Cluster, as_postgres, free_port, owned
from load import Load, Pair, lost
from server import NotStarted, Server, end_tidily

USERS = range(100, 125)
SPACES = [f"courses/{number}" for number in range(1, 13)]
THREADS = 6
LOAD_SECONDS = 2
REFUSED_WITHIN_SECONDS = 10
CONFIGURATION = """
[databases]
{database} = host=127.0.0.1 port={target} user=roster
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
logfile = {folder}/log
pidfile = {folder}/pid
pool_mode = {mode}
default_pool_size = 20
ignore_startup_parameters = {ignored}
"""


class PgBouncer:
    """One that pools in the given way before a cluster."""

    def __init__(self, folder, cluster, mode, ignored):
        self.folder = owned(folder)
        self.port = free_port()
        configuration = CONFIGURATION.format(
            database=DATABASE,
            target=cluster.port,
            port=self.port,
            folder=self.folder,
            mode=mode,
            ignored=ignored,
        )
        (self.folder / "ini").write_text(configuration)
        command = as_postgres(
            [shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", str(self.folder / "ini")]
        )
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, cwd="/")
        atexit.register(self.stop)
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.listens():
            if time.monotonic() > until or self.process.poll() is not None:
                sys.exit(f"PgBouncer did not start:\n{self.log()}")
            time.sleep(0.05)

    def listens(self):
        return "listening on 127.0.0.1" in self.log()

    def log(self):
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def drive(server):
    """Joins and leaves through the pooler; the pairs and the load, which has ended."""
    users = [USERS[n::THREADS] for n in range(THREADS)]
    groups = [[Pair(user, space) for user in share for space in SPACES] for share in users]
    load = Load(server, groups, pause=0.004)
    time.sleep(LOAD_SECONDS)
    load.stop()
    return [pair for group in groups for pair in group], load


def serves(roster, cluster, pooler, folder):
    """What is wrong with a server that pools by session; None if nothing is."""
    try:
        server = Server(roster, cluster.url(pooler.port), folder)
    except NotStarted as refused:
        return f"refused to start: {last_words(refused.log)}"
    try:
        server.create_spaces(SPACES)
        pairs, load = drive(server)
    finally:
        server.kill()
    failed = len(load.calls) - len(load.acknowledged())
    direct = Server(roster, cluster.url(), folder)
    try:
        found = len(lost(direct, pairs))
    finally:
        direct.kill()
    acknowledged = len(load.acknowledged())
    print(f"  acknowledged {acknowledged}, failed {failed} {load.refused() or ''}, lost {found}")
    return "not everything was acknowledged and kept" if failed or found else None


def refuses(roster, cluster, pooler, folder):
    """What is wrong with how a server refuses another way of pooling; None if nothing is."""
    begun = time.monotonic()
    try:
        server = Server(roster, cluster.url(pooler.port), folder)
    except NotStarted as refused:
        seconds = time.monotonic() - begun
        words = last_words(refused.log)
        print(f"  status {refused.status} after {seconds:.1f} s: {words}")
        if refused.status in (0, None) or seconds > REFUSED_WITHIN_SECONDS:
            return "it did not end by itself, in time and with an error"
        return None if "session" in words else "the sentence does not say: pool by session"
    try:
        server.create_spaces(SPACES)
        _, load = drive(server)
        print(f"  answers {dict(load.answers)}")
    except (OSError, RuntimeError) as error:
        print(f"  {error}")
    finally:
        server.kill()
    return "the server started"


def last_words(log):
    """The sentence that the server ended with, without what it logged."""
    lines = [line for line in log.splitlines() if line.strip() and not line.startswith("{")]
    return lines[-1] if lines else "(nothing)"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--roster", default=os.environ.get("ROSTER", "target/debug/roster"))
    parser.add_argument("--ignore", default="", help="ignore_startup_parameters of PgBouncer")
    arguments = parser.parse_args()
    end_tidily()
    kept = True
    with tempfile.TemporaryDirectory(prefix="roster-pgbouncer-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        cluster = Cluster(folder / "cluster")
        try:
            cluster.start().create_database()
            for mode, expected in (
                ("session", serves),
                ("transaction", refuses),
                ("statement", refuses),
            ):
                print(f"pool_mode = {mode}", flush=True)
                pooler = PgBouncer(folder / mode, cluster, mode, arguments.ignore)
                try:
                    wrong = expected(arguments.roster, cluster, pooler, folder)
                finally:
                    pooler.stop()
                print(f"  {wrong or 'as it should be'}", flush=True)
                kept &= wrong is None
        finally:
            cluster.drop()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
