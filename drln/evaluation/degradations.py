"""Named degradations of the LR image, for scores of what photos have besides few pixels: JPEG, noise, blur.

They belong to the standard protocol, and their scores stand in tables of their own.

jpegNN: LR compressed as JPEG by Pillow, of quality NN, with colours at half resolution (4:2:0).

noiseNN: LR plus Gaussian noise of sigma NN, in levels of 255, rounded and clipped to 8 bits.

bd: "blur-down" of the papers, at 3x. HR is blurred by a 7x7 Gaussian of sigma 1.6 and rounded, and every third pixel
of it is LR: the centre one of each 3x3, as of MATLAB's `imresize(..., 'nearest')`.

dn: "down-noise" of the papers, at 3x: noise30 by another name.

bd and dn follow the MATLAB code of RDN (Zhang et al., 2018), which later papers share; DRLN's has tables of bd. Noise
is numpy's `default_rng`, seeded by the CRC-32 of LR: an image gets the same noise at every call, other images other
noise. MATLAB's random numbers cannot be made again, so scores with noise agree with those of papers to about a
hundredth of a dB on a large set, and to a few on Set5, whose LR images are small.

Knows arrays only: no files, no models.
"""

from __future__ import annotations

import io
import re
import zlib

import numpy as np
from PIL import Image

from drln.evaluation.metrics import gaussian_mean
from drln.evaluation.protocols import STANDARD, ProtocolError, check_protocol

CLEAN = "clean"    # the word for none
BD, DN = PAPERS = ("bd", "dn")
PAPERS_SCALE = 3
BD_SIGMA, BD_SIZE = 1.6, 7    # pixels
DN_SIGMA = 30
EXAMPLES = "jpeg40, noise10, bd or dn"


def check_degradation(degradation: str | None, scale: int, protocol: str = STANDARD) -> str:
    """Return the degradation's name, or "" for none.

    Args:
        degradation: a name; None, "" or "clean" for none.
        scale: 2, 3 or 4.
        protocol: "standard" or "card".

    Raises:
        ProtocolError: if there is no such degradation, or none at this scale or in this protocol, or no such protocol.
    """
    check_protocol(protocol)
    if not degradation or degradation == CLEAN:
        return ""
    if degradation != BD:
        _kind_and_number(degradation)
    if protocol != STANDARD:
        raise ProtocolError(
            f"the degradation {degradation} belongs to the standard protocol, and the protocol is {protocol}; "
            f"take standard, or {CLEAN}"
        )
    if degradation in PAPERS and scale != PAPERS_SCALE:
        raise ProtocolError(
            f"the degradation {degradation} is for {PAPERS_SCALE}x alone, and the scale is {scale}; "
            f"take scale {PAPERS_SCALE}, or another one such as jpeg40 or noise10"
        )
    return degradation


def describe(degradation: str) -> str:
    """The degradation in words: "JPEG of quality 40"."""
    if degradation == BD:
        return f"a blur of sigma {BD_SIGMA}"
    kind, number = _kind_and_number(degradation)
    return f"JPEG of quality {number}" if kind == "jpeg" else f"noise of sigma {number}"


