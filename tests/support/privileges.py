"""Root may read and write everything; tests of what may not be need a thread that may not."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

ABOVE_PERMISSIONS = 1 << 1 | 1 << 2    # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, of linux/capability.h
VERSION, GET_SECUREBITS, SET_SECUREBITS, NO_SETUID_FIXUP = 0x20080522, 27, 28, 1 << 2


@contextmanager
def without_privileges() -> Iterator[None]:
    """This thread, and those that it starts meanwhile, keep to the permissions of files."""
    if os.geteuid():
        yield
        return
    libc = ctypes.CDLL(None)
    header, ours = (ctypes.c_uint32 * 2)(VERSION, 0), (ctypes.c_uint32 * 6)()
    bits = libc.prctl(GET_SECUREBITS)
    assert libc.capget(header, ours) == 0
    fewer = type(ours)(ours[0] & ~ABOVE_PERMISSIONS, *ours[1:])    # those in effect; all may come back
    # Without the fixup os.access, too, goes by those in effect.
    assert libc.prctl(SET_SECUREBITS, bits | NO_SETUID_FIXUP) == libc.capset(header, fewer) == 0
    try:
        yield
    finally:
        assert libc.capset(header, ours) == libc.prctl(SET_SECUREBITS, bits) == 0
