"""confine.py old-kernel|no-capabilities COMMAND...: runs the command as an older kernel or a lesser
container would let it run.

old-kernel: a seccomp filter answers ENOSYS to every system call that Linux 3.10 does not have.
no-capabilities: root without any capability.
"""

import ctypes
import errno
import os
import struct
import sys

_libc = ctypes.CDLL(None, use_errno=True)

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 22, 38, 24
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO = 0x7FFF0000, 0x00050000
AUDIT_ARCH_X86_64 = 0xC000003E
FIRST_CALL_AFTER_3_10 = 314  # x86-64: sched_setattr, of Linux 3.14. Numbers rise with time.

BPF_LD_W_ABS, BPF_JEQ_K, BPF_JGE_K, BPF_RET_K = 0x20, 0x15, 0x35, 0x06


def _prctl(*arguments: int) -> None:
    if _libc.prctl(*(ctypes.c_ulong(a) for a in arguments), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def old_kernel() -> None:
    """Denies the newer system calls to this process for good."""
    program = [
        (BPF_LD_W_ABS, 0, 0, 4),  # arch
        (BPF_JEQ_K, 0, 3, AUDIT_ARCH_X86_64),
        (BPF_LD_W_ABS, 0, 0, 0),  # nr
        (BPF_JGE_K, 0, 1, FIRST_CALL_AFTER_3_10),
        (BPF_RET_K, 0, 0, SECCOMP_RET_ERRNO | errno.ENOSYS),
        (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    _prctl(PR_SET_NO_NEW_PRIVS, 1, 0)
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header))


def no_capabilities() -> None:
    """Empties the bounding set: the next execve(2) leaves no capability, even to root."""
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as file:
        last = int(file.read())
    for capability in range(last + 1):
        _prctl(PR_CAPBSET_DROP, capability, 0)


if __name__ == "__main__":
    {"old-kernel": old_kernel, "no-capabilities": no_capabilities}[sys.argv[1]]()
    os.execv(sys.argv[2], sys.argv[2:])
