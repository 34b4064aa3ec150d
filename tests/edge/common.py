"""A server to do harm to, and a good caller beside it."""

import argparse
import http.client
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "crash"))

from server import Server  # noqa: E402

PAUSE_SECONDS = 0.05
USER = 7


def serving(parser, flags=(), **settings):
    """The arguments, and a server on a database of its own."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--roster", default=os.environ.get("ROSTER", "target/debug/roster"))
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="roster-edge-")
    server = Server(
        arguments.roster, f"sqlite:{folder}/roster.db", folder, {"ROSTER_LOG": "warn,roster::cli=info"}, flags
    )
    server.folder = folder
    return arguments, server


def rss(server):
    """The server's memory, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kib) / 1024


class Good:
    """Somebody who does nothing wrong, over one connection that is opened anew when it breaks."""

    def __init__(self, server):
        self.server = server
        self.answered = self.failed = 0
        self.slowest = 0.0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        connection = self.server.connect()
        while not self.ended.wait(PAUSE_SECONDS):
            began = time.monotonic()
            try:
                status, _ = self.server.ask(connection, "GET", "/api/v2/course/", USER)
                good = status == 200
            except (OSError, http.client.HTTPException):
                connection.close()
                connection, good = self.server.connect(), False
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answered += good
            self.failed += not good

    def __str__(self):
        return (
            f"good calls: {self.answered} answered, {self.failed} failed, "
            f"slowest {self.slowest * 1000:.0f} ms"
        )
