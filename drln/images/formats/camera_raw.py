"""Detect camera raw files. They are refused, because their first image is only a small preview."""

from __future__ import annotations

import re
from pathlib import Path

# Raw formats with their own first bytes: CR2, CR3, CRW, IIQ, MRW, ORF, RAF, RW2, X3F. The others look like TIFF.
STARTS = re.compile(
    rb"II\*\0....CR|....ftypcrx |II....HEAPCCDR|(?:II\*\0|MM\0\*)....(?:IIII|MMMM)|\0MRM|IIR[OS]|MMOR|"
    rb"FUJIFILMCCD-RAW|IIU\0|FOVb",
    re.DOTALL,
)
DNG_VERSION = 50706    # a TIFF tag
SENSOR_COLOURS = {32803, 34892}    # photometric interpretations: colour filter array, linear raw


def refusal(path: Path) -> str:
    """Return the error message for a raw file."""
    return f"{path} is a camera's raw file; develop it in a raw converter first, then use the TIFF or JPEG"
