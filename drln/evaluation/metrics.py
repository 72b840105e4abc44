"""Luma, PSNR and SSIM as super-resolution papers measure them.

Knows arrays only: no files, no models. What is cropped and rounded before is in `protocols`.
"""

from __future__ import annotations

import math

import numpy as np

SSIM_WINDOW = 11    # pixels a side
SSIM_SIGMA = 1.5    # pixels, of the Gaussian in the window
SSIM_K = (0.01, 0.03)


def luma(image: np.ndarray) -> np.ndarray:
    """The Y of MATLAB's `rgb2ycbcr` (ITU-R BT.601, 16..235), rounded as MATLAB rounds it.

    Args:
        image: uint8; RGB (H, W, 3), or grey (H, W), whose values are returned as they are: not in 16..235.

    Returns:
        (H, W), uint8.

    Raises:
        TypeError: if the image is not uint8.
        ValueError: if it has another shape.
    """
    if image.dtype != np.uint8:
        raise TypeError(f"the image is {image.dtype}; luma is defined for uint8, so clamp and round first")
    if image.ndim == 2:
        return image
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"the image has shape {image.shape}; give (H, W, 3) or (H, W)")
    y = 16 + image.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255
    return np.floor(y + 0.5).astype(np.uint8)    # always within 16..235


def psnr(image: np.ndarray, reference: np.ndarray, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(peak^2 / mean squared error).

    Args:
        image, reference: the same shape, any; uint8 or float, in 0..peak.
        peak: the value of full white.

    Returns:
        dB; infinity for identical images.

    Raises:
        ValueError: if the shapes differ or are empty.
    """
    x, y = _pair(image, reference)
    error = float(np.mean((x - y) ** 2))
    return 10 * math.log10(peak**2 / error) if error else math.inf


def ssim(image: np.ndarray, reference: np.ndarray, peak: float = 255.0) -> float:
    """Structural similarity (Wang et al., "Image quality assessment", 2004), as in its authors' MATLAB code.

    The window is 11x11 with a Gaussian of sigma 1.5, and K is 0.01 and 0.03. The mean is over all positions at which
    the window is inside the image. The images are not shrunk first.

    Args:
        image, reference: (H, W), the same shape, both sides 11 or more; uint8 or float, in 0..peak.
        peak: the value of full white.

    Returns:
        -1..1; 1 for identical images.

    Raises:
        ValueError: if the shapes differ, or are not (H, W) with both sides 11 or more.
    """
    x, y = _pair(image, reference)
    if x.ndim != 2 or min(x.shape) < SSIM_WINDOW:
        raise ValueError(f"the images have shape {x.shape}; give (H, W) with both sides {SSIM_WINDOW} or more")
    c1, c2 = ((k * peak) ** 2 for k in SSIM_K)
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x**2
    var_y = _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (var_x + var_y + c2)
    return float(np.mean(luminance * structure))


def gaussian_mean(image: np.ndarray, size: int, sigma: float) -> np.ndarray:
    """The mean in a window, weighted by a normalised Gaussian, at each position at which the window is inside.

    Args:
        image: (H, W) or (H, W, C), any number type.
        size: the window's side in pixels.
        sigma: of the Gaussian, in pixels.

    Returns:
        (H - size + 1, W - size + 1) or the same with C, float64.
    """
    offsets = np.arange(size) - size // 2
    window = np.exp(-(offsets**2) / (2 * sigma**2))
    window /= window.sum()
    height, width = (side - size + 1 for side in image.shape[:2])
    rows = sum(weight * image[i : i + height] for i, weight in enumerate(window))
    return sum(weight * rows[:, i : i + width] for i, weight in enumerate(window))


def measure(sr: np.ndarray, hr: np.ndarray) -> tuple[float, float]:
    """Return all metrics of a result, PSNR in dB and SSIM, by two lumas (H, W) in 0..255.

    To add one, write a function here, return its value too, and add it to `ImageScore` and `Scores`. Then
    show it in `tables.py`, in model cards (`training/publishing.py`) and on the page (`demo/wording/scores.py`).
    """
    return psnr(sr, hr), ssim(sr, hr)


def _pair(image: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64.

    Raises:
        ValueError: if the shapes differ or are empty.
    """
    if image.shape != reference.shape or not image.size:
        raise ValueError(f"the images have shapes {image.shape} and {reference.shape}; give two alike, not empty")
    return image.astype(np.float64), reference.astype(np.float64)


def _blur(image: np.ndarray) -> np.ndarray:
    """The weighted mean in SSIM's window: (H, W) to (H - 10, W - 10)."""
    return gaussian_mean(image, SSIM_WINDOW, SSIM_SIGMA)
