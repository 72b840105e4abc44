"""A size is asked for: the result's sides, the scale that reaches them, and what is said where none does."""

import dataclasses

import numpy as np
import pytest

from drln import TargetSize, UpscaleError

# By hand: the target, the photo, the result.
SIZES = [
    (TargetSize(width=1920), (1000, 600), (1920, 1152)),
    (TargetSize(width=1920), (600, 1000), (1920, 3200)),
    (TargetSize(height=900), (1000, 600), (1500, 900)),
    (TargetSize(long_side=1200), (1000, 600), (1200, 720)),
    (TargetSize(long_side=1200), (600, 1000), (720, 1200)),
    (TargetSize(long_side=1200), (500, 500), (1200, 1200)),
    (TargetSize(width=1000), (640, 427), (1000, 667)),    # 667.19
    (TargetSize(width=450), (300, 1), (450, 2)),    # 1.5: halves go up
    (TargetSize(width=450), (300, 3), (450, 5)),    # 4.5
    (TargetSize(height=4), (2, 3), (3, 4)),    # 2.67
    (TargetSize(height=3), (1, 900), (1, 3)),    # 0.003: at least a pixel
    (TargetSize(megapixels=2), (1000, 500), (2000, 1000)),
    (TargetSize(megapixels=1), (640, 480), (1155, 866)),    # 1154.70 and 866.03
    (TargetSize(megapixels=12.0), (1000, 3000), (2000, 6000)),
]


@pytest.mark.parametrize("target, photo, size", SIZES)
def test_the_result_keeps_the_photos_shape(target, photo, size):
    assert target.size(*photo) == size


@pytest.mark.parametrize(
    "target, scale",
    [
        (TargetSize(width=641), 2),
        (TargetSize(width=1280), 2),    # exactly
        (TargetSize(width=1281), 3),
        (TargetSize(height=1440), 3),
        (TargetSize(height=1441), 4),
        (TargetSize(long_side=2560), 4),
        (TargetSize(megapixels=0.31), 2),
        (TargetSize(megapixels=4 * 0.3072), 2),
        (TargetSize(megapixels=1.3), 3),
        (TargetSize(megapixels=16 * 0.3072), 4),
    ],
)
def test_the_smallest_scale_that_reaches_the_size_is_taken(target, scale):
    assert target.scale(640, 480) == scale


def test_a_scale_that_is_enough_for_one_side_is_enough_for_the_other():
    shapes = np.random.default_rng(1).integers(1, 60, (300, 2)).tolist()
    for width, height in shapes:
        for wanted in range(width + 1, 4 * width + 1):
            across, down = TargetSize(width=wanted).size(width, height)
            scale = TargetSize(width=wanted).scale(width, height)

            assert scale == next(s for s in (2, 3, 4) if s * width >= wanted)
            assert across == wanted and height <= down <= scale * height


@pytest.mark.parametrize(
    "target, why",
    [
        (TargetSize(width=640), "the photo already has 640x480 pixels; choose a width over 640"),
        (TargetSize(width=639), "the photo already has 640x480 pixels; choose a width over 640"),
        (TargetSize(height=1), "the photo already has 640x480 pixels; choose a height over 480"),
        (TargetSize(long_side=600), "the photo already has 640x480 pixels; choose a long side over 640"),
        (TargetSize(megapixels=0.3), "already has 640x480 pixels; choose a number of megapixels over 0.3072"),
        (TargetSize(width=2561), "4x makes at most 2560x1920 pixels of the photo; choose a width up to 2560"),
        (TargetSize(height=10**30), "4x makes at most 2560x1920 pixels of the photo; choose a height up to 1920"),
        (TargetSize(long_side=9000), "at most 2560x1920 pixels of the photo; choose a long side up to 2560"),
        (TargetSize(megapixels=5), "2560x1920 pixels of the photo; choose a number of megapixels up to 4.9152"),
    ],
)
def test_a_size_that_the_photo_has_or_that_no_scale_reaches_is_refused_with_one_that_will_do(target, why):
    with pytest.raises(UpscaleError) as error:
        target.scale(640, 480)

    assert str(error.value).endswith(why)
    assert target.is_met(640, 480) == ("already" in why)


@pytest.mark.parametrize("photo", [(9, 9), (640, 480), (4321, 1234)])
def test_the_largest_size_that_an_error_names_will_do(photo):
    for key, much in {"width": 10**6, "height": 10**6, "long_side": 10**6, "megapixels": 10**6}.items():
        with pytest.raises(UpscaleError) as error:
            TargetSize(**{key: much}).scale(*photo)
        named = float(str(error.value).split()[-1])

        target = TargetSize(**{key: named if key == "megapixels" else int(named)})

        assert target.scale(*photo) == 4 and target.size(*photo) == (4 * photo[0], 4 * photo[1])


@pytest.mark.parametrize("key", ["width", "height", "long_side"])
@pytest.mark.parametrize("value", [0, -5, True, 2.0, float("nan"), "800"])
def test_pixels_that_are_no_whole_number_are_refused(key, value):
    with pytest.raises(ValueError) as error:
        TargetSize(**{key: value})

    assert str(error.value) == f"the {key.replace('_', ' ')} is {value!r}; give a whole number of pixels, at least 1"


@pytest.mark.parametrize("value", [0, -0.5, True, float("nan"), float("inf"), 10**400, "2"])
def test_megapixels_that_are_no_sensible_number_are_refused(value):
    with pytest.raises(ValueError, match=r"the number of megapixels is .*; give one above 0 and up to 1,000,000"):
        TargetSize(megapixels=value)


@pytest.mark.parametrize("given, told", [({}, "nothing"), ({"width": 8, "height": 6}, "width=8 and height=6")])
def test_exactly_one_measure_is_given(given, told):
    with pytest.raises(ValueError, match=f"is given by {told}; give one of width, height, long_side, megapixels"):
        TargetSize(**given)


def test_targets_are_values_with_a_name():
    assert TargetSize(long_side=1920) == TargetSize(long_side=1920) != TargetSize(width=1920)
    assert [str(target) for target in (TargetSize(long_side=1920), TargetSize(megapixels=2.5))] == [
        "long side 1920", "megapixels 2.5",
    ]
    with pytest.raises(dataclasses.FrozenInstanceError):
        TargetSize(width=8).width = 9


def test_a_model_of_few_scales_is_asked_for_those_alone():
    assert TargetSize(width=700).scale(640, 480, scales=(4,)) == 4
    assert TargetSize(width=1300).scale(640, 480, scales=(2, 4)) == 4
    with pytest.raises(UpscaleError, match="2x makes at most 1280x960 pixels of the photo; choose a width up to 1280"):
        TargetSize(width=1300).scale(640, 480, scales=(2,))
