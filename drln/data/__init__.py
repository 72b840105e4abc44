"""Data sets of image pairs: where they come from, how they are stored, what is cut from them."""

from drln.data.patches import EvalDataset, TrainDataset
from drln.data.store import PairStore, build_store

__all__ = ["EvalDataset", "PairStore", "TrainDataset", "build_store"]
