"""Standard output and error that never stop a command, even if they are closed, full or cannot show a name.

The results of a command are in its files. A message that cannot be printed is no reason for a traceback.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


class Outlet(io.RawIOBase):
    """A file that accepts everything. After its first `error`, which it keeps, it drops what is written."""

    def __init__(self, raw: Any) -> None:
        self.error: OSError | None = None
        self._raw = raw

    def write(self, data: Any) -> int | None:
        """Write bytes, or drop them, and return how many."""
        if self.error is None:
            try:
                return self._raw.write(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes

    def writable(self) -> bool:
        """True, as `io.BufferedWriter` asks."""
        return True

    def isatty(self) -> bool:
        """Whether the file is a terminal."""
        return self._raw.isatty()

    def fileno(self) -> int:
        """The file's number in this process."""
        return self._raw.fileno()


def make_outputs_forgiving() -> None:
    """Replace both outputs of this process. Letters that the terminal cannot show become backslashes and digits."""
    for name in ("stdout", "stderr"):
        setattr(sys, name, _forgiving(getattr(sys, name)))


def lost_output() -> str:
    """Why a message could not be printed. Empty if all were, or if the reader of a pipe has left."""
    sys.stdout.flush()
    outlet = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    error = outlet.error if isinstance(outlet, Outlet) else None
    return "" if error is None or isinstance(error, BrokenPipeError) else str(error.strerror)


def _forgiving(stream: TextIO | None) -> TextIO:
    if stream is None:    # this process was started with it closed
        return open(os.devnull, "w")
    outlet = Outlet(getattr(stream.buffer, "raw", stream.buffer))    # the buffer itself where Python runs unbuffered
    return io.TextIOWrapper(io.BufferedWriter(outlet), stream.encoding, "backslashreplace", line_buffering=True)
