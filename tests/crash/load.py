"""Users who join and leave without end, and what of that the server must still know afterwards.

Each pair of a user and a space is driven by one thread. A call that failed is in doubt: it may have
happened, or happen later. So the thread repeats the same call until it is acknowledged, and then
drives that pair no more: what was acknowledged last must be there at the end, exactly.
"""

import collections
import http.client
import itertools
import json
import random
import threading
import time

PAUSE_AFTER_FAILURE = 0.05
PROBE_SECONDS = 0.1
READ_PATIENCE_SECONDS = 10
ACKNOWLEDGED = (200, 204)
OVERLOADED = 429


class Pair:
    """One user and one course or group."""

    def __init__(self, user, space):
        self.user = user
        self.space = space
        kind, number = space.split("/")
        kind, verb = {"courses": ("course", "join"), "groups": ("group", "subscribe")}[kind]
        self.change_path = f"/api/v2/{kind}/{number}/{verb}/"
        self.status_path = f"/api/v2/{kind}/{number}/status/"
        # What was acknowledged last; None while a call is in doubt.
        self.joined = False
        # A call that failed may still happen: not to be driven by another call.
        self.spent = False
        self.driven = False

    def __str__(self):
        return f"user {self.user} in {self.space}, last {'joined' if self.joined else 'left'}"

    def change(self, server, connection, joins):
        """Joins or leaves; returns the status that was answered, None without an answer."""
        self.driven = True
        try:
            method = "POST" if joins else "DELETE"
            return server.ask(connection, method, self.change_path, self.user)[0]
        except (OSError, http.client.HTTPException):
            connection.close()
            return None


# One call of the load: when it began and ended, whether it was acknowledged, and whose it was.
Call = collections.namedtuple("Call", "begin end acknowledged group")


class Load:
    """One thread for each group of pairs, until it is stopped."""

    def __init__(self, server, groups, pause=0.0):
        self.server = server
        self.pause = pause
        self.stopping = threading.Event()
        self.calls = []
        self.answers = collections.Counter()
        self.groups = range(len(groups))
        self.threads = [
            threading.Thread(target=self.drive, args=(n, group), daemon=True)
            for n, group in enumerate(groups)
        ]
        for thread in self.threads:
            thread.start()

    def drive(self, group, pairs):
        connection = self.server.connect()
        pairs = list(pairs)
        while pairs and not self.stopping.is_set():
            pair = random.choice(pairs)
            self.settle(group, pair, connection)
            if pair.spent:
                pairs.remove(pair)
            time.sleep(self.pause)
        connection.close()

    def settle(self, group, pair, connection):
        """Changes one pair, however often it takes."""
        joins, pair.joined = not pair.joined, None
        while True:
            begin = time.monotonic()
            status = pair.change(self.server, connection, joins)
            acknowledged = status in ACKNOWLEDGED
            self.calls.append(Call(begin, time.monotonic(), acknowledged, group))
            self.answers[status] += 1
            if acknowledged:
                pair.joined = joins
                return
            pair.spent = True
            if self.stopping.wait(PAUSE_AFTER_FAILURE):
                return

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def acknowledged(self, begin=float("-inf"), end=float("inf"), groups=None):
        """The acknowledged calls that ended in this time."""
        calls = [
            call for call in list(self.calls) if call.acknowledged and begin <= call.end <= end
        ]
        return [call for call in calls if groups is None or call.group in groups]

    def recovered(self, since, groups=None):
        """Seconds until every group's first acknowledged call begun since; None if one has none."""
        firsts = {}
        for call in self.acknowledged(begin=since, groups=groups):
            if call.begin >= since:
                firsts.setdefault(call.group, call.end - since)
        everybody = set(self.groups if groups is None else groups)
        return max(firsts.values()) if set(firsts) == everybody else None

    def stalled(self, begin, end, groups=None):
        """The longest time that any group was without an acknowledged call."""
        longest = 0.0
        for group in self.groups if groups is None else groups:
            ends = [call.end for call in self.acknowledged(begin, end, [group])]
            moments = [begin, *sorted(ends), end]
            longest = max(longest, *(b - a for a, b in itertools.pairwise(moments)))
        return longest

    def refused(self):
        """Answers that are neither a success nor the plea to come back later."""
        usual = (*ACKNOWLEDGED, OVERLOADED, None)
        return {status: count for status, count in self.answers.items() if status not in usual}


class Probe:
    """Asks `/readyz` again and again."""

    def __init__(self, server):
        self.server = server
        self.samples = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(PROBE_SECONDS):
            self.samples.append((time.monotonic(), self.server.readyz()))

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def between(self, begin, end):
        return [status for moment, status in list(self.samples) if begin <= moment <= end]


def percentile(calls, share):
    """How long the slowest but that share of the calls took at most, in seconds."""
    times = sorted(call.end - call.begin for call in calls)
    return times[min(len(times) - 1, int(len(times) * share))] if times else float("nan")


def lost(server, pairs, settled=False):
    """The driven pairs that are not as acknowledged, in words.

    Settled says that no call can happen any more: then those in doubt are known from now on.
    """
    connection = server.connect()
    found = []
    for pair in pairs:
        if not pair.driven:
            continue
        joined = is_joined(server, connection, pair)
        if pair.joined not in (None, joined):
            found.append(str(pair))
        if settled:
            pair.joined, pair.spent = joined, False
    connection.close()
    return found


def is_joined(server, connection, pair):
    """What the server says about a pair. Right after a fault a read may fail once or twice."""
    until = time.monotonic() + READ_PATIENCE_SECONDS
    while True:
        status, body = server.ask(connection, "GET", pair.status_path, pair.user)
        if status == 200:
            return json.loads(body)["status"] is not None
        if time.monotonic() > until:
            raise RuntimeError(f"reading {pair} was answered {status} {body[:200]!r}")
        time.sleep(PAUSE_AFTER_FAILURE)
