"""Which bundled model to suggest for a photo, by its file. It is for its owner to choose.

Knows no photos.
"""

from __future__ import annotations

from pathlib import Path

from drln.weights.sources import BUNDLED, BUNDLED_PHOTO

# Trained on clean photos alone. Of other models nothing is known.
CLEAN = (BUNDLED, "eugenesiow/drln-bam", "eugenesiow/drln")
# The mean gain over the clean model is 0.4 dB or more there, and about nothing at 95; bundled/README.md has the table.
MOST_QUALITY = 85


def suggested_model(chosen: str | Path, jpeg_quality: int | None) -> str | None:
    """Return the model to suggest instead of the chosen one, or None.

    Args:
        chosen: as for `DrlnModel.from_pretrained`.
        jpeg_quality: the photo's, 1 to 100; None if it is no JPEG.
    """
    is_poor = jpeg_quality is not None and jpeg_quality <= MOST_QUALITY
    return BUNDLED_PHOTO if is_poor and chosen in CLEAN else None
