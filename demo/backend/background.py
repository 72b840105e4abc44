"""Calls that may hang on a slow network, in threads of their own, so that whoever waits can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import TypeVar

from drln import Progress

T = TypeVar("T")
POLL_SECONDS = 0.25    # between two looks at a call


def call_in_thread(call: Callable[[], T]) -> Future[T]:
    """Begin a call; the program does not wait for it when it ends."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:    # whoever waits for the future gets it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def wait_for(future: Future[T], progress: Callable[[float], Progress]) -> Generator[Progress, None, T]:
    """Yield `progress(seconds waited)` until the call is done, then return its result or raise its error."""
    began = time.monotonic()
    while not wait([future], POLL_SECONDS).done:
        yield progress(time.monotonic() - began)
    return future.result()
