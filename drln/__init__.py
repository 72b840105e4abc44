"""Super-resolution with DRLN-BAM: the public names, nothing else."""

from drln.config import DrlnConfig
from drln.model import DrlnModel

__all__ = ["DrlnConfig", "DrlnModel"]
