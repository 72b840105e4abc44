"""The line of those who want the device."""

import threading
import time

import pytest

from demo.backend.line import Line
from drln import Progress
from drln.progress import Work

WAIT = 60    # seconds; a bound, and no claim


def steps(log: list, name: str, *left: float | None):
    """Work of several steps that say how many seconds are left."""
    try:
        for number, seconds in enumerate(left):
            log.append(f"{name} {number}")
            yield Progress("Working", 0.5, seconds)
        return name
    finally:
        log.append(f"{name} closed")


def test_whoever_is_alone_works_at_once_and_gets_the_result():
    log = []
    work = Work(Line().in_turn(steps(log, "a", None, None)))

    shown = [step.stage for step in work]

    assert (shown, work.result, log) == (["Working", "Working"], "a", ["a 0", "a 1", "a closed"])


def test_those_who_wait_are_told_how_many_are_before_them_and_how_long_these_take():
    line, log = Line(), []
    first = line.in_turn(steps(log, "a", 40.0, 30.0))
    second = line.in_turn(steps(log, "b", None), lambda: 9.0)
    third = line.in_turn(steps(log, "c", None), lambda: 5.0)
    assert next(first).seconds_left == 40

    told = [next(second), next(third)]
    next(first)
    told += [next(second), next(third)]

    assert [(one.stage, one.seconds_left) for one in told] == [
        ("Waiting for 1 job before yours", 40),
        ("Waiting for 2 jobs before yours", 49),
        ("Waiting for 1 job before yours", 30),
        ("Waiting for 2 jobs before yours", 39),
    ]
    assert log == ["a 0", "a 1"]


def test_a_time_that_nobody_knows_is_not_told():
    line = Line()
    first = line.in_turn(steps([], "a", None))
    next(first)

    assert next(line.in_turn(steps([], "b", None))).seconds_left is None


def test_the_turns_come_in_the_order_of_asking_and_who_gives_up_is_passed_over():
    line, log = Line(), []
    first, second, third = (line.in_turn(steps(log, name, None)) for name in "abc")
    next(first), next(second), next(third)

    second.close()
    first.close()
    next(third)

    assert log == ["a 0", "a closed", "c 0"]


def test_work_that_fails_lets_the_next_one_in():
    line = Line()

    def broken():
        yield Progress("Working", 0.5)
        raise ValueError("broken")

    first = line.in_turn(broken())
    next(first)
    second = line.in_turn(steps([], "b", None))
    next(second)

    with pytest.raises(ValueError, match="broken"):
        next(first)

    assert next(second).stage == "Working"


def test_only_one_works_at_a_time():
    line, inside, most = Line(), [], []

    def work():
        for _ in range(5):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.002)
            inside.pop()
            yield Progress("Working", 0.5)

    threads = [threading.Thread(target=lambda: list(line.in_turn(work()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)

    assert (len(most), max(most)) == (20, 1)
