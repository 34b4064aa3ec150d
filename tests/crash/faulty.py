"""Disks that fail: a small one that is filled up, and system calls that are made to fail."""

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

from cluster import PATIENCE_SECONDS, Cluster, owned

SYNC, WRITE = 1, 2
ALL = 1 << 30
# SQLite's log grows to 32 MiB before its pages are written back, and a quick machine writes 4 MiB of it in a second.
SQLITE_DISK_MEGABYTES = 96


class Refuses:
    """Lets fsync (EIO) or write (ENOSPC) fail in processes that run with its environment.

    One by one: for a program that gives up at the first failure and is started again.
    """

    def __init__(self, folder, kind, files, one_by_one=False):
        self.kind = kind
        self.one_by_one = one_by_one
        self.control = Path(folder) / "fault-control"
        self.control.write_bytes(bytes(20))
        self.control.chmod(0o666)
        library = Path(folder) / "fault.so"
        source = Path(__file__).with_name("fault.c")
        if not shutil.which("gcc"):
            sys.exit("gcc is needed to make system calls fail")
        command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
        subprocess.run(command, check=True)
        self.environment = {"LD_PRELOAD": str(library), "FAULT_CONTROL": str(self.control)}
        self.environment["FAULT_FILES"] = files

    def begin(self, skip=0, left=ALL):
        left = 1 if self.one_by_one else left
        self.set(self.kind, skip, left)

    def heal(self):
        self.set(0, 0, 0)

    def set(self, kind, skip, left):
        with open(self.control, "r+b", buffering=0) as file:
            file.write(struct.pack("=iii", kind, skip, left))

    def hits(self):
        return struct.unpack("=5i", self.control.read_bytes())[3]


class Full:
    """Fills a disk to the last byte, and does what makes somebody need more of it."""

    environment = {}
    one_by_one = False

    def __init__(self, folder, provoke=lambda: None):
        self.filler = Path(folder) / "filler"
        self.provoke = provoke

    def begin(self):
        with open(self.filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))
        self.provoke()

    def heal(self):
        self.filler.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A disk of its own in memory; None where mounting is not allowed."""
    folder = owned(folder)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "roster", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class SqliteFiles:
    """A new file for each round. The server itself meets the fault."""

    tries = 40

    def __init__(self, folder, fault):
        self.folder = Path(folder)
        self.fault = fault
        self.environment = fault.environment
        self.count = 0

    def url(self):
        for file in self.folder.glob("roster.db*"):
            file.unlink()
        return f"sqlite:{self.folder}/roster.db"

    def settle(self):
        """Nothing lives on."""

    def drop(self):
        """The folder goes with everything in it."""


class PostgresCluster:
    """A cluster whose backends meet the fault, and which is brought back if it gave up."""

    environment = {}
    tries = 4000

    def __init__(self, cluster, fault, tablespace=None):
        self.cluster = cluster
        self.fault = fault
        try:
            cluster.start()
            self.create_database(tablespace)
        except BaseException:
            cluster.drop()
            raise

    def create_database(self, tablespace):
        options = []
        if tablespace:
            location = owned(tablespace / "space")
            self.cluster.psql(f"CREATE TABLESPACE small LOCATION '{location}'", database="postgres")
            options = ["TABLESPACE small"]
        self.cluster.create_database(*options)

    def url(self):
        return self.cluster.url()

    def settle(self):
        """Waits until PostgreSQL is up again; starts it if it gave up, as a supervisor does."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                if not self.cluster.is_running():
                    self.cluster.control("start")
                self.cluster.psql("SELECT 1")
                return
            except RuntimeError:
                time.sleep(0.1)
        raise RuntimeError("PostgreSQL does not come back")

    def drop(self):
        self.cluster.drop()


def sqlite_places(folder, only=""):
    """Each kind of fault with the place where it is met."""
    for name, kind in (("fsync fails", SYNC), ("write fails", WRITE)):
        if only in name:
            yield name, SqliteFiles(folder, Refuses(folder, kind, "roster.db"))
    if only in "disk full":
        with small_disk(folder / "small", SQLITE_DISK_MEGABYTES) as disk:
            yield "disk full", disk and SqliteFiles(disk, Full(disk))


def postgres_places(folder, only=""):
    """The same for PostgreSQL: without its log it panics, without room for data it refuses."""
    kinds = [
        ("fsync of WAL fails", SYNC, "pg_wal", True),
        ("write of data fails", WRITE, "/base/", False),
    ]
    for number, (name, kind, files, one_by_one) in enumerate(kinds):
        if only in name:
            fault = Refuses(folder, kind, files, one_by_one)
            cluster = Cluster(folder / f"fault-{number}", environment=fault.environment)
            yield name, PostgresCluster(cluster, fault)
    if only in "data disk full":
        with small_disk(folder / "data-disk", 24) as disk:
            yield (
                "data disk full",
                disk and PostgresCluster(Cluster(folder / "full"), Full(disk), disk),
            )
    if only in "WAL disk full":
        with small_disk(folder / "wal-disk", 24) as disk:
            yield "WAL disk full", disk and wal_on(disk, folder / "wal")


def wal_on(disk, folder):
    """A cluster with its log on that disk, where each segment is a new file."""
    initdb = ["-X", str(disk / "wal"), "--wal-segsize=1"]
    settings = {"min_wal_size": "'2MB'", "max_wal_size": "'8MB'", "wal_recycle": "off"}
    cluster = Cluster(folder, settings, initdb=initdb)

    def next_segments():
        for _ in range(3):
            with contextlib.suppress(RuntimeError):
                cluster.psql("SELECT pg_switch_wal() FROM pg_logical_emit_message(true, 'x', 'x')")

    return PostgresCluster(cluster, Full(disk, next_segments))
