"""Super-resolution with DRLN-BAM: the public names, nothing else. Data sets are in `drln.data`."""

from drln.checkpoint import CheckpointError
from drln.config import DrlnConfig
from drln.estimate import Estimate
from drln.evaluation import EvalMetrics, Scores, evaluate
from drln.hub import HubError
from drln.images import ImageError, ImageLoader, Photo, write_image
from drln.model import DrlnModel
from drln.publishing import push_to_hub, write_card
from drln.training import Trainer, TrainingArguments, TrainingError
from drln.upscaler import Progress, Result, UpscaleError, Upscaler

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
