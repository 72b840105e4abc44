"""What the scores of the demo are tested with: a tiny network in place of its models, and small photos."""

from pathlib import Path

from PIL import Image

from demo.backend.models import Choice, Models
from drln import DrlnModel


def tiny_models(model: DrlnModel, folder: Path) -> Models:
    """A model called tiny, whose weights lie in the folder, and one of the hub called away; in float32."""
    model.save_pretrained(folder / "weights")
    choices = {
        "away": Choice("Away", "Far away", "owner/away", on_hub=True),
        "tiny": Choice("Tiny", "Small", str(folder / "weights")),
    }
    return Models(choices, precision="float32")


def noise_photos(folder: Path) -> tuple[Path, ...]:
    """Photos with sides that no scale divides; the second is grey."""
    paths = []
    for number, mode in enumerate(("RGB", "L", "RGB")):
        paths.append(folder / f"photo {number}.png")
        Image.effect_noise((41 + number, 35), 60).convert(mode).save(paths[-1])
    return tuple(paths)
