"""How work tells how far it is, and how it is stopped.

Work is a generator: it yields its steps, often `Progress`, and returns its result. To stop it, close it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Step = TypeVar("Step")
Output = TypeVar("Output")


@dataclass(frozen=True)
class Progress:
    """How far an upscale is: what it does now, the fraction done in [0, 1], and seconds left where they are known."""

    stage: str
    fraction: float
    seconds_left: float | None = None

    @classmethod
    def since(cls, began: float, stage: str, fraction: float) -> Progress:
        """With the seconds left if the work continues as it has since `began`, of `time.monotonic()`."""
        return cls(stage, fraction, (time.monotonic() - began) * (1 / fraction - 1) if fraction else None)


class Work(Generic[Step, Output]):
    """The steps of a generator to loop over, and after the last one its `result`."""

    result: Output

    def __init__(self, steps: Generator[Step, None, Output]) -> None:
        self._steps = steps

    def __iter__(self) -> Iterator[Step]:
        self.result = yield from self._steps

    def finish(self) -> Output:
        """Take all steps and return the result."""
        for _ in self:
            pass
        return self.result
