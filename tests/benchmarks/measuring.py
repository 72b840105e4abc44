"""What the benchmarks share: the machine in a line, tables, seconds and bytes of a call, and the limit."""

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Cost:
    """Of a call: seconds, and the bytes by which it made the process, or what is allocated on the GPU, grow."""

    seconds: float
    memory: int


def machine(device: str = "cpu") -> str:
    """Processor, threads and versions, for the line above a table."""
    names = []
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    processor = f"{names[0] if names else platform.machine()}, {torch.get_num_threads()} threads"
    if torch.device(device).type == "cuda":
        processor = f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}"
    return f"{processor}, torch {torch.__version__}, drln {version('drln')}, Python {platform.python_version()}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def wait_for(device: str) -> None:
    """Until the device has done what it was given."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def cost_of(call: Callable[[], object], device: str = "cpu") -> Cost:
    """Run it once. On a CPU, bytes are known on Linux alone, which keeps the highest resident set by itself: a thread
    that looked at it would take the time of those that compute."""
    if torch.device(device).type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        idle = torch.cuda.memory_allocated(device)
        seconds = seconds_of(call, device)
        return Cost(seconds, torch.cuda.max_memory_allocated(device) - idle)
    RESET.write_text("5")    # the highest becomes the present one
    idle = highest_resident()
    seconds = seconds_of(call, device)
    return Cost(seconds, highest_resident() - idle)


def highest_resident() -> int:
    """Bytes, since it was reset."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def seconds_of(call: Callable[[], object], device: str = "cpu") -> float:
    """Run it once."""
    wait_for(device)
    began = time.perf_counter()
    call()
    wait_for(device)
    return time.perf_counter() - began


def convolution_rate(dtype: torch.dtype, device: str = "cpu", runs: int = 15) -> float:
    """Operations a second, a multiplication and an addition being two, of what the network does most: a 3x3
    convolution of 256 channels, channels last, on a map that fits the cache. The median of some runs."""
    rows, width, channels = (32, 384, 256) if device == "cpu" else (256, 384, 256)
    conv = nn.Conv2d(channels, channels, 3, padding=1, device=device).to(dtype).to(memory_format=torch.channels_last)
    x = torch.rand(1, channels, rows, width, device=device).to(dtype).to(memory_format=torch.channels_last)
    with torch.no_grad():
        for _ in range(3):
            conv(x)
        seconds = statistics.median(seconds_of(lambda: conv(x), device) for _ in range(runs))
    return 2 * conv.weight.numel() * rows * width / seconds
