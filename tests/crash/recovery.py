#!/usr/bin/env python3
"""Brings trouble between a server and PostgreSQL: writes must come back by themselves, and soon.

    tests/crash/recovery.py --roster target/debug/roster
    tests/crash/recovery.py --roster target/debug/roster --only frozen --only failover

Users join and leave many spaces over REST, whose deadline is three seconds. A proxy of the run's
own stands between the server and a cluster of its own. For each trouble (see trouble.py) a row says

    back          seconds from its end until every thread had a new call acknowledged
    acknowledged  changes, and how many of them were lost: looked for through a new server
    longest       the longest call, in seconds, as the client sees it
    unready       seconds without an acknowledged change when `/readyz` first was not 200
    lied          probes of it that said 200 after no change had gone through for 4.5 s, or
                  not 200 five seconds after all went on

and for the row lock what happened to the joins in other spaces. The exit status is 1 if a bar is
missed. Needs Python and the programs of PostgreSQL. Spaces are made over gRPC (see spaces.py), so
that the tables may change.
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from pathlib import Path

from cluster import Cluster
from load import Load, Pair, Probe, lost, percentile
from proxy import Proxy
from server import Server, end_tidily
from trouble import LOCK_SECONDS, TROUBLES

RECOVERY_SECONDS = 5
# A call ends by its deadline and a tenth of a second; the rest is for this client and its machine.
LONGEST_SECONDS = 3 + 0.1 + 0.15
UNREADY_AFTER_SECONDS = 4.5
# The server may be ready again a little before a caller finds out.
READY_BEFORE_SECONDS = 1
RATE_KEPT, SLOWER = 0.8, 2
GIVE_UP_SECONDS = 8
BEFORE_SECONDS, AFTER_SECONDS = 1, 1
PAUSE_SECONDS = 0.004
HOT = "courses/1"
OTHERS = [f"courses/{number}" for number in range(2, 41)]
HOT_THREADS, OTHER_THREADS = 2, 6
USERS = 1000
ROW = "{:19} {:>6} {:>12} {:>5} {:>8} {:>8} {:>5}  {}"


class Scene:
    """Servers under load, with a proxy before their database."""

    hot = HOT
    others = range(HOT_THREADS, HOT_THREADS + OTHER_THREADS)

    def __init__(self, roster, cluster, folder, first_user, replicas):
        self.roster, self.cluster, self.folder = roster, cluster, folder
        self.standby = None
        self.notes, self.missed = [], []
        self.freeze = None
        self.user = first_user
        self.proxy = Proxy(cluster.address())
        self.servers, self.loads, self.pairs = [], [], []
        for _ in range(replicas):
            self.servers.append(Server(roster, cluster.url(self.proxy.port), folder))
        self.servers[0].create_spaces([HOT, *OTHERS])
        for server in self.servers:
            self.loads.append(Load(server, self.groups(), PAUSE_SECONDS))
        self.load, self.probe = self.loads[0], Probe(self.servers[0])

    def groups(self):
        """The pairs of each thread; only the first threads go to the hot space."""
        hot = [[self.pair(HOT) for _ in range(40)] for _ in range(HOT_THREADS)]
        others = [[self.pair(space) for space in OTHERS * 2] for _ in range(OTHER_THREADS)]
        return hot + others

    def pair(self, space):
        self.user += 1
        self.pairs.append(Pair(self.user, space))
        return self.pairs[-1]

    def add_standby(self):
        self.standby = self.cluster.standby(self.folder / "standby")
        return self.standby

    def compare(self, before, during):
        """The other spaces while one is locked, beside the time before."""
        rate = len(during) / max(len(before), 1)
        slow, usual = percentile(during, 0.99), percentile(before, 0.99)
        self.notes.append(
            f"other spaces: rate x {rate:.2f}, p99 {usual * 1000:.0f} -> {slow * 1000:.0f} ms"
        )
        if rate < RATE_KEPT:
            self.missed.append("rate")
        if not slow <= SLOWER * usual:
            self.missed.append("p99")

    def froze(self, begin, end, held):
        """When the other server stood still, and how many transactions it held open."""
        self.freeze = (begin, end)
        stalled = self.load.stalled(begin, end)
        self.notes.append(f"{held} transactions held; here a call waited {stalled:.1f} s")
        if stalled > RECOVERY_SECONDS:
            self.missed.append("the other server waits")

    def back(self, since):
        times = [load.recovered(since) for load in self.loads]
        return None if None in times else max(times)

    def longest(self):
        """The longest call of a server that was not stopped meanwhile."""
        calls = list(self.load.calls)
        if self.freeze:
            begin, end = self.freeze
            calls += [call for call in self.loads[1].calls if call.end < begin or call.begin > end]
        return max(call.end - call.begin for call in calls)

    def lies(self, back_at, end):
        """How often `/readyz` said what was not so."""
        moments = sorted(call.end for call in self.load.acknowledged()) + [end]
        wrong = 0
        for last, following in itertools.pairwise(moments):
            unready, ready = last + UNREADY_AFTER_SECONDS, following - READY_BEFORE_SECONDS
            wrong += self.probe.between(unready, ready).count(200)
        well = self.probe.between(back_at + RECOVERY_SECONDS, end) if back_at else []
        return wrong + sum(status != 200 for status in well)

    def unready(self, begun, end):
        """Seconds from the last acknowledged change until `/readyz` was not 200; None if never."""
        for moment, status in self.probe.samples:
            if status != 200 and begun < moment < end:
                ends = (call.end for call in self.load.acknowledged(end=moment))
                return moment - max(ends, default=begun)
        return None

    def wait_until_well(self, since):
        """Waits until every thread goes on and the server says so, or it takes too long."""
        while time.monotonic() < since + GIVE_UP_SECONDS:
            ready = self.probe.samples and self.probe.samples[-1][1] == 200
            if ready and self.back(since) is not None:
                break
            time.sleep(0.05)
        time.sleep(AFTER_SECONDS)
        return bool(self.probe.samples) and self.probe.samples[-1][1] == 200

    def end(self):
        for load in self.loads:
            load.stopping.set()
        for server in self.servers:
            server.kill()
        for load in self.loads:
            load.stop()
        self.probe.stop()
        self.proxy.close()

    def lost(self):
        """What a new server, directly at the database, does not know any more."""
        database = self.standby or self.cluster
        server = Server(self.roster, database.url(), self.folder)
        try:
            return lost(server, self.pairs) + server.faults()
        finally:
            server.kill()


def play(name, scene):
    """One trouble from begin to end; whether all bars were kept."""
    time.sleep(LOCK_SECONDS + BEFORE_SECONDS if name == "row-lock" else BEFORE_SECONDS)
    begun = time.monotonic()
    since = TROUBLES[name](scene)
    ready = scene.wait_until_well(since)
    end = time.monotonic()
    scene.end()
    back, longest = scene.back(since), scene.longest()
    lies = scene.lies(back and since + back, end)
    found = scene.lost()
    unready = scene.unready(begun, end)
    bars = {
        "back": back is not None and back <= RECOVERY_SECONDS,
        "lost": not found,
        "longest": longest <= LONGEST_SECONDS,
        "readyz": not lies and ready,
    }
    missed = [bar for bar, kept in bars.items() if not kept] + scene.missed
    told = [f"missed: {', '.join(missed)}" if missed else "ok", *scene.notes]
    if scene.load.refused():
        told.append(f"answers {scene.load.refused()}")
    print(
        ROW.format(
            name,
            "never" if back is None else f"{back:.2f}",
            sum(len(load.acknowledged()) for load in scene.loads),
            len(found),
            f"{longest:.2f}",
            "-" if unready is None else f"{unready:.1f}",
            lies,
            "; ".join(told),
        ),
        flush=True,
    )
    for pair in found[:10]:
        print(f"  lost: {pair}")
    return not missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--roster", default=os.environ.get("ROSTER", "target/debug/roster"))
    parser.add_argument(
        "--only", action="append", choices=TROUBLES, help="only this trouble; repeatable"
    )
    arguments = parser.parse_args()
    end_tidily()
    print(ROW.format("trouble", "back", "acknowledged", "lost", "longest", "unready", "lied", ""))
    kept = True
    with tempfile.TemporaryDirectory(prefix="roster-recovery-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        cluster = Cluster(folder / "primary")
        scene = None
        try:
            cluster.start().create_database()
            for number, name in enumerate(arguments.only or TROUBLES, start=1):
                replicas = 2 if name == "replica" else 1
                scene = Scene(arguments.roster, cluster, folder, number * USERS, replicas)
                kept &= play(name, scene)
        finally:
            if scene:
                scene.end()
            cluster.drop()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
