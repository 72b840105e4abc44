"""Super-resolution with DRLN-BAM: the public names, nothing else."""

from drln.checkpoint import CheckpointError
from drln.config import DrlnConfig
from drln.hub import HubError
from drln.images import ImageError, ImageLoader
from drln.model import DrlnModel
from drln.upscaler import Estimate, Progress, Result, UpscaleError, Upscaler

__all__ = [
    "CheckpointError",
    "DrlnConfig",
    "DrlnModel",
    "Estimate",
    "HubError",
    "ImageError",
    "ImageLoader",
    "Progress",
    "Result",
    "UpscaleError",
    "Upscaler",
]
