"""Trained weights: find or download them, read and write their files.

Knows files, the hub and a network's config; builds no network.
"""

from drln.weights.checkpoint import CheckpointError
from drln.weights.download import HubError
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO, load_weights

__all__ = ["BUNDLED", "BUNDLED_PHOTO", "CheckpointError", "HubError", "load_weights"]
