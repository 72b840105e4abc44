"""Photo in, photo out: the device, the precision, memory, progress, and folders of photos.

Its callers load the model.
"""

from drln.progress import Progress
from drln.upscaling.engine import UpscaleError
from drln.upscaling.estimate import Estimate
from drln.upscaling.target import TargetSize
from drln.upscaling.upscaler import Result, Upscaler

__all__ = ["Estimate", "Progress", "Result", "TargetSize", "UpscaleError", "Upscaler"]
