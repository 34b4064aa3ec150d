"""PostgreSQL clusters of a test's own, in a scratch folder and on a free port.

PostgreSQL does not run as root: then its programs run as the user postgres.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_SECONDS = 30
DATABASE = "roster"
# Whoever makes the database read-only must be able to undo it.
WRITABLE = {"PGOPTIONS": "-c default_transaction_read_only=off"}
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "shared_buffers": "'32MB'",
    "max_connections": "40",
    "log_min_messages": "warning",
    "restart_after_crash": "on",
    "recovery_init_sync_method": "syncfs",
}


def program(name):
    """A program of the newest PostgreSQL that is installed."""
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: float(p.parts[4])
    )
    path = str(found[-1]) if found else shutil.which(name)
    return path or sys.exit(f"{name} of PostgreSQL was not found")


def as_postgres(command):
    """The command as a user who may run PostgreSQL."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


def run(command):
    """Runs one program to its end, and returns what it printed."""
    done = subprocess.run(
        as_postgres(command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd="/",
        env=os.environ | WRITABLE,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout.strip()


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def owned(folder):
    """Makes a folder that belongs to whoever runs PostgreSQL."""
    folder = Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


class Cluster:
    """One cluster. Its database `roster` belongs to a user `roster` who is nobody special."""

    def __init__(self, folder, settings=None, environment=None, initdb=()):
        self.folder = owned(folder)
        self.data = self.folder / "data"
        self.port = free_port()
        self.environment = os.environ | (environment or {})
        self.sessions = []
        self.standbys = []
        if initdb is not None:
            command = [program("initdb"), "-D", str(self.data), "-A", "trust", "-U", "postgres"]
            run([*command, "-E", "UTF8", "--no-locale", "-N", *initdb])
            self.configure(SETTINGS | (settings or {}))

    def configure(self, settings):
        own = {"port": self.port, "unix_socket_directories": f"'{self.folder}'"}
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in (settings | own).items())

    def control(self, *arguments):
        # Into files: PostgreSQL would keep a pipe of ours open as long as it lives.
        log = ["-l", str(self.folder / "log")]
        command = [program("pg_ctl"), "-D", str(self.data), "-w", *log, *arguments]
        with open(self.folder / "pg_ctl", "ab") as told:
            done = subprocess.run(
                as_postgres(command),
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                cwd="/",
                env=self.environment,
            )
        if done.returncode:
            raise RuntimeError(f"pg_ctl {' '.join(arguments)}: {self.log()[-2000:]}")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def start(self):
        self.control("start")
        return self

    def create_database(self, *options):
        self.psql("CREATE ROLE roster LOGIN", database="postgres")
        self.psql(
            f"CREATE DATABASE {DATABASE} OWNER roster {' '.join(options)}", database="postgres"
        )

    def standby(self, folder):
        """A running standby that receives every change before it is acknowledged."""
        other = Cluster(folder, initdb=None)
        self.standbys.append(other)
        source = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        run(
            [
                program("pg_basebackup"),
                *source,
                "-D",
                str(other.data),
                "-R",
                "-X",
                "stream",
                "-c",
                "fast",
            ]
        )
        other.configure({})
        other.start()
        self.psql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.psql("SELECT pg_reload_conf()")
        self.wait_for("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1")
        return other

    def promote(self):
        """Makes a standby the primary. It waits for no standby of its own."""
        self.control("promote")

    def url(self, port=None):
        return f"postgres://roster@127.0.0.1:{port or self.port}/{DATABASE}"

    def address(self):
        return "127.0.0.1", self.port

    def psql_command(self, database):
        target = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database]
        return [program("psql"), "--no-psqlrc", "-qtAX", "-v", "ON_ERROR_STOP=1", *target]

    def psql(self, statement, database=DATABASE):
        return run([*self.psql_command(database), "-c", statement])

    def wait_for(self, query, wanted, database=DATABASE):
        until = time.monotonic() + PATIENCE_SECONDS
        while self.psql(query, database) != wanted:
            if time.monotonic() > until:
                raise RuntimeError(f"{query} did not become {wanted}")
            time.sleep(0.05)

    @contextlib.contextmanager
    def holding(self, statement):
        """A foreign session that has run the statement in a transaction and goes no further."""
        session = subprocess.Popen(
            as_postgres(self.psql_command(DATABASE)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        try:
            session.stdin.write(f"BEGIN;\n{statement};\n\\echo held\n")
            session.stdin.flush()
            while (line := session.stdout.readline()) and line.strip() != "held":
                pass
            yield
        finally:
            session.kill()
            session.wait()

    def occupy(self):
        """Opens one more idle foreign session; whether the server had room for it."""
        session = socket.create_connection(self.address(), timeout=PATIENCE_SECONDS)
        words = ["user", "roster", "database", DATABASE, "application_name", "foreign", ""]
        body = struct.pack(">I", 196608) + b"".join(word.encode() + b"\0" for word in words)
        session.sendall(struct.pack(">I", len(body) + 4) + body)
        if session.recv(1) != b"R":
            session.close()
            return False
        self.sessions.append(session)
        return True

    def vacate(self):
        for session in self.sessions:
            session.close()
        self.sessions.clear()

    def terminate(self, others="foreign"):
        """Terminates all sessions of the server, however often it comes back."""
        condition = f"usename = 'roster' AND application_name <> '{others}'"
        query = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {condition}"
        return int(self.psql(query, database="postgres"))

    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def kill(self):
        """SIGKILL for the postmaster and everybody whom it has started."""
        postmaster = self.pid()
        victims = [postmaster]
        for entry in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                parent = entry.read_text().rsplit(")", 1)[1].split()[1]
                if int(parent) == postmaster:
                    victims.append(int(entry.parent.name))
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)

    def is_running(self):
        try:
            os.kill(self.pid(), 0)
            return True
        except (OSError, ValueError, IndexError):
            return False

    def drop(self):
        """Ends the cluster and its standbys, and removes their files."""
        for standby in self.standbys:
            standby.drop()
        self.vacate()
        with contextlib.suppress(RuntimeError):
            self.control("stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
