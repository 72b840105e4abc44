"""The `upscale` command: the file of a photo in, a larger one out. `folder` does the same with a folder."""

from __future__ import annotations

import argparse
import sys
import warnings

from PIL import Image

from drln.cli.arguments import a_name, a_path, add_download_options
from drln.cli.folder import upscale_folder
from drln.cli.loading import load_upscaler, model_name
from drln.cli.progress_bar import progress_bar, show
from drln.cli.result_size import DEFAULT_SCALE, add_size_options, target_size
from drln.images import ImageError, Photo, check_output, write_image
from drln.images.formats import OUTPUT_FORMATS
from drln.images.header import MOST_PIXELS
from drln.progress import Work
from drln.upscaling.device import pick_device
from drln.upscaling.result_names import fitting
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO, scales_of
from drln.weights.suggestion import suggested_model


def add_upscale(commands: argparse._SubParsersAction) -> None:
    """Add the command and its options."""
    what = "upscale a photo or a folder of photos"
    more = "Make photos 2x, 3x or 4x wider and higher, or as large as you say."
    command = commands.add_parser("upscale", help=what, description=more)
    command.set_defaults(run=upscale)
    add = command.add_argument
    add("photo", type=a_path, help="image file, or folder of image files")
    add_size_options(command)
    output = "file to save as .png, .tiff, .jpg or .webp, or folder for the results (default: beside the photo)"
    add("--output", type=a_path, help=output)
    extensions = sorted(OUTPUT_FORMATS)
    add("--extension", choices=extensions, default=".png", help="format of a folder's results (default: .png)")
    quality = "quality of .jpg and .webp, 1 to 100 (default: 95); .webp at 100 keeps every pixel"
    add("--quality", type=int, metavar="N", help=quality)
    model = f"hub repository, folder, weights file, {BUNDLED_PHOTO} for JPEG photos, or {BUNDLED} (default)"
    add("--model", type=a_name, default=BUNDLED, help=model)
    add("--device", default="auto", help="auto (default), cpu, cuda or mps")
    precision = "number format to compute in (default: auto, which is float32 for 16-bit photos)"
    add("--precision", choices=("auto", "float32", "bfloat16"), default="auto", help=precision)
    add("--self-ensemble", action="store_true", help="average eight flips and turns: better, eight times slower")
    add("--revision", help="commit, tag or branch of a hub repository")
    add_download_options(add)


def upscale(args: argparse.Namespace) -> None:
    """Run the `upscale` command. Everything that can be wrong is checked before the work.

    Raises:
        ImageError, UpscaleError, CheckpointError, HubError, ValueError, OSError: saying what is wrong.
        KeyboardInterrupt: after Ctrl-C.
    """
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)    # an image that is too large is an error
    if args.photo.is_dir():
        return upscale_folder(args)
    target = target_size(args)
    photo = Photo.open(args.photo)
    if target:
        scale = target.scale(photo.width, photo.height, scales_of(args.model))
        width, height = target.size(photo.width, photo.height)
        made = f"{width}x{height}"
    else:
        scale = args.scale or DEFAULT_SCALE
        width, height, made = photo.width * scale, photo.height * scale, f"{scale}x"
    output = args.output or args.photo.with_name(fitting(args.photo.stem, f"-{model_name(args.model)}-{made}.png"))
    check_output(output, photo.mode, width, height, args.quality, photo.is_opaque)
    if output.exists() and output.samefile(args.photo):
        raise ImageError(f"the output {output} is the photo itself; choose another name")
    if width * height > MOST_PIXELS:
        large = f"the result will have {width}x{height} pixels; programs built on Pillow open up to {MOST_PIXELS:,}"
        print(f"drln: {large}", file=sys.stderr)
    upscaler, _ = load_upscaler(args, scale, pick_device(args.device))    # the device before anything is downloaded
    if suggested := suggested_model(args.model, photo.jpeg_quality):
        found = f"{args.photo} is a JPEG of quality about {photo.jpeg_quality}"
        print(f"drln: {found}; --model {suggested} removes its blocks instead of sharpening them", file=sys.stderr)
    work = Work(upscaler.steps(photo, size=(width, height)))
    with progress_bar() as bar:
        for step in work:
            show(step, bar)
    result = work.result
    write_image(result.picture, output, args.quality)
    for note in result.notes:
        print(f"drln: {note}", file=sys.stderr)
    sizes = f"{photo.width}x{photo.height} to {width}x{height} pixels"
    print(f"{output}: {sizes}, {upscaler.source}, {result.device}, {result.precision}, {result.seconds:.1f} s")
