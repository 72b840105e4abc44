"""Jobs that nobody watches, and jobs that somebody stops."""

import contextvars
import threading
import time

import pytest

from demo.backend.jobs import Jobs, Stopped, TooManyJobs, UnknownJob

WAIT = 60    # seconds; a bound for a slow machine, and no claim


class Work:
    """Steps that wait for the test; counts those that began, and knows whether it was closed."""

    def __init__(self, steps: int = 1000) -> None:
        self.steps, self.begun = steps, 0
        self.may, self.inside, self.closed = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

    def __call__(self):
        try:
            for number in range(self.steps):
                self.begun += 1
                self.inside.release()
                assert self.may.acquire(timeout=WAIT)
                yield number
        finally:
            self.closed.set()


def numbers(job) -> list:
    return [step for step in job.watch() if step is not None]


def wait_for(condition) -> None:
    until = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_job_goes_on_without_its_watcher_and_another_one_sees_its_end():
    jobs, work = Jobs(), Work(steps=3)
    key = jobs.new_key()
    watcher = jobs.start(key, work).watch()
    work.may.release()
    assert next(step for step in watcher if step is not None) == 0

    watcher.close()
    work.may.release(2)

    assert numbers(jobs.find(key))[-1] == 2
    assert numbers(jobs.find(key)) == [2]    # and once more, after its end


def test_the_watcher_is_free_at_once_although_the_step_goes_on_and_no_other_step_is_begun():
    jobs, work = Jobs(), Work()
    key = jobs.new_key()
    watcher = jobs.start(key, work).watch()
    assert work.inside.acquire(timeout=WAIT)    # in the middle of the first step

    jobs.stop(key)

    with pytest.raises(Stopped):
        next(watcher)
    assert not work.closed.is_set()
    work.may.release(5)
    assert work.closed.wait(WAIT)
    assert work.begun == 1


def test_what_a_step_made_after_the_stop_is_not_shown():
    jobs, work = Jobs(), Work()
    job = jobs.start("key", work)
    assert work.inside.acquire(timeout=WAIT)

    jobs.stop("key")
    work.may.release()

    assert work.closed.wait(WAIT)
    assert job.last(int) is None


def test_a_stop_of_an_unknown_job_changes_nothing():
    jobs, work = Jobs(), Work(steps=1)
    jobs.start("running", work)

    jobs.stop("unknown")

    assert not jobs.find("running").was_stopped
    with pytest.raises(UnknownJob):
        jobs.find("unknown")
    work.may.release()


def test_one_job_too_many_is_refused_until_another_has_ended():
    jobs, first, refused, later = Jobs(most=1), Work(steps=1), Work(steps=1), Work(steps=1)
    running = jobs.start("first", first)

    with pytest.raises(TooManyJobs, match="1 jobs run or wait"):
        numbers(jobs.start("second", refused))

    assert refused.begun == 0
    first.may.release()
    assert numbers(running)[-1] == 0
    later.may.release()
    assert numbers(jobs.start("third", later))[-1] == 0


def test_a_job_left_alone_is_stopped_after_its_grace_and_one_that_is_watched_is_not():
    jobs = Jobs(grace=0.3)
    alone, watched = Work(), Work()
    alone.may.release(10_000)
    watched.may.release(10_000)

    def slow(work):
        for step in work():
            time.sleep(0.01)
            yield step

    left = jobs.start("left", lambda: slow(alone))
    kept = jobs.start("kept", lambda: slow(watched)).watch()
    until = time.monotonic() + 1
    while time.monotonic() < until:
        next(kept)

    assert alone.closed.wait(WAIT)
    with pytest.raises(Stopped):
        numbers(left)
    assert not watched.closed.is_set()
    jobs.stop("kept")


def test_what_has_ended_is_not_undone_by_a_stop():
    jobs, work = Jobs(), Work(steps=1)
    work.may.release()
    job = jobs.start("key", work)
    assert numbers(job)[-1] == 0

    jobs.stop("key")

    assert numbers(jobs.find("key")) == [0]


def test_the_last_step_of_each_kind_is_there_for_who_comes_late():
    jobs = Jobs()
    job = jobs.start("key", lambda: iter_of(1, 2, "a", 3, "b", 4))
    wait_for(lambda: job.ended)

    assert numbers(jobs.find("key")) == ["b", 4]
    assert (job.last(str), job.last(int), job.last(float)) == ("b", 4, None)


def iter_of(*steps):
    yield from steps


def test_an_error_reaches_every_watcher():
    jobs = Jobs()

    def work():
        yield 1
        raise ValueError("broken")

    job = jobs.start("key", work)

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            numbers(job)


def test_nobody_gets_a_job_by_no_key_or_a_guess():
    jobs, work = Jobs(), Work()

    with pytest.raises(Stopped):
        jobs.start("", work)
    with pytest.raises(UnknownJob):
        jobs.find("")
    with pytest.raises(UnknownJob):
        jobs.find("1")
    assert len({jobs.new_key() for _ in range(100)}) == 100


def test_a_key_is_used_once():
    jobs, work = Jobs(), Work(steps=1)
    work.may.release()
    assert numbers(jobs.start("key", work))

    with pytest.raises(Stopped):
        jobs.start("key", work)


def test_jobs_that_ended_long_ago_are_forgotten():
    jobs = Jobs(kept=0.1)
    work = Work(steps=1)
    work.may.release()
    numbers(jobs.start("key", work))

    time.sleep(0.2)

    with pytest.raises(UnknownJob):
        jobs.find("key")


def test_the_work_sees_the_callers_context():
    user = contextvars.ContextVar("user", default="nobody")
    user.set("somebody")
    jobs = Jobs()

    def work():
        yield user.get()

    assert "somebody" in numbers(jobs.start("key", work))
