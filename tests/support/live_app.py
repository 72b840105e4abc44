"""The real app in a process of its own, for tests that talk to it as a user does."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 120    # a bound for a hanging start, and no claim
NO_HUB = "http://127.0.0.1:9"    # nothing listens there
WAITING = 3    # jobs that the line of the tests' one app holds

# Starts app.py with every address that the process asks for or connects to written to a file.
WATCHED = """
import runpy, sys
log = open(sys.argv.pop(1), "a", buffering=1)
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        log.write(f"{event} {args[1] if event == 'socket.connect' else args[0]}\\n")
sys.addaudithook(watch)
runpy.run_path("app.py", run_name="__main__")
"""


@dataclass(frozen=True)
class App:
    """An app that runs: its address, the file of what it prints, and that of the addresses that it contacts."""

    address: str
    pid: int
    output: Path
    contacts: Path
    at_start: str    # the contacts before it had a visitor


@contextmanager
def running_app(folder: Path, **environment: str) -> Iterator[App]:
    """`python app.py`, with its files in `folder`, an empty hub cache, and a hub that cannot be reached."""
    output, contacts = folder / "output.txt", folder / "contacts.txt"
    contacts.touch()
    settings = {
        "GRADIO_SERVER_PORT": str(free_port()),
        "GRADIO_TEMP_DIR": str(folder / "files"),
        "HF_ENDPOINT": NO_HUB,
        "HF_HOME": str(folder / "hub"),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING", "GRADIO_"))}
    with open(output, "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", WATCHED, str(contacts)],
            cwd=ROOT,
            env={**kept, **settings, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        address = _address(process, output)
        yield App(address, process.pid, output, contacts, contacts.read_text())
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        finally:
            process.kill()


def _address(process: subprocess.Popen, output: Path) -> str:
    """What the app prints when it is ready."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"The demo runs at (http://\S+)", output.read_text())
        if found:
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"the app did not start:\n{output.read_text()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
