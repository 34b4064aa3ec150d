"""Starts a program as the systemd unit confines it, without systemd: no new privileges, no capabilities,
its system call filter, and no memory that is both written and run.

    sandbox.py UNIT PROGRAM ARGUMENTS…

Directives about files and namespaces are systemd's own work and are left out. Needs libseccomp, which
systemd brings along.
"""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

ALLOW, EPERM = 0x7FFF0000, 0x00050000 | 1
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, CAPABILITIES = 38, 24, 41
MASKED_EQUAL = 7
PROT_WRITE, PROT_EXEC = 2, 4


class Comparison(ctypes.Structure):
    """One condition on an argument of a system call, as libseccomp takes it."""

    _fields_ = [
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    ]


def directive(unit, name):
    """The values of a directive, a list for each line."""
    return [value.split() for value in re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)]


def expanded(name):
    """The system calls of a set, and of the sets in it."""
    if not name.startswith("@"):
        return {name}
    command = ["systemd-analyze", "--no-pager", "syscall-filter", name]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    words = [line.strip() for line in lines[1:]]
    return set().union(*(expanded(word) for word in words if word and not word.startswith("#")))


def allowed(unit):
    """What is left when every line was added or, with a tilde, taken away."""
    calls = expanded("@default")
    for first, *rest in directive(unit, "SystemCallFilter"):
        named = set().union(*map(expanded, [first.lstrip("~"), *rest]))
        calls = calls - named if first.startswith("~") else calls | named
    return calls | {"execve"}


def confine(unit):
    libc = ctypes.CDLL(None, use_errno=True)
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    calls = allowed(unit)
    if directive(unit, "CapabilityBoundingSet") == [[]]:
        for capability in range(CAPABILITIES):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        sys.exit("no_new_privs was refused")
    context = ctypes.c_void_p(seccomp.seccomp_init(EPERM))
    for call in sorted(calls):
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number < 0:  # It belongs to another kind of processor.
            continue
        conditions = []
        if ["yes"] in directive(unit, "MemoryDenyWriteExecute"):
            conditions = {"mmap": [PROT_EXEC, PROT_WRITE], "mprotect": [PROT_EXEC]}.get(call, [])
        # Without a condition the call is allowed; with some, where one of the bits is not asked for.
        for bit in conditions or [None]:
            rule = [] if bit is None else [Comparison(2, MASKED_EQUAL, bit, 0)]
            array = (Comparison * len(rule))(*rule)
            if seccomp.seccomp_rule_add_array(context, ALLOW, number, len(rule), array):
                sys.exit(f"the filter refuses {call}")
    if seccomp.seccomp_load(context):
        sys.exit("the kernel refuses the filter")


if __name__ == "__main__":
    _, path, program, *arguments = sys.argv
    confine(Path(path).read_text())
    os.execv(program, [program, *arguments])
