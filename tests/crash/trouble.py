"""What can happen between a server and PostgreSQL. Each trouble begins, lasts and is over.

A trouble is called with the scene, in which servers run under load. It returns when it is over, and
says from which moment recovery is counted.
"""

import time

OUTAGE_SECONDS = 7
LOCK_SECONDS = 5
FREEZE_SECONDS = 10
FREEZE_TRIES = 20
STEP = 0.1
OPEN_TRANSACTIONS = """SELECT count(*) FROM pg_stat_activity WHERE usename = 'roster'
    AND state = 'idle in transaction' AND clock_timestamp() - state_change > '80 ms'"""


def frozen(scene):
    """Every open connection falls silent for good, new ones work."""
    begun = time.monotonic()
    scene.proxy.freeze()
    return begun


def silent(scene):
    """Nothing comes or goes for a while; then all connections go on where they were."""
    scene.proxy.silence()
    time.sleep(OUTAGE_SECONDS)
    scene.proxy.speak()
    return time.monotonic()


def terminated(scene):
    """All sessions are terminated, again and again."""
    until = time.monotonic() + OUTAGE_SECONDS
    while time.monotonic() < until:
        scene.cluster.terminate()
        time.sleep(STEP)
    return time.monotonic()


def restarted(scene):
    """PostgreSQL is shut down like in a crash, and starts again."""
    scene.cluster.control("restart", "-m", "immediate")
    return time.monotonic()


def read_only(scene):
    """The whole cluster is read-only; sessions are not cut, before or afterwards."""
    set_read_only(scene, "ALTER SYSTEM SET default_transaction_read_only = on")
    time.sleep(OUTAGE_SECONDS)
    set_read_only(scene, "ALTER SYSTEM RESET default_transaction_read_only")
    return time.monotonic()


def set_read_only(scene, statement):
    scene.cluster.psql(statement)
    scene.cluster.psql("SELECT pg_reload_conf()")


def read_only_sessions(scene):
    """Sessions begin read-only and stay so: only new ones can write afterwards."""
    scene.cluster.psql("ALTER DATABASE roster SET default_transaction_read_only = on")
    scene.cluster.terminate()
    time.sleep(OUTAGE_SECONDS)
    scene.cluster.psql("ALTER DATABASE roster RESET default_transaction_read_only")
    return time.monotonic()


def locked(scene):
    """A foreign session holds the row of one space. Others must not notice."""
    others = scene.others
    begun = time.monotonic()
    # The same time without the lock was spent before.
    before = scene.load.acknowledged(begun - LOCK_SECONDS, begun, others)
    with scene.cluster.holding(f"SELECT 1 FROM space WHERE name = '{scene.hot}' FOR UPDATE"):
        begun = time.monotonic()
        time.sleep(LOCK_SECONDS)
        until = time.monotonic()
    scene.compare(before, scene.load.acknowledged(begun, until, others))
    return until


def exhausted(scene):
    """Foreign sessions take every connection, and those of the server are terminated."""
    until = time.monotonic() + OUTAGE_SECONDS
    while time.monotonic() < until:
        scene.cluster.terminate()
        while scene.cluster.occupy():
            pass
        time.sleep(STEP)
    scene.cluster.vacate()
    return time.monotonic()


def replica_frozen(scene):
    """Another server stops, if possible between a lock and its commit, and goes on later."""
    other = scene.servers[1]
    held = 0
    for _ in range(FREEZE_TRIES):
        begun = time.monotonic()
        other.freeze()
        time.sleep(STEP)
        held = int(scene.cluster.psql(OPEN_TRANSACTIONS))
        if held:
            break
        other.thaw()
        time.sleep(STEP)
    else:
        other.freeze()
    time.sleep(FREEZE_SECONDS)
    scene.froze(begun, time.monotonic(), held)
    other.thaw()
    return time.monotonic()


def failed_over(scene):
    """The primary is killed, its synchronous standby promoted, and the address leads there."""
    standby = scene.add_standby()
    time.sleep(STEP * 10)
    scene.cluster.kill()
    standby.promote()
    scene.proxy.target = standby.address()
    return time.monotonic()


TROUBLES = {
    "frozen": frozen,
    "silent": silent,
    "terminated": terminated,
    "restart": restarted,
    "read-only": read_only,
    "read-only-sessions": read_only_sessions,
    "row-lock": locked,
    "max-connections": exhausted,
    "replica": replica_frozen,
    # The last one: the first cluster does not outlive it.
    "failover": failed_over,
}
