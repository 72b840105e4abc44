from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import drln.samples
from drln.samples import list_samples

LICENSES = (Path(drln.samples.__file__).parent / "LICENSES.md").read_text()


@pytest.mark.parametrize("path", list_samples(), ids=lambda path: path.stem)
def test_a_sample_has_its_licence_beside_it(path):
    row = next(line for line in LICENSES.splitlines() if line.startswith(f"| `{path.name}`"))

    assert "CC0" in row or "public domain" in row


def test_every_image_in_the_folder_is_listed():
    others = {path.name for path in Path(drln.samples.__file__).parent.iterdir() if path.is_file()}

    assert others - {path.name for path in list_samples()} == {"__init__.py", "LICENSES.md"}


@pytest.mark.parametrize("path", list_samples(), ids=lambda path: path.stem)
def test_a_sample_serves_as_input_and_as_hr_image(path):
    image = Image.open(path)

    assert image.mode in ("L", "RGB")
    assert all(200 <= side <= 340 and side % 12 == 0 for side in image.size)


@pytest.mark.parametrize("path", list_samples(), ids=lambda path: path.stem)
def test_a_sample_holds_detail_that_a_smaller_one_does_not(path):
    image = Image.open(path).convert("L")
    half = image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)

    lost = np.asarray(image, float) - np.asarray(half.resize(image.size, Image.Resampling.BICUBIC), float)

    assert np.sqrt((lost**2).mean()) > 2    # grey levels; an image enlarged from half its size is far below
