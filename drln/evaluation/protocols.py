"""The two ways to measure super-resolution that its published numbers were made with, never to be mixed.

standard: of papers, after MATLAB. HR is cropped to a multiple of the scale, LR is made from it by
`imresize` and rounded; the result is rounded, and so is its luma.

card: of the published models' card, after the super-image library. LR comes with the data set, or is made by
Pillow's bicubic from HR as it is; HR is then resized to the size of the result where it does not
fit; nothing is rounded.

In both the luma alone is compared, without `scale` pixels at each border. Knows arrays and tensors:
no files, no models.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from torch import Tensor

from drln.evaluation.metrics import SSIM_WINDOW, luma, psnr, ssim
from drln.evaluation.resize import imresize
from drln.images.picture import to_rgb
from drln.network.config import SCALES

STANDARD, CARD = PROTOCOLS = ("standard", "card")
# The first is a slip for 65.738 in super-image, and so part of its protocol.
CARD_LUMA = np.array([64.738, 129.057, 25.064]) / 256


class ProtocolError(ValueError):
    """Images that cannot be measured with one another."""


def make_pair(
    hr: np.ndarray, scale: int, protocol: str = STANDARD, lr: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What the model is given, and what its result is compared to.

    Args:
        hr: (H, W, 3) RGB or (H, W) grey, uint8.
        scale: 2, 3 or 4.
        protocol: "standard" or "card".
        lr: the LR image that comes with `hr`. The card's protocol takes it; the standard one makes its own.

    Returns:
        LR (h, w, 3) and HR (sh, sw, 3), uint8; grey (h, w) and (sh, sw) in the standard protocol
        where `hr` is grey.

    Raises:
        ProtocolError: for an unknown protocol, an image too small to be measured, or an LR that does not fit.
    """
    height, width = hr.shape[:2]
    if is_too_small(width, height, scale):
        raise ProtocolError(f"the image is {width}x{height} pixels, too small to be measured at {scale}x")
    if check_protocol(protocol) == STANDARD:
        hr = hr[: height // scale * scale, : width // scale * scale]
        return imresize(hr, scale=1 / scale), hr
    return fit_pair(hr, pillow_lr(hr, scale) if lr is None else lr, scale)


def is_too_small(width: int, height: int, scale: int) -> bool:
    """Whether less than SSIM's window is left of an HR image of that size, cropped and without its borders."""
    return min(height, width) // scale * scale - 2 * scale < SSIM_WINDOW


def fit_pair(hr: np.ndarray, lr: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """LR (h, w, 3) and HR (sh, sw, 3) as the card has them: RGB, HR resized where it is not of LR's size times scale.

    Raises:
        ProtocolError: if they are not of that scale.
    """
    height, width = lr.shape[:2]
    check_fit(width, height, hr.shape[1], hr.shape[0], scale)
    return to_rgb(lr), pillow_resize(to_rgb(hr), scale * width, scale * height)


def check_protocol(protocol: str) -> str:
    """The protocol, if there is such a one."""
    if protocol not in PROTOCOLS:
        raise ProtocolError(f"protocol is {protocol!r}; choose {' or '.join(PROTOCOLS)}")
    return protocol


def check_fit(lr_width: int, lr_height: int, width: int, height: int, scale: int) -> None:
    """Whether an LR image of that size can be of an HR image of that size: a side may be off by less than a pixel."""
    if abs(lr_width * scale - width) >= scale or abs(lr_height * scale - height) >= scale:
        raise ProtocolError(
            f"LR is {lr_width}x{lr_height} pixels and HR {width}x{height}, which is not {scale}x; "
            "take the LR images of this scale, or none"
        )


def scale_between(lr: tuple[int, int], hr: tuple[int, int]) -> int:
    """The scale of a pair by the (width, height) of both: of those that fit, the one that fits best.

    Raises:
        ProtocolError: if none fits.
    """
    misses = {scale: abs(lr[0] * scale - hr[0]) + abs(lr[1] * scale - hr[1]) for scale in SCALES}
    fitting = [scale for scale in SCALES if all(abs(a * scale - b) < scale for a, b in zip(lr, hr))]
    if not fitting:
        raise ProtocolError(
            f"LR is {lr[0]}x{lr[1]} pixels and HR {hr[0]}x{hr[1]}, which is none of the scales "
            f"{', '.join(map(str, SCALES))}; take LR images that were made from these HR images"
        )
    # Where two fit as well, as for LR of 2 pixels and HR of 7, the sides were rounded down.
    return min(fitting, key=lambda scale: (misses[scale], scale))


def pillow_lr(hr: np.ndarray, scale: int) -> np.ndarray:
    """LR as that of the data sets on the hub was made: Pillow's bicubic, sides rounded down."""
    return pillow_resize(hr, hr.shape[1] // scale, hr.shape[0] // scale)


def pillow_resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pillow's bicubic; an image of that size already comes back as it is."""
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def bicubic(lr: np.ndarray, scale: int, protocol: str = STANDARD) -> np.ndarray:
    """The baseline as a picture: LR enlarged by the protocol's bicubic, uint8."""
    if check_protocol(protocol) == STANDARD:
        return imresize(lr, scale=scale)
    return pillow_resize(lr, scale * lr.shape[1], scale * lr.shape[0])


def planes(sr: Tensor, hr: np.ndarray, scale: int, protocol: str = STANDARD) -> tuple[np.ndarray, np.ndarray]:
    """The two lumas that are compared, of a model's result and of HR.

    Args:
        sr: float RGB (1, 3, sH, sW), about [0, 1], as the model returned it.
        hr: as `make_pair` returned it.

    Returns:
        (sH - 2s, sW - 2s) each: uint8 in the standard protocol, float64 of 0..255 in the card's.
    """
    if sr.shape[2:] != hr.shape[:2]:
        raise ProtocolError(f"the result is {sr.shape[3]}x{sr.shape[2]} pixels and HR {hr.shape[1]}x{hr.shape[0]}")
    levels = sr[0].detach().float().cpu().mul(255)    # (3, sH, sW)
    if levels.isnan().any():    # which would become black when it is rounded
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
    """As `planes`, of the bicubic baseline. The standard protocol enlarges the luma, not the colours."""
    if check_protocol(protocol) == STANDARD:
        return _inside(imresize(luma(lr), scale=scale), scale), _inside(luma(hr), scale)
    sr, hr = (_card_luma(image.astype(np.float64)) for image in (bicubic(lr, scale, protocol), hr))
    return _inside(sr, scale), _inside(hr, scale)


def score(sr: np.ndarray, hr: np.ndarray) -> tuple[float, float]:
    """PSNR in dB and SSIM of two planes of 0..255."""
    return psnr(sr, hr), ssim(sr, hr)


def _inside(plane: np.ndarray, border: int) -> np.ndarray:
    return plane[border:-border, border:-border]


def _card_luma(rgb: np.ndarray) -> np.ndarray:
    return 16 + rgb @ CARD_LUMA
