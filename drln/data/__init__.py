"""Data sets of image pairs: where they come from, how they are stored, what is cut from them.

`EvalMetrics` is of `evaluation`, and here too because the published models' library has it here.
"""

from drln.data.archives import DataError
from drln.data.columns import ColumnPairs
from drln.data.five_crop import augment_five_crop
from drln.data.patches import EvalDataset, TrainDataset
from drln.data.photos import PhotoPairs
from drln.data.sets import ImageSet, find_set, load_dataset
from drln.data.store import PairStore, build_store
from drln.evaluation.scoring import EvalMetrics

__all__ = [
    "ColumnPairs",
    "DataError",
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
