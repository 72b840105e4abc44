"""Jobs that run on for a while when their page is away, and whose results can be fetched later.

Each job has its own thread and a key that nobody can guess; whoever has the key may watch the job or stop it.
Knows no gradio, and not what the work is.
"""

from __future__ import annotations

import contextvars
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

GRACE_SECONDS = 60      # a job runs on that long with nobody watching: phones lock, trains enter tunnels
KEPT_SECONDS = 3600     # a job is remembered that long after its end
POLL_SECONDS = 0.25     # between two checks on a job that makes no step
MOST = 20               # jobs at a time; most of them wait
KEY_BYTES = 16

Step = Any


class Stopped(Exception):
    """The job was stopped, or nobody watched it for too long."""


class UnknownJob(LookupError):
    """There is no job with that key, or it is forgotten."""


class TooManyJobs(RuntimeError):
    """The line of jobs is full."""


class Job:
    """Steps taken one after another in a thread.

    The generator of the steps is closed in the same thread, between two steps: its clean-up (deleting files, freeing
    the device) runs once, and no step starts after it.
    """

    def __init__(self, grace: float) -> None:
        self._changed = threading.Condition()
        self._latest: dict[type, tuple[int, Step]] = {}    # the last step of each type, numbered
        self._count = 0
        self._watchers = 0
        self._left = time.monotonic()    # when the last watcher left
        self._grace = grace
        self._stop = False
        self._error: BaseException | None = None
        self.ended: float | None = None

    def run(self, work: Callable[[], Generator[Step, None, None]]) -> None:
        """Take the steps until they are done, fail or are stopped."""
        steps: Generator[Step, None, None] | None = None
        try:
            steps = work()
            for step in steps if not self._stop else ():
                with self._changed:
                    if self._stop:    # what was made after that is not shown
                        break
                    self._count += 1
                    self._latest[type(step)] = self._count, step
                    self._changed.notify_all()
                    left_alone = not self._watchers and time.monotonic() - self._left > self._grace
                    self._stop = self._stop or left_alone
                    if self._stop:
                        break
        except BaseException as error:    # raised for everybody who watches
            self._error = error
        finally:
            if steps:
                steps.close()
            with self._changed:
                self.ended = time.monotonic()
                self._changed.notify_all()

    def watch(self) -> Iterator[Step]:
        """Yield the last step of each type, then new ones; None while there is none.

        A step that another one of its type follows quickly may be left out.

        Raises:
            Stopped: as soon as the job is stopped, even if a step is still running.
            Exception: whatever the steps raised.
        """
        seen = 0
        with self._changed:
            self._watchers += 1
        try:
            while True:
                with self._changed:
                    if not self._stop and self._count == seen and self.ended is None:
                        self._changed.wait(POLL_SECONDS)
                    new = sorted((number, step) for number, step in self._latest.values() if number > seen)
                    seen, stopped, ended = self._count, self._stop, self.ended is not None
                if stopped:
                    raise Stopped
                yield from (step for _, step in new)
                if ended:
                    if self._error:
                        raise self._error
                    return
                if not new:
                    yield None    # a chance to cancel for whoever waits here
        finally:
            with self._changed:
                self._watchers -= 1
                self._left = time.monotonic()

    def stop(self) -> None:
        """Start no further step, and release everybody who watches at once; a job that has ended stays as it is."""
        with self._changed:
            self._stop = self._stop or self.ended is None
            self._changed.notify_all()

    @property
    def was_stopped(self) -> bool:
        """Whether the job was stopped before its end."""
        return self._stop

    def last(self, kind: type) -> Step | None:
        """Return the last step of that type, even if the job was stopped."""
        with self._changed:
            return self._latest.get(kind, (0, None))[1]


class Jobs:
    """All jobs of the app, by their keys.

    Args:
        grace: how many seconds a job runs on with nobody watching.
        kept: how many seconds a job is remembered after its end.
        most: how many jobs there can be that have not ended.
    """

    def __init__(self, grace: float = GRACE_SECONDS, kept: float = KEPT_SECONDS, most: int = MOST) -> None:
        self._grace = grace
        self._kept = kept
        self._most = most
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    @staticmethod
    def new_key() -> str:
        """Return a key that nobody can guess."""
        return secrets.token_urlsafe(KEY_BYTES)

    def start(self, key: str, work: Callable[[], Generator[Step, None, None]]) -> Job:
        """Start a job, with the caller's context variables. One too many fails, with `TooManyJobs`.

        Raises:
            Stopped: if there is no key, or it is used.
        """
        job = Job(self._grace)
        with self._lock:
            self._forget_old()
            if not key or key in self._jobs:    # pages that send no key must not share a job
                raise Stopped
            is_full = sum(other.ended is None for other in self._jobs.values()) >= self._most
            self._jobs[key] = job
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(job.run, self._refused if is_full else work), daemon=True).start()
        return job

    def _refused(self) -> Generator[Step, None, None]:
        raise TooManyJobs(f"{self._most} jobs run or wait, and the line takes no more; try again in a few minutes")

    def find(self, key: str) -> Job:
        """Return the job with that key.

        Raises:
            UnknownJob: if there is none, or it is forgotten.
        """
        with self._lock:
            self._forget_old()
            if key not in self._jobs:
                raise UnknownJob
            return self._jobs[key]

    def stop(self, key: str) -> None:
        """Stop the job with that key, if there is one."""
        with self._lock:
            job = self._jobs.get(key)
        if job:
            job.stop()

    def _forget_old(self) -> None:
        now = time.monotonic()
        for key, job in list(self._jobs.items()):
            if job.ended is not None and now - job.ended > self._kept:
                del self._jobs[key]
