"""The `upscale` command: a photo's file in, its larger file out; of folders `cli_folder` knows."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

from PIL import Image

from drln.cli.arguments import a_name, a_path
from drln.cli.folder import upscale_folder
from drln.cli.loading import load_upscaler, model_name
from drln.cli.progress_bar import progress_bar, show
from drln.images import ImageError, Photo, check_output, write_image
from drln.images.formats import OUTPUT_FORMATS
from drln.images.header import MOST_PIXELS
from drln.network.config import SCALES
from drln.progress import Work
from drln.upscaling.device import pick_device
from drln.upscaling.result_names import fitting
from drln.upscaling.upscaler import Result, Upscaler
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO


def add_upscale(commands: argparse._SubParsersAction) -> None:
    """The command and its options."""
    command = commands.add_parser("upscale", help="upscale a photo, or a folder of them, 2x, 3x or 4x")
    command.set_defaults(run=upscale)
    add = command.add_argument
    add("photo", type=a_path, help="the image file to upscale, or a folder of them")
    add("--scale", type=int, choices=SCALES, default=4, help="times larger on each side (default: 4)")
    add("--output", type=a_path, help="where to save: .png, .tiff, .jpg or .webp (default: beside the photo, as .png)")
    extensions = sorted(OUTPUT_FORMATS)
    add("--extension", choices=extensions, default=".png", help="of the results of a folder (default: .png)")
    add("--quality", type=int, help="1 to 100, of .jpg and .webp (default: 95); .webp of 100 keeps every pixel")
    model = f"hub repository, folder, weights file, {BUNDLED_PHOTO} for photos from a JPEG, or {BUNDLED} (default)"
    add("--model", type=a_name, default=BUNDLED, help=model)
    add("--device", default="auto", help="auto (default), cpu, cuda or mps")
    precision = "what to compute in (default: auto, which is float32 for photos of 16 bits)"
    add("--precision", choices=("auto", "float32", "bfloat16"), default="auto", help=precision)
    add("--self-ensemble", action="store_true", help="average the eight flips and turns: better, eight times slower")
    add("--revision", help="commit, tag or branch of the hub repository")
    add("--cache-dir", type=a_path, help="where downloads are kept (default: the hub's own cache)")
    add("--local-files-only", action="store_true", help="use what is on this machine; ask no hub")


def upscale(args: argparse.Namespace) -> None:
    """The `upscale` command: all that can be refused is refused before the work begins."""
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)    # what is too large is an error
    if args.photo.is_dir():
        return upscale_folder(args)
    output = args.output or default_output(args.photo, args.model, args.scale)
    photo = Photo.open(args.photo)
    width, height = photo.width * args.scale, photo.height * args.scale
    check_output(output, photo.mode, width, height, args.quality, photo.is_opaque)
    if output.exists() and output.samefile(args.photo):
        raise ImageError(f"the output {output} is the photo itself; choose another name")
    if width * height > MOST_PIXELS:
        say(f"the result will have {width}x{height} pixels; programs built on Pillow open up to {MOST_PIXELS:,}")
    upscaler, _ = load_upscaler(args, pick_device(args.device))    # the device before anything is downloaded
    result = run_with_bar(upscaler, photo)
    write_image(result.picture, output, args.quality)
    for note in result.notes:
        say(note)
    sizes = f"{photo.width}x{photo.height} to {width}x{height} pixels"
    print(f"{output}: {sizes}, {upscaler.source}, {result.device}, {result.precision}, {result.seconds:.1f} s")


def say(note: str) -> None:
    """Tell what should be known, beside the output."""
    print(f"drln: {note}", file=sys.stderr)


def default_output(photo: Path, model: str, scale: int) -> Path:
    """Beside the photo, named after photo, model and scale, as PNG."""
    return photo.with_name(fitting(photo.stem, f"-{model_name(model)}-{scale}x.png"))


def run_with_bar(upscaler: Upscaler, photo: Photo) -> Result:
    """Upscale, with a progress bar where stderr is a terminal."""
    work = Work(upscaler.steps(photo))
    with progress_bar() as bar:
        for step in work:
            show(step, bar)
    return work.result