def degrade(lr: np.ndarray, hr: np.ndarray, degradation: str | None) -> np.ndarray:
    """The degraded LR of a pair; `lr` itself if there is no degradation.

    Args:
        lr, hr: a pair as `make_pair` returned it by the standard protocol: (h, w, 3) and (sh, sw, 3), or (h, w) and
            (sh, sw); uint8.
        degradation: as for `check_degradation`.

    Returns:
        The shape of `lr`, uint8. A grey image stays grey.

    Raises:
        ProtocolError: if there is no such degradation, or none at this scale.
    """
    name = check_degradation(degradation, hr.shape[0] // lr.shape[0])
    if not name:
        return lr
    if name == BD:
        return blur(hr, BD_SIGMA, BD_SIZE)[1::PAPERS_SCALE, 1::PAPERS_SCALE].copy()
    kind, number = _kind_and_number(name)
    if kind == "jpeg":
        return compress(lr, number)
    return add_noise(lr, number, np.random.default_rng(zlib.crc32(lr.tobytes())))


def compress(image: np.ndarray, quality: int, subsampling: str = "4:2:0") -> np.ndarray:
    """Compress an image as JPEG by Pillow, and decode it again.

    Args:
        image: uint8, (H, W, 3) or (H, W).
        quality: 1 to 100.
        subsampling: "4:2:0", "4:2:2" or "4:4:4"; of no effect on a grey image.

    Returns:
        The same shape, uint8.

    Raises:
        TypeError, ValueError: for another dtype, shape, quality or subsampling.
        OSError: if a side is longer than a JPEG can be, 65,500 pixels.
    """
    _check(image)
    if not 1 <= quality <= 100:
        raise ValueError(f"quality is {quality}; give 1 to 100")
    if subsampling not in ("4:2:0", "4:2:2", "4:4:4"):
        raise ValueError(f"subsampling is {subsampling!r}; give 4:2:0, 4:2:2 or 4:4:4")
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.array(Image.open(file))


def add_noise(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise to each value.

    Args:
        image: uint8, (H, W, 3) or (H, W).
        sigma: standard deviation in levels of 255, 0 or more.
        rng: where the noise comes from; it moves on.

    Returns:
        The same shape, uint8: rounded and clipped.

    Raises:
        TypeError, ValueError: for another dtype, shape or sigma.
    """
    _check(image)
    return _to_levels(image + rng.normal(0, sigma, image.shape))


def blur(image: np.ndarray, sigma: float, size: int = 7) -> np.ndarray:
    """Blur by a normalised Gaussian. Beyond the edges, the outermost pixels are repeated.

    Args:
        image: uint8, (H, W, 3) or (H, W).
        sigma: of the Gaussian in pixels, above 0.
        size: the window's side in pixels, odd.

    Returns:
        The same shape, uint8: rounded.

    Raises:
        TypeError, ValueError: for another dtype, shape, sigma or size.
    """
    _check(image)
    if sigma <= 0 or size < 1 or size % 2 == 0:
        raise ValueError(f"sigma is {sigma} and size {size}; give a sigma above 0 and an odd size")
    edge = (size // 2, size // 2)
    padded = np.pad(image, (edge, edge, (0, 0))[: image.ndim], mode="edge")
    return _to_levels(gaussian_mean(padded, size, sigma))


def _kind_and_number(degradation: object) -> tuple[str, int]:
    """The parts of "jpeg40" or "noise10"; dn is noise.

    Raises:
        ProtocolError: if it is neither, or the number is out of range.
    """
    if degradation == DN:
        return "noise", DN_SIGMA
    found = re.fullmatch("(jpeg|noise)(0|[1-9][0-9]*)", degradation) if isinstance(degradation, str) else None
    if not found:
        raise ProtocolError(f"degradation is {degradation!r}; write {CLEAN}, or one such as {EXAMPLES}")
    kind, number = found.groups()
    if len(number) > 3 or not 1 <= int(number) <= 100:
        what = "quality" if kind == "jpeg" else "sigma"
        raise ProtocolError(f"the {what} of {degradation!r} is out of range; write {kind}1 to {kind}100")
    return kind, int(number)


def _check(image: np.ndarray) -> None:
    """Raise TypeError or ValueError unless the image is uint8, RGB or grey."""
    if image.dtype != np.uint8:
        raise TypeError(f"the image is {image.dtype}; give uint8")
    if image.ndim != 2 and image.shape[2:] != (3,):
        raise ValueError(f"the image has shape {image.shape}; give (H, W, 3) or (H, W)")


def _to_levels(values: np.ndarray) -> np.ndarray:
    """The values as uint8: clipped, and rounded with halves going up, as MATLAB does."""
    return np.floor(values.clip(0, 255) + 0.5).astype(np.uint8)
