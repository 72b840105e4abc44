"""Exact bytes of all tensors alive at once while code runs, also on the meta device, where nothing is computed."""

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveMemory(TorchDispatchMode):
    """`peak`: the most bytes held at once by tensors that were made inside the `with` block."""

    def __init__(self, *already_there: torch.Tensor) -> None:
        super().__init__()
        self.peak = 0
        self._before = {tensor.untyped_storage()._cdata for tensor in already_there}
        self._live: dict[int, tuple[StorageWeakRef, int]] = {}
        self._most = 0    # bytes of all in `_live`, of which some may have gone

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self._before:
                    self._most -= self._live.get(storage._cdata, (None, 0))[1]    # its own, or its place was another's
                    self._live[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
                    self._most += storage.nbytes()
        if self._most > self.peak:    # else it is no new peak, whatever has gone
            self._live = {key: (ref, size) for key, (ref, size) in self._live.items() if not ref.expired()}
            self._most = sum(size for _, size in self._live.values())
            self.peak = max(self.peak, self._most)
        return result
