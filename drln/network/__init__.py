"""The network: its config, its blocks, the plain pass, the same pass in strips, and what both cost.

Knows tensors only: no files, no photos, no choice of device.
"""

from drln.network.border import extended, extended_area, extended_size, inner
from drln.network.config import SCALES, DrlnConfig
from drln.network.cost import conv_cost, network_cost
from drln.network.plain import Drln
from drln.network.strips import upscale_in_strips

__all__ = [
    "SCALES",
    "Drln",
    "DrlnConfig",
    "conv_cost",
    "extended",
    "extended_area",
    "extended_size",
    "inner",
    "network_cost",
    "upscale_in_strips",
]
