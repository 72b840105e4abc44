"""Work that goes on while the page that began it is away, for a while, and results that can be fetched later.

Each job has a thread of its own and a key that nobody can guess; whoever has the key may watch it, or stop it.
Knows no gradio, and nothing of what the work is.
"""

from __future__ import annotations

import contextvars
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

GRACE_SECONDS = 60      # that a job goes on with nobody watching: phones lock, trains enter tunnels
KEPT_SECONDS = 3600     # that a job which has ended can be asked for
POLL_SECONDS = 0.25     # between two looks at a job in which nothing happens
KEY_BYTES = 16
KEY_LENGTH = len(secrets.token_urlsafe(KEY_BYTES))
STOPPED_BEFORE = 1000   # jobs at most that are remembered as stopped before they began; a page may send any key

Step = Any


class Stopped(Exception):
    """The job was stopped, or left alone for too long."""


class UnknownJob(LookupError):
    """There is no job of that key, or none any more."""


class Job:
    """Steps taken one after another in a thread.

    The steps' generator is closed in that thread, between two steps: what it does then (files removed, a device given
    back) is done once, and no step is begun after that.
    """

    def __init__(self, grace: float) -> None:
        self._changed = threading.Condition()
        self._latest: dict[type, tuple[int, Step]] = {}    # the last step of each kind, numbered
        self._count = 0
        self._watchers = 0
        self._left = time.monotonic()    # when the last watcher went
        self._grace = grace
        self._stop = False
        self._error: BaseException | None = None
        self.began = False
        self.ended: float | None = None

    def run(self, work: Callable[[], Generator[Step, None, None]]) -> None:
        """Take the steps; returns when they are done, failed or stopped."""
        steps: Generator[Step, None, None] | None = None
        try:
            steps = work()
            for step in steps if not self._stop else ():
                with self._changed:
                    self._count += 1
                    self._latest[type(step)] = self._count, step
                    self._changed.notify_all()
                    if self._stop or self._is_left_alone():
                        self._stop = True
                        break
        except BaseException as error:    # whoever watches gets it
            self._error = error
        finally:
            if steps:
                steps.close()
            with self._changed:
                self.ended = time.monotonic()
                self._changed.notify_all()

    def watch(self) -> Iterator[Step]:
        """The last step of each kind, then every new one, but for those that were followed too quickly by another.

        Raises:
            Stopped: as soon as the job is stopped, whatever it still has to finish.
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
                    yield None    # nothing new: whoever waits here can be cancelled
        finally:
            with self._changed:
                self._watchers -= 1
                self._left = time.monotonic()

    def stop(self) -> None:
        """Begin no further step, and let all who watch go at once. What has ended stays as it is."""
        with self._changed:
            self._stop = self._stop or self.ended is None
            self._changed.notify_all()

    @property
    def was_stopped(self) -> bool:
        return self._stop

    def last(self, kind: type) -> Step | None:
        """The last step of that kind, also of a job that was stopped."""
        with self._changed:
            return self._latest.get(kind, (0, None))[1]

    def _is_left_alone(self) -> bool:
        return not self._watchers and time.monotonic() - self._left > self._grace


class Jobs:
    """All jobs of the app, by their keys.

    Args:
        grace: seconds that a job goes on with nobody watching.
        kept: seconds that a job is remembered after its end.
    """

    def __init__(self, grace: float = GRACE_SECONDS, kept: float = KEPT_SECONDS) -> None:
        self._grace = grace
        self._kept = kept
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    @staticmethod
    def new_key() -> str:
        return secrets.token_urlsafe(KEY_BYTES)

    def start(self, key: str, work: Callable[[], Generator[Step, None, None]]) -> Job:
        """Begin a job, in the caller's context variables.

        Raises:
            Stopped: if there is one of that key already; `stop` may have come first.
        """
        job = Job(self._grace)
        with self._lock:
            self._forget_old()
            if not key or key in self._jobs:    # a page that sends no key must not share it with others
                raise Stopped
            self._jobs[key] = job
            job.began = True
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(job.run, work), daemon=True).start()
        return job

    def find(self, key: str) -> Job:
        """The job of that key.

        Raises:
            UnknownJob: if there is none, or none any more.
        """
        with self._lock:
            self._forget_old()
            if key not in self._jobs:
                raise UnknownJob
            return self._jobs[key]

    def stop(self, key: str) -> None:
        """Stop the job of that key; one that has not begun yet never will, if it is among the last so many."""
        if len(key) > KEY_LENGTH:
            return    # and is not remembered: it is none of ours
        with self._lock:
            self._forget_old()
            job = self._jobs.setdefault(key, Job(self._grace))
            job.stop()
            if not job.began:
                job.ended = time.monotonic()
                before = [other for other, one in self._jobs.items() if not one.began]
                for other in before[:-STOPPED_BEFORE]:
                    del self._jobs[other]

    def _forget_old(self) -> None:
        now = time.monotonic()
        for key, job in list(self._jobs.items()):
            if job.ended is not None and now - job.ended > self._kept:
                del self._jobs[key]
