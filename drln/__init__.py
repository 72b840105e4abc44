"""Super-resolution with DRLN-BAM: the public names, nothing else. Data sets are in `drln.data`."""

from drln.evaluation import EvalMetrics, Scores, evaluate
from drln.images import ImageError, ImageLoader, Photo, write_image
from drln.model import DrlnModel
from drln.network import DrlnConfig
from drln.progress import Progress
from drln.training import Trainer, TrainingArguments, TrainingError, push_to_hub, write_card
from drln.upscaling import Estimate, Result, TargetSize, UpscaleError, Upscaler
from drln.weights import CheckpointError, HubError

__all__ = [
    "CheckpointError",
    "DrlnConfig",
    "DrlnModel",
    "Estimate",
    "EvalMetrics",
    "HubError",
    "ImageError",
    "ImageLoader",
    "Photo",
    "Progress",
    "Result",
    "Scores",
    "TargetSize",
    "Trainer",
    "TrainingArguments",
    "TrainingError",
    "UpscaleError",
    "Upscaler",
    "evaluate",
    "push_to_hub",
    "write_card",
    "write_image",
]
