"""Files: which a student's file may read. It is loaded by its path in the child.

Landlock, which nothing in the process can take back: the Python library, the packages that are offered, the system's
shared libraries; nothing else, and no writing at all. So the checks, other submissions and the chapters of the book are
out of reach. Where the kernel does not offer it (macOS, Windows, Linux before 5.13) `only` says so.

Numbers: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

CREATE, ADD, RESTRICT = 444, 445, 446  # system calls, the same on all processors
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
OF_VERSION = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF}  # the kinds of access that are refused unless a rule allows them
BENEATH = 1  # a rule for all that lies beneath a path


def only(listed: list[str], read: list[str]) -> bool:
    """Let this process list the folders in `listed`, read what lies beneath those in `read`, and no more."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    handled = struct.pack("=Q", OF_VERSION[min(version, max(OF_VERSION))])
    rules = libc.syscall(CREATE, handled, ctypes.c_size_t(len(handled)), 0)
    for path, access in [*((p, READ_DIR) for p in listed), *((p, EXECUTE | READ_FILE | READ_DIR) for p in read)]:
        _allow(libc, rules, path, access)
    no_new_privileges = libc.prctl(38, 1, 0, 0, 0) == 0
    stands = no_new_privileges and libc.syscall(RESTRICT, rules, 0) == 0
    os.close(rules)
    return stands


def _allow(libc, rules, path, access):
    """One rule. A path that is not there needs none; a file has no folder to list."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    access = access if os.path.isdir(path) else access & ~READ_DIR
    libc.syscall(ADD, rules, BENEATH, struct.pack("=Qi", access, opened), 0)
    os.close(opened)
