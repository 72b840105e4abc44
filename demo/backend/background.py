"""Wait for calls that may hang on a slow network in a way that can be stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import TypeVar

from drln import Progress

T = TypeVar("T")
POLL_SECONDS = 0.25    # between two checks on a call


def wait_for(future: Future[T], progress: Callable[[float], Progress]) -> Generator[Progress, None, T]:
    """Yield `progress(seconds waited)` until the call is done, then return its result.

    Raises:
        Exception: whatever the call raised.
    """
    began = time.monotonic()
    while not wait([future], POLL_SECONDS).done:
        yield progress(time.monotonic() - began)
    return future.result()
