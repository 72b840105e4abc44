"""Commands as a user sees them, in a terminal of their own."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable

from forked import Forked


def in_a_terminal(*arguments: str) -> tuple[Forked, int]:
    """Start a command in a terminal of 80 columns."""
    terminal, end = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = Forked("-m", "drln", *arguments, terminal=end)
    os.close(end)
    return process, terminal


def read_until(descriptor: int, is_enough: Callable[[str], object], seconds: float = 120) -> str:
    """What a terminal or a pipe shows until that is enough.

    Raises:
        AssertionError: if it ends before, or takes longer than `seconds`.
    """
    shown, until = b"", time.monotonic() + seconds
    while not is_enough(shown.decode(errors="replace")):
        part = _read(descriptor, until)
        assert part, f"{'it ended' if part is not None else f'not in {seconds} s'}: {shown.decode(errors='replace')}"
        shown += part
    return shown.decode(errors="replace")


def end_of(process: Forked, terminal: int, seconds: float = 120) -> tuple[int, str]:
    """The exit code of a command, and what its terminal shows from now on.

    Raises:
        AssertionError: if it takes longer than `seconds`; it is killed then.
    """
    shown, until = b"", time.monotonic() + seconds
    while part := _read(terminal, until):
        shown += part
    process.communicate(timeout=max(0, until - time.monotonic()))
    assert process.returncode != -signal.SIGKILL, f"not in {seconds} s: {shown.decode(errors='replace')}"
    return process.returncode, shown.decode()


def _read(descriptor: int, until: float) -> bytes | None:
    """What there is to read next: nothing at the end, None if nothing comes until then."""
    if not select.select([descriptor], [], [], max(0, until - time.monotonic()))[0]:
        return None
    try:
        return os.read(descriptor, 4096)
    except OSError:    # Linux says so when the process has ended
        return b""
