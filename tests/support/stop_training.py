"""Stop training runs at random moments, many times: each has to end soon, and to go on from the step it reached.

    python tests/support/stop_training.py --runs 200
    python tests/support/stop_training.py --runs 40 --real

A run gets SIGTERM or Ctrl-C, in turn; half of the runs get it with their whole process group, as terminals and
clusters send it, the others alone, and every fourth gets another one later. Then it is resumed, and has to
end with the weights of a run that was not stopped. A run that does not end prints its stacks.

Importing torch takes longer than a run. So this process imports it once and forks, before it has any threads,
a child for each run; `--real` starts a program for each.
"""

import argparse
import faulthandler
import gc
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import accelerate  # noqa: F401    # imported here, so that no run has to
import torch
import torch._dynamo  # noqa: F401
import training_run

STEPS = 12
RESUME_LIMIT = 300    # seconds; a resumed run has to end rightly, not soon
PROGRAM, ROOT = training_run.__file__, str(Path(__file__).parents[2])


class Child(Exception):
    """Raised in a forked child, to leave all that is its parent's."""


def start(folder: Path, resume: bool = False, real: bool = False) -> int:
    """Begin a run of `STEPS` steps in a session of its own, and give its process id."""
    arguments = [str(folder), str(STEPS), "2", "--workers", *["--resume"] * resume]
    log = folder / ("resumed.log" if resume else "log")
    if real:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ROOT, "TQDM_MININTERVAL": "0"}
        with open(log, "w") as out:
            return subprocess.Popen(
                [sys.executable, PROGRAM, *arguments], env=environment, start_new_session=True, stdout=out, stderr=out
            ).pid
    log.touch()
    child = os.fork()
    os.setpgid(child, child)    # by whichever of the two comes first
    if child:
        return child
    out = os.open(log, os.O_WRONLY)
    os.dup2(out, 1)
    os.dup2(out, 2)
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    raise Child(*arguments)


def ended(process: int, limit: float) -> int | None:
    """The exit code, less than 0 for a signal; None if it still runs after `limit` seconds."""
    until = time.monotonic() + limit
    while True:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.005)


def is_gone(group: int) -> bool:
    """Whether no process of it is left; workers may take a moment."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def kill(process: int, log: Path) -> str:
    """End a run that does not end; give what it printed, its stacks last."""
    os.kill(process, signal.SIGUSR1)    # a forked one adds them; a program just ends
    time.sleep(1)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return log.read_text()


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "run" / "checkpoint.pt", weights_only=True)["model"]


def saved_step(folder: Path) -> int:
    path = folder / "run" / "checkpoint.pt"
    return json.loads(torch.load(path, weights_only=True)["state"])["step"] if path.exists() else 0


def steps_shown(log: str) -> int:
    return max([int(step) for step in re.findall(rf"(\d+)/{STEPS} \[", log)], default=0)


def stop_one(
    folder: Path, chance: random.Random, number: int, longest: float, args: argparse.Namespace
) -> tuple[str, float]:
    """Stop one run and give what became of it, and the seconds that it took to end.

    Raises:
        AssertionError: if it does not end in time, or a step that it reached is lost.
    """
    first, moment = (signal.SIGTERM, signal.SIGINT)[number % 2], chance.uniform(0, longest)
    send = os.killpg if number % 4 < 2 else os.kill
    again = chance.uniform(0, 5) if number % 4 == chance.randrange(4) else None
    case = f"{first.name} by {send.__name__} after {moment:.3f} s, again after {again}"
    process = start(folder, real=args.real)
    code = ended(process, moment)
    if code is not None:
        assert code == 0, f"{case}: failed by itself\n{(folder / 'log').read_text()}"
        return "had ended before", 0.0
    began = time.monotonic()
    send(process, first)
    if again is not None:
        code = ended(process, again)
        if code is None:
            send(process, signal.SIGINT)
    if code is None:
        code = ended(process, args.limit - (time.monotonic() - began))
    seconds = time.monotonic() - began
    assert code is not None, f"{case}: did not end in {args.limit:g} s\n{kill(process, folder / 'log')}"
    log = (folder / "log").read_text()
    assert is_gone(process), f"{case}: left processes behind\n{log}"
    step = saved_step(folder)
    if again is None:
        assert step >= steps_shown(log), f"{case}: lost steps after step {step}\n{log}"
    told = re.findall(rf"KeyboardInterrupt: step (\d+) of {STEPS} is saved", log)
    assert told in ([], [str(step)]), f"{case}: step {step} is saved\n{log}"
    if told:
        return f"{first.name}, saved", seconds
    when = "before the first checkpoint" if not step else "at the end" if step == STEPS else "twice, in the middle"
    return f"{first.name}, {when}", seconds


def resume(folder: Path, straight: Path) -> None:
    """Resume a run that was stopped.

    Raises:
        AssertionError: if it does not end with the weights of the run that was not.
    """
    process = start(folder, resume=True)
    code = ended(process, RESUME_LIMIT)
    if code is None:
        kill(process, folder / "resumed.log")
    assert code == 0, f"cannot be resumed\n{(folder / 'resumed.log').read_text()}"
    expected = weights(straight)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights(folder).items()), "other weights"


def stop_many(place: Path, args: argparse.Namespace) -> int:
    """Print what becomes of the runs, and give how many fail."""
    chance, counts, times = random.Random(args.seed), Counter(), []
    straight = place / "straight"
    straight.mkdir()
    began = time.monotonic()
    assert ended(start(straight, real=args.real), RESUME_LIMIT) == 0, (straight / "log").read_text()
    longest = time.monotonic() - began
    print(f"seed {args.seed}; a run takes {longest:.1f} s; load {os.getloadavg()[0]:.1f}", flush=True)
    for number in range(args.runs):
        folder = place / str(number)
        folder.mkdir()
        try:
            became, seconds = stop_one(folder, chance, number, longest, args)
            resume(folder, straight)
        except AssertionError as failure:
            became, seconds = "failed", None
            print(f"run {number}: {failure}", flush=True)
        counts[became] += 1
        times += [] if seconds is None else [seconds]
        shutil.rmtree(folder)
    for became, count in sorted(counts.items()):
        print(f"{count:4} {became}")
    print(f"{args.runs - counts['failed']} of {args.runs} ended within {args.limit:g} s, {sum(t <= 10 for t in times)} "
          f"within 10, the slowest in {max(times, default=0):.1f}, and were resumed to the same weights; "
          f"load {os.getloadavg()[0]:.1f}")
    return counts["failed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: 0)")
    parser.add_argument("--limit", type=float, default=10, help="seconds for a run to end (default: 10)")
    parser.add_argument("--real", action="store_true", help="start a program for each run, instead of forking")
    args = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell's background hands down that it is ignored
    gc.freeze()    # what is imported is not collected at the end of each child
    os.environ["TQDM_MININTERVAL"] = "0"    # the bar shows each step
    parent, place = os.getpid(), tempfile.mkdtemp()
    try:
        sys.exit(bool(stop_many(Path(place), args)))
    finally:
        if os.getpid() == parent:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    try:
        main()
    except Child as child:
        arguments = child.args
    training_run.main(*arguments)
