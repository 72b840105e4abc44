"""What runs tell of other sizes, without a clock."""

import pytest

from drln.upscaling.estimate import Speed


def test_a_run_of_enough_pixels_corrects_the_rate_and_not_the_fixed_cost():
    speed = Speed(fixed=0.5, rate=1e-6, pixels=10_000)

    speed.correct(pixels=1_000_000, seconds=4.5)

    assert speed.seconds(0) == 0.5
    assert speed.seconds(2_000_000) == pytest.approx(8.5)


def test_a_run_of_fewer_pixels_tells_nothing_however_long_it_took():
    speed = Speed(fixed=0.5, rate=1e-6, pixels=10_000)

    speed.correct(pixels=1, seconds=50)

    assert speed.seconds(1_000_000) == pytest.approx(1.5)


def test_a_run_that_was_quicker_than_the_fixed_cost_makes_no_time_negative():
    speed = Speed(fixed=0.5, rate=1e-6, pixels=10_000)

    speed.correct(pixels=10_000, seconds=0.1)

    assert speed.seconds(10**9) == 0.5


def test_the_short_run_grows_until_its_pixels_count():
    sides = []

    speed = Speed.measured(sides.append, side=32)    # a run that takes next to nothing, at any size

    assert sides[:2] == [1, 1] and sides[2] == 32
    assert sides[-1] <= 512 and speed.pixels == sides[-1] ** 2
