"""Images to tensors and back by hand, with `ImageLoader`."""


import numpy as np
import pytest
import torch
from photo_files import noise
from PIL import Image

from drln.images import ImageError, ImageLoader


def test_load_image_gives_what_the_model_takes():
    pixels = noise(5, 7, 3)

    inputs = ImageLoader.load_image(Image.fromarray(pixels))

    assert inputs.shape == (1, 3, 5, 7) and inputs.dtype == torch.float32
    np.testing.assert_allclose(inputs[0].permute(1, 2, 0).numpy(), pixels / 255.0, atol=1e-7)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_load_image_gives_three_channels_for_every_mode(mode):
    assert ImageLoader.load_image(Image.new(mode, (7, 5))).shape == (1, 3, 5, 7)


def test_save_image_clamps_and_rounds(tmp_path):
    preds = torch.tensor([-0.3, 100.6 / 255, 1.7]).reshape(1, 3, 1, 1).requires_grad_()

    ImageLoader.save_image(preds, str(tmp_path / "out.png"))

    assert Image.open(tmp_path / "out.png").getpixel((0, 0)) == (0, 101, 255)


@pytest.mark.parametrize("bad", [torch.zeros(3, 4, 4), torch.zeros(2, 3, 4, 4), torch.zeros(1, 3, 4, 4).byte(), None])
def test_save_image_refuses_what_is_not_one_rgb_image(tmp_path, bad):
    with pytest.raises(ImageError, match="float tensor of shape"):
        ImageLoader.save_image(bad, tmp_path / "out.png")


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_save_compare_puts_pillows_bicubic_beside_the_result(tmp_path, scale):
    lr, sr = noise(20, 33, 3), noise(20 * scale, 33 * scale, 3)
    inputs, preds = (ImageLoader.load_image(Image.fromarray(pixels)) for pixels in (lr, sr))

    ImageLoader.save_compare(inputs, preds, tmp_path / "compare.png")

    height, width = sr.shape[:2]
    picture = np.asarray(Image.open(tmp_path / "compare.png"))[-height:]
    bicubic = Image.fromarray(lr).resize((width, height), Image.Resampling.BICUBIC)
    assert np.array_equal(picture[:, :width], np.asarray(bicubic))
    assert np.array_equal(picture[:, -width:], sr)


def test_save_compare_refuses_images_that_do_not_belong_together(tmp_path):
    with pytest.raises(ImageError, match="9x8 pixels and the image 4x4"):
        ImageLoader.save_compare(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 8, 9), tmp_path / "compare.png")
