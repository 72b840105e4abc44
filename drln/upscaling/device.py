"""Which device and precision to use, and how much memory is free.

Knows no network and no photo.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache
from pathlib import Path

import torch

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}    # x86-64, x86-64, 64-bit Arm

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8    # of malloc.h
KEPT_BYTES = 256 * 2**20
# What torch's allocators say, and oneDNN when it finds no memory for itself.
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory")
ONEDNN_OUT_OF_MEMORY = "could not create a primitive"    # and nothing more; with more it tells of another fault


def pick_device(device: str | torch.device = "auto") -> torch.device:
    """Return the device of that name; "auto" is cuda, else mps, else the CPU.

    Raises:
        ValueError: if the device is unknown, or this machine does not have it.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {str(device)!r} cannot be used here; choose auto, cpu, cuda or mps") from error
    return found


def pick_precision(device: torch.device, precision: str = "auto") -> str:
    """Return the precision of that name; "auto" is bfloat16 where the hardware computes in it, else float32.

    Raises:
        ValueError: if the precision is neither.
    """
    if precision == "auto":
        fast = device.type == "cuda" or (device.type == "cpu" and _cpu_has_bfloat16())
        return "bfloat16" if fast else "float32"
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; choose auto, {' or '.join(PRECISIONS)}")
    return precision


def free_memory(device: torch.device) -> int:
    """Return the bytes that are free on the device; on the CPU, within the container's limit."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    import psutil

    return min(psutil.virtual_memory().available, _container_memory())


@cache
def keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next tensors, up to 256 MB, for the rest of this process.

    Otherwise the system clears the same pages again for each strip, a tenth of the time in a fresh process.
    The app and the command line call it before they start threads; a program of your own may do so, too. It does
    nothing with other C libraries.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_ARENA_MAX, 1)
        libc.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)    # the most that it takes; larger pieces are never kept


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether torch or Python ran out of memory."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    if not isinstance(error, RuntimeError):
        return False
    text = str(error).strip()
    return text == ONEDNN_OUT_OF_MEMORY or any(words in text for words in OUT_OF_MEMORY)


def _cpu_has_bfloat16() -> bool:
    """Read the flags that Linux lists; on other systems they are unknown, and float32 is right."""
    try:
        return bool(BFLOAT16_FLAGS & set(Path("/proc/cpuinfo").read_text().split()))
    except OSError:
        return False


def _container_memory() -> float:
    """Return what is left of this container's limit, by Linux control groups; infinite without a limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        cached = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return limit - used + int(cached.get("inactive_file", 0))
    except (OSError, ValueError):    # no control groups, or "max"
        return float("inf")
