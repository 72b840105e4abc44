"""Raw files of cameras are refused: their first image is a small preview, and the photo needs developing."""

from __future__ import annotations

import re
from pathlib import Path

# How those begin that are no TIFF, or show at once what they are: CR2, CR3, CRW, IIQ, MRW, ORF, RAF, RW2, X3F.
STARTS = re.compile(
    rb"II\*\0....CR|....ftypcrx |II....HEAPCCDR|(?:II\*\0|MM\0\*)....(?:IIII|MMMM)|\0MRM|IIR[OS]|MMOR|"
    rb"FUJIFILMCCD-RAW|IIU\0|FOVb",
    re.DOTALL,
)
DNG_VERSION = 50706    # a tag of TIFF
SENSOR_COLOURS = {32803, 34892}    # photometric interpretations: a colour filter array, and linear raw


def refusal(path: Path) -> str:
    """Return why a raw file is not read, and what to do."""
    return f"{path} is a camera's raw file; develop it in a raw converter first, and give the TIFF or JPEG"
