"""The two protocols of published super-resolution scores. Scores of one must not be compared with those of the other.

standard: the papers' protocol, after MATLAB. HR is cropped to a multiple of the scale. LR is made from it by `imresize`
and rounded. The result is rounded, and so is its luma.

card: the protocol of the published models' card, after the super-image library. LR comes with the data set, or Pillow's
bicubic makes it from HR. Then HR is resized to the size of the result, if that differs. Nothing is rounded.

Both compare the luma alone, without `scale` pixels at each border. Knows arrays and tensors: no files, no models.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from torch import Tensor

from drln.evaluation.metrics import SSIM_WINDOW, luma
from drln.evaluation.resize import imresize
from drln.images.picture import to_rgb
from drln.network.config import SCALES

STANDARD, CARD = PROTOCOLS = ("standard", "card")
# The first is a slip for 65.738 in super-image, and so part of its protocol.
CARD_LUMA = np.array([64.738, 129.057, 25.064]) / 256


class ProtocolError(ValueError):
    """Images that cannot be compared; the message says why."""


def make_pair(
    hr: np.ndarray, scale: int, protocol: str = STANDARD, lr: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The image for the model, LR, and the image to compare its result to, HR.

    Args:
        hr: (H, W, 3) RGB or (H, W) grey, uint8.
        scale: 2, 3 or 4.
        protocol: "standard" or "card".
        lr: the LR image that comes with `hr`, uint8. The card's protocol takes it; the standard one makes its own.

    Returns:
        LR (h, w, 3) and HR (sh, sw, 3), uint8. In the standard protocol a grey `hr` gives (h, w) and (sh, sw).

    Raises:
        ProtocolError: if the protocol is unknown, the image is too small to be measured, or LR does not fit.
    """
    height, width = hr.shape[:2]
    if is_too_small(width, height, scale):
        raise ProtocolError(f"the image is {width}x{height} pixels, too small to be measured at {scale}x")
    if check_protocol(protocol) == STANDARD:
        hr = hr[: height // scale * scale, : width // scale * scale]
        return imresize(hr, scale=1 / scale), hr
    return fit_pair(hr, pillow_lr(hr, scale) if lr is None else lr, scale)


def is_too_small(width: int, height: int, scale: int) -> bool:
    """Whether an HR image of that size, cropped and without its borders, is smaller than SSIM's window."""
    return min(height, width) // scale * scale - 2 * scale < SSIM_WINDOW


def fit_pair(hr: np.ndarray, lr: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """LR (h, w, 3) and HR (sh, sw, 3), RGB, uint8, as in the card's protocol: HR is resized if its size differs.

    Raises:
        ProtocolError: if the sizes do not fit the scale.
    """
    height, width = lr.shape[:2]
    check_fit(width, height, hr.shape[1], hr.shape[0], scale)
    return to_rgb(lr), pillow_resize(to_rgb(hr), scale * width, scale * height)


def check_protocol(protocol: str) -> str:
    """Return the protocol.

    Raises:
        ProtocolError: unless it is "standard" or "card".
    """
    if protocol not in PROTOCOLS:
        raise ProtocolError(f"protocol is {protocol!r}; choose {' or '.join(PROTOCOLS)}")
    return protocol


def check_fit(lr_width: int, lr_height: int, width: int, height: int, scale: int) -> None:
    """Check that an LR and an HR image of these sizes can be a pair: each side may be off by less than an LR pixel.

    Raises:
        ProtocolError: unless they can.
    """
    if abs(lr_width * scale - width) >= scale or abs(lr_height * scale - height) >= scale:
        raise ProtocolError(
            f"LR is {lr_width}x{lr_height} pixels and HR {width}x{height}, which is not {scale}x; "
            "take the LR images of this scale, or none"
        )


def scale_between(lr: tuple[int, int], hr: tuple[int, int]) -> int:
    """The scale that best fits the (width, height) of LR and of HR.

    Raises:
        ProtocolError: if no scale fits.
    """
    misses = {scale: abs(lr[0] * scale - hr[0]) + abs(lr[1] * scale - hr[1]) for scale in SCALES}
    fitting = [scale for scale in SCALES if all(abs(a * scale - b) < scale for a, b in zip(lr, hr))]
    if not fitting:
        raise ProtocolError(
            f"LR is {lr[0]}x{lr[1]} pixels and HR {hr[0]}x{hr[1]}, which is none of the scales "
            f"{', '.join(map(str, SCALES))}; take LR images that were made from these HR images"
        )
    # If two fit equally, as for LR of 2 pixels and HR of 7, the lower one is right: sides are rounded down.
    return min(fitting, key=lambda scale: (misses[scale], scale))


def pillow_lr(hr: np.ndarray, scale: int) -> np.ndarray:
    """LR (h, w, 3) or (h, w), uint8, made as for the data sets on the hub: Pillow's bicubic, sides rounded down."""
    return pillow_resize(hr, hr.shape[1] // scale, hr.shape[0] // scale)


def pillow_resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize a uint8 image by Pillow's bicubic; one that has this size is returned as it is."""
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def bicubic(lr: np.ndarray, scale: int, protocol: str = STANDARD) -> np.ndarray:
    """The baseline as a picture, uint8: LR enlarged by the protocol's bicubic.

    Raises:
        ProtocolError: for an unknown protocol.
    """
    if check_protocol(protocol) == STANDARD:
        return imresize(lr, scale=scale)
    return pillow_resize(lr, scale * lr.shape[1], scale * lr.shape[0])


def planes(sr: Tensor, hr: np.ndarray, scale: int, protocol: str = STANDARD) -> tuple[np.ndarray, np.ndarray]:
    """The lumas to compare: those of a model's result and of HR.

    Args:
        sr: float RGB (1, 3, sH, sW), about [0, 1], as the model returned it.
        hr: as `make_pair` returned it.
        scale: s; so many pixels are cut off at each border.
        protocol: "standard" or "card".

    Returns:
        Two planes, (sH - 2s, sW - 2s): uint8 in the standard protocol, float64 in 0..255 in the card's.

    Raises:
        ProtocolError: if the sizes differ, the result holds NaN, or the protocol is unknown.
    """
    if sr.shape[2:] != hr.shape[:2]:
        raise ProtocolError(f"the result is {sr.shape[3]}x{sr.shape[2]} pixels and HR {hr.shape[1]}x{hr.shape[0]}")
    levels = sr[0].detach().float().cpu().mul(255)    # (3, sH, sW)
    if levels.isnan().any():    # rounding would make it black
        raise ProtocolError("the result holds values that are no numbers; take other weights, or float32")
    if check_protocol(protocol) == CARD:
        rgb = levels.clamp(0, 255).permute(1, 2, 0).double().numpy()
        return _inside(_card_luma(rgb), scale), _inside(_card_luma(hr.astype(np.float64)), scale)
    if hr.ndim == 2:
        levels = levels.mean(dim=0, keepdim=True)
    image = levels.clamp(0, 255).round().permute(1, 2, 0).numpy().astype(np.uint8)
    return _inside(luma(image[:, :, 0] if hr.ndim == 2 else image), scale), _inside(luma(hr), scale)


def bicubic_planes(
    lr: np.ndarray, hr: np.ndarray, scale: int, protocol: str = STANDARD
) -> tuple[np.ndarray, np.ndarray]:
    """The lumas to compare, as from `planes`, for the bicubic baseline. The standard protocol enlarges the luma alone.

    Args:
        lr, hr, scale, protocol: as `make_pair` takes and returns them.

    Raises:
        ProtocolError: for an unknown protocol.
    """
    if check_protocol(protocol) == STANDARD:
        return _inside(imresize(luma(lr), scale=scale), scale), _inside(luma(hr), scale)
    sr, hr = (_card_luma(image.astype(np.float64)) for image in (bicubic(lr, scale, protocol), hr))
    return _inside(sr, scale), _inside(hr, scale)


def _inside(plane: np.ndarray, border: int) -> np.ndarray:
    return plane[border:-border, border:-border]


def _card_luma(rgb: np.ndarray) -> np.ndarray:
    return 16 + rgb @ CARD_LUMA
