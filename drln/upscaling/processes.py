"""The processes that share a task, as `accelerate launch` starts them; mostly one."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch


@dataclass(frozen=True)
class Crew:
    """This process among `size`: its number from 0, and its device where the launcher gave it one."""

    number: int = 0
    size: int = 1
    device: torch.device | None = None

    @classmethod
    def join(cls, device: str = "auto") -> Crew:
        """Meet the other processes; with none it imports no accelerate.

        Args:
            device: "cpu" keeps all on it.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) < 2:
            return cls()
        from accelerate import PartialState

        state = PartialState(cpu=device == "cpu")
        part_at_exit()
        return cls(state.process_index, state.num_processes, state.device)

    @property
    def is_first(self) -> bool:
        """Whether this is the one that prints and writes."""
        return self.number == 0

    def share(self, items: Sequence[Any]) -> list[Any]:
        """This process's items: every `size`-th."""
        return [items[index] for index in range(self.number, len(items), self.size)]

    def agree(self, items: list[Any]) -> list[Any]:
        """The items of the first process, for all: what each sees for itself may change from one to the other."""
        if self.size == 1:
            return items
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([items])[0]

    def gather(self, results: list[Any]) -> list[Any]:
        """The results of all processes, one for each item of `share`, in the order of the items."""
        if self.size == 1:
            return results
        parts = self.collect(results)
        return [parts[index % self.size][index // self.size] for index in range(sum(map(len, parts)))]

    def collect(self, result: Any) -> list[Any]:
        """The results of all processes, in their order."""
        if self.size == 1:
            return [result]
        from accelerate.utils import gather_object

        collected: list[Any] = gather_object([result])
        return collected

    @contextmanager
    def first_goes_first(self) -> Iterator[None]:
        """What the others do within waits until the first has done it, so that one downloads and the others find."""
        if self.size == 1:
            yield
            return
        from accelerate import PartialState

        with PartialState().main_process_first():
            yield


@cache
def part_at_exit() -> None:
    """Leave the other processes, once met, at the end: a thread of gloo's that is still there then aborts this one."""
    from accelerate import PartialState

    atexit.register(lambda: PartialState().destroy_process_group())
