"""The processes that share a command's work, as `accelerate launch` starts them; usually there is one."""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch

from drln.upscaling.device import pick_device


@dataclass(frozen=True)
class Processes:
    """All processes that share the work, seen from one of them. One process alone imports no accelerate."""

    number: int = 0    # of this process
    count: int = 1     # of all of them
    device: torch.device = field(default_factory=pick_device)    # where this process computes

    @classmethod
    def join(cls, device: str = "auto") -> Processes:
        """Connect to the other processes, if there are any.

        Args:
            device: "auto" takes the one that the launcher assigns, or picks one; else a device of torch.

        Raises:
            ValueError: if the device is unknown or unavailable.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) < 2:
            return cls(device=pick_device(device))
        from accelerate import PartialState

        state = PartialState(cpu=device == "cpu")
        leave_at_exit()
        return cls(state.process_index, state.num_processes, state.device if device == "auto" else pick_device(device))

    @property
    def is_first(self) -> bool:
        """Whether this is the process that prints and writes."""
        return self.number == 0

    def share(self, items: Sequence[Any]) -> list[Any]:
        """The items for this process: every `count`-th, and none where there are fewer items than processes."""
        return [items[index] for index in range(self.number, len(items), self.count)]

    def gather(self, results: list[Any]) -> list[Any]:
        """The results of all processes, one for each item of `share`, in the order of the items."""
        if self.count == 1:
            return results
        from accelerate.utils import gather_object

        parts = gather_object([results])
        return [parts[index % self.count][index // self.count] for index in range(sum(map(len, parts)))]

    def agree(self, items: list[Any]) -> list[Any]:
        """The items of the first process, for all: each alone may find other files on the disk."""
        if self.count == 1:
            return items
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([items])[0]

    @contextmanager
    def first_goes_first(self) -> Iterator[None]:
        """Let the others wait until the first process has left the block. It downloads what they then find."""
        if self.count == 1:
            yield
            return
        from accelerate import PartialState

        with PartialState().main_process_first():
            yield


@cache
def leave_at_exit() -> None:
    """Disconnect from the other processes at the end of the program. A thread of gloo would abort it otherwise."""
    from accelerate import PartialState

    atexit.register(lambda: PartialState().destroy_process_group())
