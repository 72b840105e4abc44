"""Load and save images for direct use of a model. `Upscaler` keeps more of a photo."""

from __future__ import annotations

import os

from PIL import Image
from torch import Tensor

from drln.images.photo import Photo, check_result, check_rgb
from drln.images.side_by_side import side_by_side
from drln.images.tensors import to_pixels
from drln.images.writing import write_image
from drln.super_image_names import super_image_names


class ImageLoader:
    """Load images as tensors, and save tensors as images."""

    @staticmethod
    def load_image(image: Image.Image) -> Tensor:
        """Return an upright image as the model's input: float32 RGB, (1, 3, H, W), in [0, 1].

        Transparency, greyness, colour profile and resolution are dropped; `Upscaler.upscale` keeps them.

        Raises:
            ImageError: as `Photo.from_pil`.
        """
        return Photo.from_pil(image).rgb

    @staticmethod
    @super_image_names({"pred": "tensor", "output_file": "path"})
    def save_image(tensor: Tensor, path: str | os.PathLike[str]) -> None:
        """Save the model's output, float RGB, (1, 3, H, W), clamped to [0, 1] and rounded to 8 bits.

        Raises:
            ImageError: for another shape or dtype, or a path that `write_image` refuses.
        """
        check_rgb(tensor)
        write_image(Image.fromarray(to_pixels(tensor, grey=False, depth=8)), path)

    @staticmethod
    @super_image_names({"input": "inputs", "pred": "preds", "output_file": "path"})
    def save_compare(inputs: Tensor, preds: Tensor, path: str | os.PathLike[str]) -> None:
        """Save `inputs`, upscaled by Pillow's bicubic, and `preds` side by side.

        Args:
            inputs: the model's input, (1, 3, H, W).
            preds: its output, (1, 3, sH, sW).
            path: where to save the image.

        Raises:
            ImageError: for shapes that do not match, or a path that `write_image` refuses.
        """
        check_rgb(inputs)
        check_result(preds, *inputs.shape[2:])
        lr, sr = (Image.fromarray(to_pixels(tensor, grey=False, depth=8)) for tensor in (inputs, preds))
        write_image(side_by_side({"Bicubic": lr.resize(sr.size, Image.Resampling.BICUBIC), "DRLN": sr}), path)
