"""Small data sets for the tests, packed as the hub packs its own."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def photo(seed: int, width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Smooth shapes and some noise, so that resizing loses something but not all."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float)
    noisy = smooth + rng.normal(0, 8, smooth.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).convert(mode)


def shrunk(image: Image.Image, scale: int) -> Image.Image:
    """LR as the hub's data sets have it."""
    return image.resize((image.width // scale, image.height // scale), Image.Resampling.BICUBIC)


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def tar_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def hub_files(name: str, images: dict[str, Image.Image], scales: tuple[int, ...] = (2, 3, 4)) -> dict[str, bytes]:
    """The files of a data set repository: HR, and LR at each scale."""
    sizes = {"HR": images} | {f"LR_x{s}": {file: shrunk(hr, s) for file, hr in images.items()} for s in scales}
    return {
        f"data/{name}_{kind}.tar.gz": tar_of({f"{name}_{kind}/{file}": png(image) for file, image in members.items()})
        for kind, members in sizes.items()
    }


def div2k_files(images: dict[str, Image.Image], scale: int = 4) -> dict[str, bytes]:
    """The two zips of DIV2K's validation split."""
    lr = {f"DIV2K_valid_LR_bicubic/X{scale}/{name}x{scale}.png": png(shrunk(hr, scale)) for name, hr in images.items()}
    return {
        "DIV2K_valid_HR.zip": zip_of({f"DIV2K_valid_HR/{name}.png": png(hr) for name, hr in images.items()}),
        f"DIV2K_valid_LR_bicubic_X{scale}.zip": zip_of(lr),
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder
