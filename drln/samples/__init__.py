"""A few freely licensed photos, for demo, tests and notebooks; LICENSES.md says whose they are.

Sharp and small: their sides divide by 2, 3 and 4, so that each serves as input and as HR image.
"""

from __future__ import annotations

from pathlib import Path

SAMPLES_FOLDER = Path(__file__).parent


def list_samples() -> list[Path]:
    """The paths of the sample photos, sorted by name."""
    return sorted(SAMPLES_FOLDER.glob("*.png"))
