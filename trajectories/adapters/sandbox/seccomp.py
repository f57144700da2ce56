"""A system-call filter for the sandbox, compiled by the system's libseccomp (Debian: libseccomp2)."""

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache

ALLOW = 0x7FFF0000
DENY = 0x00050000 | errno.EPERM
UNKNOWN = 0x00050000 | errno.ENOSYS
CLONE_NEWUSER = 0x10000000
MASKED_EQUAL = 7

_DENIED = (
    # Networks, and shared memory outside the address-space limit.
    "socket connect bind listen accept accept4 shmget shmat shmctl semget msgget mq_open memfd_create memfd_secret "
    # Other processes.
    "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise "
    # Namespaces and mounts.
    "unshare setns mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr "
    # Large and seldom used parts of the kernel.
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key "
    "name_to_handle_at open_by_handle_at fanotify_init inotify_init inotify_init1 init_module finit_module "
    "delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl iopl ioperm modify_ldt personality "
    "syslog vmsplice move_pages migrate_pages mbind set_mempolicy clock_settime settimeofday clock_adjtime adjtimex"
)


class _Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


@cache
def filter_program() -> bytes | None:
    """The filter as the kernel's BPF, or None where libseccomp is not installed."""
    try:
        library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.POINTER(_Comparison),
    ]
    context = library.seccomp_init(ALLOW)
    try:
        for name in _DENIED.split():
            _add_rule(library, context, name, DENY)
        new_user = _Comparison(0, MASKED_EQUAL, CLONE_NEWUSER, CLONE_NEWUSER)
        _add_rule(library, context, "clone", DENY, new_user)
        # Its flags are behind a pointer, which a filter cannot follow; libc falls back to clone.
        _add_rule(library, context, "clone3", UNKNOWN)
        return _export(lambda descriptor: library.seccomp_export_bpf(context, descriptor))
    finally:
        library.seccomp_release(context)


def _add_rule(library: ctypes.CDLL, context: int, name: str, action: int, *comparisons: _Comparison) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:
        # This architecture or this version of the library does not know the call.
        return
    array = (_Comparison * max(1, len(comparisons)))(*comparisons)
    result = library.seccomp_rule_add_array(context, action, number, len(comparisons), array)
    if result != 0:
        raise OSError(-result, f"libseccomp refused the rule for {name}")


def _export(write: Callable[[int], int]) -> bytes:
    descriptor = os.memfd_create("seccomp")
    try:
        result = write(descriptor)
        if result != 0:
            raise OSError(-result, "libseccomp could not export its filter")
        return os.pread(descriptor, 1 << 20, 0)
    finally:
        os.close(descriptor)
