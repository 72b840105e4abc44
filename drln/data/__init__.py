"""Data sets of image pairs: find and download them, store them, cut patches from them.

`EvalMetrics` belongs to `evaluation`. It is here too because super-image has it here.
"""

from drln.data.archives import DataError
from drln.data.columns import ColumnPairs
from drln.data.degraded import DegradedPairs
from drln.data.five_crop import augment_five_crop
from drln.data.loading import load_dataset
from drln.data.patches import EvalDataset, TrainDataset
from drln.data.photos import PhotoPairs
from drln.data.sets import ImageSet, find_set
from drln.data.store import PairStore, build_store
from drln.evaluation.scoring import EvalMetrics

__all__ = [
    "ColumnPairs",
    "DataError",
    "DegradedPairs",
    "EvalDataset",
    "EvalMetrics",
    "ImageSet",
    "PairStore",
    "PhotoPairs",
    "TrainDataset",
    "augment_five_crop",
    "build_store",
    "find_set",
    "load_dataset",
]
