"""Calls two servers through one target that names both addresses, while one of them is stopped.

    python replicas.py path/to/roster

gRPC's C core (Python, C++, Ruby, PHP) sends the whole list as :authority, unless it is told another. Two
addresses are no authority in HTTP, and the server's HTTP library refuses the stream before anything of ours
sees it. So the channel names one, as docs/calling.md says. Each server has a SQLite file of its own: it is
the client that is looked at here.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import grpc
from google.protobuf.descriptor_pool import DescriptorPool

from reflected import Stub, reflection

ROSTER = sys.argv.pop(1)
SECRET = "a secret of two servers that serve as one"
# A server refuses variables of its name that it does not know.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ROSTER_")}
ENVIRONMENT["ROSTER_TOKEN_SECRET"] = SECRET
AUTHORITY = ("grpc.default_authority", "roster")
# A server that ends says so, and what it had not begun may go elsewhere without a word.
ROUND_ROBIN = ("grpc.lb_policy_name", "round_robin")


def token(*arguments):
    command = [ROSTER, "token", *arguments]
    made = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True)
    return made.stdout.decode().strip()


class Server:
    """A server with a folder of its own, where its log is too."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.log = pathlib.Path(self.folder.name, "log")
        ports = ["--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
        command = [ROSTER, "serve", *ports, "--log-format", "json", "--database", f"sqlite:{self.folder.name}/roster.db"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=log)
        self.address = self.serving()["grpc"]

    def serving(self):
        """What the server says when it begins to serve."""
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            for line in self.log.read_text().splitlines():
                if '"serving"' in line:
                    return json.loads(line)["fields"]
            time.sleep(0.05)
        said = self.log.read_text()
        self.end()
        raise AssertionError(f"no server: {said}")

    def stop(self):
        """Ends it as its operator does, and returns how many spaces were looked at here."""
        self.process.terminate()
        assert self.process.wait(timeout=20) == 0
        return sum("SpaceService/GetSpace" in line for line in self.log.read_text().splitlines())

    def end(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Replicas(unittest.TestCase):
    def setUp(self):
        self.servers = []
        for _ in range(2):
            self.servers.append(Server())
            self.addCleanup(self.servers[-1].end)
        self.admin = token("--subject", "owner", "--scope", "roster:admin")
        for server in self.servers:
            with grpc.insecure_channel(server.address) as channel:
                spaces = self.spaces(channel)
                spaces("CreateSpace", self.admin, name="courses/1", privacy=1, creator="ada")
        self.target = "ipv4:" + ",".join(server.address for server in self.servers)

    def spaces(self, channel):
        with grpc.insecure_channel(self.servers[0].address) as described:
            pool = DescriptorPool(reflection(described, "v1"))
            pool.FindServiceByName("roster.v1.SpaceService")
        return Stub(channel, pool, "roster.v1.SpaceService")

    def look(self, spaces, times):
        for _ in range(times):
            self.assertEqual(spaces("GetSpace", self.admin, name="courses/1").space.name, "courses/1")

    def test_calls_go_to_both_and_go_on_when_one_is_stopped(self):
        with grpc.insecure_channel(self.target, options=[AUTHORITY, ROUND_ROBIN]) as channel:
            spaces = self.spaces(channel)
            self.look(spaces, 100)
            first = self.servers[0].stop()
            self.look(spaces, 100)
            second = self.servers[1].stop()
        self.assertEqual(first + second, 200)
        self.assertTrue(first > 25 and second > 125, (first, second))

    def test_one_takes_over_from_the_other(self):
        with grpc.insecure_channel(self.target, options=[AUTHORITY]) as channel:
            spaces = self.spaces(channel)
            self.look(spaces, 20)
            self.assertEqual(self.servers[0].stop(), 20)
            self.look(spaces, 20)
        self.assertEqual(self.servers[1].stop(), 20)

    def test_a_list_is_no_authority(self):
        with grpc.insecure_channel(self.target) as channel:
            with self.assertRaises(grpc.RpcError) as caught:
                self.look(self.spaces(channel), 1)
        # If this ever passes, the page about calling has a line too many.
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INTERNAL)


if __name__ == "__main__":
    unittest.main(verbosity=2)
