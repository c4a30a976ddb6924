"""The system calls that a sandbox refuses: those that take memory which no limit of a sandbox counts, or that only an attack needs.

A classic BPF program, as seccomp(2) has it and `bwrap --seccomp FD` takes it: 8 bytes an instruction, over struct seccomp_data
(offset 0: the number of the call, offset 4: the architecture).
"""
from __future__ import annotations

import errno
import platform
import struct

LOAD, JUMP_EQUAL, JUMP_GE, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
X32 = 0x40000000  # numbers of x86-64's other ABI begin here
# By architecture: its AUDIT_ARCH number and the numbers of the calls (asm/unistd_64.h, asm-generic/unistd.h).
MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (0xC000003E, {"memfd_create": 319, "memfd_secret": 447, "shmget": 29, "msgget": 68, "semget": 64, "ptrace": 101,
                            "process_vm_readv": 310, "process_vm_writev": 311, "add_key": 248, "request_key": 249, "keyctl": 250,
                            "userfaultfd": 323, "bpf": 321, "perf_event_open": 298, "io_uring_setup": 425}),
    "aarch64": (0xC00000B7, {"memfd_create": 279, "memfd_secret": 447, "shmget": 194, "msgget": 186, "semget": 190, "ptrace": 117,
                             "process_vm_readv": 270, "process_vm_writev": 271, "add_key": 217, "request_key": 218, "keyctl": 219,
                             "userfaultfd": 282, "bpf": 280, "perf_event_open": 241, "io_uring_setup": 425}),
}


def _instruction(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


def program(machine: str = platform.machine()) -> bytes:
    """The filter for this machine; nothing where its numbers are not known. Calls of a foreign ABI are refused altogether."""
    if machine not in MACHINES:
        return b""
    architecture, calls = MACHINES[machine]
    refuse = _instruction(RETURN, ERRNO | errno.EPERM)
    numbers = sorted(calls.values())
    checks = b"".join(_instruction(JUMP_EQUAL, number, yes=len(numbers) - at) for at, number in enumerate(numbers))
    return (_instruction(LOAD, 4) + _instruction(JUMP_EQUAL, architecture, yes=1) + refuse + _instruction(LOAD, 0)
            + _instruction(JUMP_GE, X32, no=1) + refuse + checks + _instruction(RETURN, ALLOW) + refuse)
