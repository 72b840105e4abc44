"""Standard output and error that cannot end the work: closed, full, or unable to write a name.

A command's work is in its files; what it prints beside them is worth no traceback.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


class Outlet(io.RawIOBase):
    """A stream's file that takes everything; after its first error, which it keeps, to no avail."""

    def __init__(self, raw: Any) -> None:
        self.error: OSError | None = None
        self._raw = raw

    def write(self, data: Any) -> int | None:
        if self.error is None:
            try:
                return self._raw.write(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()


def make_outputs_forgiving() -> None:
    """For the rest of this process; what the terminal's encoding lacks is shown as backslashes and digits."""
    for name in ("stdout", "stderr"):
        setattr(sys, name, _forgiving(getattr(sys, name)))


def lost_output() -> str:
    """Why something printed did not arrive; empty if all did, or if the reader of a pipe wanted no more."""
    sys.stdout.flush()
    outlet = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    error = outlet.error if isinstance(outlet, Outlet) else None
    return "" if error is None or isinstance(error, BrokenPipeError) else str(error.strerror)


def _forgiving(stream: TextIO | None) -> TextIO:
    if stream is None:    # it was closed by who started this process
        return open(os.devnull, "w")
    outlet = Outlet(getattr(stream.buffer, "raw", stream.buffer))    # itself where nothing is to be buffered
    return io.TextIOWrapper(io.BufferedWriter(outlet), stream.encoding, "backslashreplace", line_buffering=True)
