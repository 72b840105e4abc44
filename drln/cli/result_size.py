"""The options of the `upscale` command that say how large a result becomes."""

from __future__ import annotations

import argparse

from drln.network.config import SCALES
from drln.upscaling.target import TargetSize

DEFAULT_SCALE = 4


def add_size_options(command: argparse.ArgumentParser) -> None:
    """Add them; a user can give one."""
    add = command.add_mutually_exclusive_group().add_argument
    # Without a default, because argparse lets a value that equals it pass beside another option.
    add("--scale", type=int, choices=SCALES, help=f"how many times wider and higher (default: {DEFAULT_SCALE})")
    way = "upscaled by the smallest scale that is enough, then reduced"
    add("--width", type=int, metavar="PIXELS", help=f"width of the result instead: {way}")
    add("--height", type=int, metavar="PIXELS", help="height of the result instead")
    add("--long-side", type=int, metavar="PIXELS", help="length of the result's longer side instead")
    add("--megapixels", type=float, metavar="N", help="millions of pixels of the result instead, such as 12")


def target_size(args: argparse.Namespace) -> TargetSize | None:
    """The size that the user gave; None for a scale.

    Raises:
        ValueError: as `TargetSize`.
    """
    given = args.width, args.height, args.long_side, args.megapixels
    return None if given == (None,) * 4 else TargetSize(*given)
