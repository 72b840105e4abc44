"""Commands as a user sees them, in a terminal of their own."""

import fcntl
import os
import pty
import struct
import sys
import termios
from pathlib import Path

ROOT = str(Path(__file__).parents[1])


def in_a_terminal(*arguments: str) -> tuple[int, int]:
    """Start a command in a terminal of 80 columns; give its process id and the terminal."""
    process, terminal = pty.fork()
    if process == 0:
        environment = {**os.environ, "PYTHONPATH": ROOT, "OMP_NUM_THREADS": "1"}
        os.execve(sys.executable, [sys.executable, "-m", "drln", *arguments], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    return process, terminal


def read_all(terminal: int) -> str:
    shown = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:    # Linux says so when the process has ended
            part = b""
        if not part:
            return shown.decode()
        shown += part
