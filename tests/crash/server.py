"""Runs `roster serve` and calls it over REST, as any user."""

import atexit
import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from spaces import create_spaces

PATIENCE_SECONDS = 30
TOKEN_SECONDS = 24 * 60 * 60
CLIENT_SECONDS = 60
SECRET = secrets.token_hex(32)
USER_SCOPE = "community:read community:write"
ADMIN_SCOPE = "roster:admin"


class NotStarted(Exception):
    """The server ended or said nothing; carries what it logged and its exit status."""

    def __init__(self, status, log):
        super().__init__(f"the server did not start (status {status}):\n{log[-2000:]}")
        self.status = status
        self.log = log


def end_tidily():
    """Lets SIGTERM end the run like an exception, so that what it started is cleaned up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(claims, scope):
    """A token of the secret's issuer, as `roster token` makes it."""
    now = int(time.time())
    claims = claims | {"token_type": "access", "scope": scope, "jti": secrets.token_hex(8)}
    claims |= {"iat": now, "exp": now + TOKEN_SECONDS}
    parts = [{"typ": "JWT", "alg": "HS256"}, claims]
    signed = b".".join(encode(json.dumps(part).encode()) for part in parts)
    signature = hmac.digest(SECRET.encode(), signed, hashlib.sha256)
    return (signed + b"." + encode(signature)).decode()


class Server:
    """A running server with its own ports, on loopback."""

    def __init__(self, roster, database, folder, environment=None, flags=()):
        self.roster, self.database = roster, database
        self.log = Path(folder) / f"roster-{secrets.token_hex(4)}.log"
        command = [roster, "serve", "--database", database, "--log-format", "json", *flags]
        for port in ("--rest", "--grpc", "--admin"):
            command += [port, "127.0.0.1:0"]
        environment = os.environ | {"ROSTER_TOKEN_SECRET": SECRET} | (environment or {})
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        atexit.register(self.kill)
        self.tokens = {}
        fields = self.serving()
        self.rest = urlsplit(f"//{fields['rest']}")
        self.grpc = fields["grpc"]

    def serving(self):
        """The line that says where the server listens, once it is there."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            ended = self.process.poll() is not None
            for line in self.told().splitlines():
                if '"serving"' in line:
                    return json.loads(line)["fields"]
            if ended:
                break
            time.sleep(0.02)
        raise NotStarted(self.process.poll(), self.told())

    def told(self):
        """What was logged so far."""
        return self.log.read_text(errors="replace")

    def create_spaces(self, names):
        create_spaces(self.grpc, token({"sub": "crash"}, ADMIN_SCOPE), names)

    def connect(self):
        """A connection whose patience is longer than any answer may take."""
        return http.client.HTTPConnection(
            self.rest.hostname, self.rest.port, timeout=CLIENT_SECONDS
        )

    def ask(self, connection, method, path, user):
        if user not in self.tokens:
            self.tokens[user] = token({"user_id": user}, USER_SCOPE)
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def readyz(self):
        """The status that `/readyz` answers, None without an answer."""
        connection = http.client.HTTPConnection(self.rest.hostname, self.rest.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def faults(self):
        """What contradicts itself in the database, in words; the server may be running or not."""
        command = [self.roster, "recount", "--database", self.database]
        ended = subprocess.run(command, capture_output=True, text=True)
        found = ended.stdout.splitlines()
        return found if ended.returncode == 0 or found else [ended.stderr.strip()]

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Asks the server to end, and returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            sys.exit("the server did not end after SIGTERM")
