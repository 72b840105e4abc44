"""When the model for JPEG photos is suggested, and that it is the better one then."""

import numpy as np
import pytest

from drln import DrlnModel
from drln.evaluation.degradations import compress
from drln.evaluation.metrics import measure
from drln.evaluation.protocols import make_pair, planes
from drln.images.pixels import read_pixels
from drln.images.tensors import to_rgb_tensor
from drln.samples import list_samples
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO
from drln.weights.suggestion import MOST_QUALITY, suggested_model


@pytest.mark.parametrize("chosen", [BUNDLED, "eugenesiow/drln-bam", "eugenesiow/drln"])
def test_it_is_suggested_for_a_jpeg_of_low_quality_instead_of_a_model_for_clean_photos(chosen):
    qualities = None, 1, MOST_QUALITY, MOST_QUALITY + 1, 100

    found = [suggested_model(chosen, quality) for quality in qualities]

    assert found == [None, BUNDLED_PHOTO, BUNDLED_PHOTO, None, None]


@pytest.mark.parametrize("chosen", [BUNDLED_PHOTO, "my-folder", "someone/a-model"])
def test_nothing_is_suggested_instead_of_itself_or_of_a_model_that_is_unknown(chosen):
    assert suggested_model(chosen, 30) is None


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_where_it_is_suggested_it_is_better_and_for_clean_photos_it_is_not(scale):
    """On the middle of the sample photos, in dB."""
    models = [DrlnModel.from_pretrained(name, scale) for name in (BUNDLED, BUNDLED_PHOTO)]
    gains = {quality: [] for quality in (MOST_QUALITY, None)}
    for path in list_samples():
        lr, hr = make_pair(read_pixels(path)[48:144, 96:192], scale)
        for quality, found in gains.items():
            rgb = to_rgb_tensor(compress(lr, quality) if quality else lr)
            clean, photo = (measure(*planes(model(rgb), hr, scale, "standard"))[0] for model in models)
            found.append(photo - clean)

    at_most, unharmed = (np.mean(found) for found in gains.values())
    assert at_most > 0.1 and unharmed < -0.1
