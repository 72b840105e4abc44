"""Programs that need not import torch, which takes longer than most of their work: forked from a process that has.

Run as a program this file is that process, and each of its forks becomes a program; imported it is the tests' side.
"""

import fcntl
import functools
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
# All that drln imports but the hub's client, which reads its settings when it is imported.
IMPORTS = ("torch", "imagecodecs", "tifffile", "pi_heif", "PIL.Image", "safetensors.torch", "httpx2", "psutil", "tqdm")


class Forked:
    """`python ARGUMENTS` as `subprocess.Popen` runs it with three pipes of text, in a session of its own."""

    def __init__(
        self, *arguments: object, env: Mapping[str, str] = os.environ, cwd: Path | None = None,
        needs: Sequence[str] = (), terminal: int | None = None,
    ) -> None:    # fmt: skip
        """`needs` are further modules to import before the fork; `terminal` is what it gets instead of the pipes."""
        pipes = [os.pipe() for _ in range(4)]
        theirs = [pipes[0][0], *(write for _, write in pipes[1:])]
        request = [[str(word) for word in arguments], dict(env), str(cwd or Path.cwd()), needs]
        streams = theirs[:3] if terminal is None else [terminal] * 3
        socket.send_fds(_server(), [json.dumps(request).encode()], [*streams, theirs[3]])
        for descriptor in theirs:
            os.close(descriptor)
        self.stdin = open(pipes[0][1], "w")
        self.stdout, self.stderr, self._status = (open(read) for read, _ in pipes[1:])
        self.pid = int(self._status.readline())

    def communicate(self, timeout: float = 240) -> tuple[str, str]:
        """What it prints from now on, and its errors; if that takes longer it is killed, and `returncode` says so."""
        errors: list[str] = []
        alarm = threading.Timer(timeout, os.killpg, (self.pid, signal.SIGKILL))
        reader = threading.Thread(target=lambda: errors.append(self.stderr.read()), daemon=True)
        alarm.daemon = True
        alarm.start(), reader.start(), self.stdin.close()
        output = self.stdout.read()
        reader.join()
        self.returncode = int(self._status.readline())
        alarm.cancel()
        return output, errors[0]


@functools.cache
def _server() -> socket.socket:
    """Closed when the tests end, which ends the server."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    settings = {"env": {**os.environ, "OMP_NUM_THREADS": "1"}, "stdin": subprocess.DEVNULL, "start_new_session": True}
    number = its.fileno()
    subprocess.Popen([sys.executable, __file__, str(number)], pass_fds=[number], stdout=subprocess.DEVNULL, **settings)
    its.close()
    return ours


def _fork(requests: socket.socket) -> list[str] | None:
    """Fork for each request; give the arguments in the fork, and None when there are no more requests."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)    # nobody waits for the forks that wait for the programs
    while True:
        content, descriptors, _, _ = socket.recv_fds(requests, 1_000_000, 4)
        if not content:
            return None
        arguments, environment, folder, needs = json.loads(content)
        for name in needs:
            importlib.import_module(name)
        gc.freeze()    # nor is it looked through in each program
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
    requests.close()
    *streams, status = descriptors
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell's background hands down that it is ignored
    program = os.fork()
    if program == 0:
        os.setsid()
        os.write(status, b"%d\n" % os.getpid())
        os.close(status)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor if program == 0 else 0, number)
        os.close(descriptor)
    if program:
        code = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
        os.write(status, b"%d\n" % code)
        os._exit(0)
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)    # whose Ctrl-C is this session's
    gc.enable()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    return arguments


def _run(program: str, *arguments: str) -> None:
    if is_file := program not in ("-c", "-m"):
        arguments = (program, *arguments)
    sys.argv, sys.path[0] = [program, *arguments[1:]], str(Path(program).parent) if is_file else os.getcwd()
    sys.path.insert(1, str(ROOT))
    if program == "-c":
        exec(arguments[0], {"__name__": "__main__"})
    else:
        (runpy.run_path if is_file else runpy.run_module)(arguments[0], run_name="__main__")


if __name__ == "__main__":
    gc.disable()    # what is imported stays
    for name in IMPORTS:
        importlib.import_module(name)
    if program := _fork(socket.socket(fileno=int(sys.argv[1]))):
        _run(*program)
