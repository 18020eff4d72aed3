"""Kernel: what Linux refuses to a student's file, beyond rlimits. It is loaded by its path in the child.

A seccomp filter, which nothing in the process can take back: no new process and no other program (threads may start),
no socket, no signal to another process (nor one that the kernel sends for it: fcntl's owner and signal of a file), no
look into another process's memory, no change of a file's mode, owner, times or attributes, no memory or queue that two
processes share by name, no setting of the machine. Where the kernel does not offer it
(macOS, Windows, an unknown processor) `confine` says so, and the rlimits of inside.py are all there is.

A filter is a list of instructions (code, jump if true, jump if false, k) over the call's number and its arguments.
Errors: https://www.kernel.org/doc/html/latest/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {  # system calls, by processor
    "x86_64": {
        "arch": 0xC000003E, "refused": (41, 53, 57, 58, 59, 101, 310, 311, 322, 434, 129, 297, 424, 425, 426, 427),
        "files": (90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199, 463, 466),
        "shared": (29, 30, 31, 64, 65, 66, 220, 68, 69, 70, 71, 240, 253, 294, 300, 319),
        "machine": (141, 203, 169, 164, 170, 171, 321, 272, 163, 167, 168, 165, 166, 155, 161, 175, 313, 176, 246, 227,
                    159, 305, 172, 173, 308, 298, 323, 250, 248, 249, 179),
        "clone": 56, "clone3": 435, "own": (62, 234), "first": (200, 302), "fcntl": 72,
    },
    "aarch64": {
        "arch": 0xC00000B7, "refused": (198, 199, 221, 117, 270, 271, 281, 434, 138, 240, 424, 425, 426, 427),
        "files": (52, 53, 452, 54, 55, 88, 5, 6, 7, 14, 15, 16, 463, 466),
        "shared": (194, 195, 196, 190, 191, 192, 193, 186, 187, 188, 189, 180, 26, 262, 279),
        "machine": (140, 122, 142, 170, 161, 162, 280, 97, 89, 224, 225, 40, 39, 41, 51, 105, 273, 106, 104, 112, 171,
                    266, 268, 241, 282, 219, 217, 218, 60),
        "clone": 220, "clone3": 435, "own": (129, 131), "first": (130, 261), "fcntl": 25,
    },
}  # fmt: skip
# refused: socket, socketpair, fork, vfork, execve, ptrace, process_vm_readv and _writev, execveat, pidfd_open,
#          rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal, io_uring's three.
# files: chmod, chown, utime and xattr, each with its kin. shared: System V's memory, semaphores and messages, mq_open,
#        inotify, fanotify, memfd_create. machine: setpriority, sched_setaffinity, reboot, clocks, names, bpf, unshare,
#        acct, swap, mounts, modules, kexec, ports, setns, perf_event_open, userfaultfd, keys, quotas.
# fcntl: F_SETOWN, F_SETSIG and F_SETOWN_EX are refused.
# own: kill and tgkill, to itself alone. first: tkill is refused; prlimit64 to itself alone.

ALLOW, REFUSE = 0x7FFF0000, 0x00050000
LOAD, EQUAL, SET, RETURN = 0x20, 0x15, 0x45, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JSET|K, BPF_RET|K
NUMBER, ARCH, ARGUMENT, SECOND = 0, 4, 16, 24  # offsets in struct seccomp_data
SIGNALS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
CLONE_THREAD = 0x00010000
X32 = 0x40000000


def confine() -> bool:
    """Install the filter; whether it stands."""
    known = NUMBERS.get(platform.machine())
    if not sys.platform.startswith("linux") or known is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    code = b"".join(struct.pack("=HBBI", *step) for step in instructions(known, os.getpid()))
    program = ctypes.create_string_buffer(code)
    header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(program)))
    no_new_privileges = libc.prctl(38, 1, 0, 0, 0) == 0
    return no_new_privileges and libc.prctl(22, 2, ctypes.byref(header), 0, 0) == 0


def instructions(known: dict, pid: int) -> list[tuple[int, int, int, int]]:
    """The filter for one processor, in a process of this number."""
    refuse, unknown = (RETURN, 0, 0, REFUSE | errno.EPERM), (RETURN, 0, 0, REFUSE | errno.ENOSYS)
    tkill, prlimit = known["first"]
    steps = [(LOAD, 0, 0, ARCH), (EQUAL, 1, 0, known["arch"]), refuse, (LOAD, 0, 0, NUMBER), (SET, 0, 1, X32), refuse]
    for number in (*known["refused"], *known["files"], *known["shared"], *known["machine"], tkill):
        steps += [(EQUAL, 0, 1, number), refuse]
    steps += [(EQUAL, 0, 1, known["clone3"]), unknown]  # its flags lie in memory: the C library goes on with clone
    steps += [(EQUAL, 0, 3, known["clone"]), (LOAD, 0, 0, ARGUMENT), (SET, 1, 0, CLONE_THREAD), refuse]
    steps += [(LOAD, 0, 0, NUMBER)]
    looks = [step for command in SIGNALS for step in ((EQUAL, 0, 1, command), refuse)]
    steps += [(EQUAL, 0, len(looks) + 2, known["fcntl"]), (LOAD, 0, 0, SECOND), *looks, (LOAD, 0, 0, NUMBER)]
    for number in known["own"]:
        steps += [(EQUAL, 0, 3, number), (LOAD, 0, 0, ARGUMENT), (EQUAL, 1, 0, pid), refuse, (LOAD, 0, 0, NUMBER)]
    steps += [(EQUAL, 0, 4, prlimit), (LOAD, 0, 0, ARGUMENT), (EQUAL, 2, 0, 0), (EQUAL, 1, 0, pid), refuse]
    return [*steps, (RETURN, 0, 0, ALLOW)]
