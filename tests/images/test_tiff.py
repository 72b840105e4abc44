"""TIFF files of every layout, depth and kind of colours, beside what other decoders make of them."""

import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from coming_back import assert_same, came_back
from photo_files import STORED, deep_noise, noise, tiff
from PIL import Image
from test_photo_colours import cmyk_profile_of_red_ink
from tiff_files import tiff_of

from drln.images import ImageError, Photo, open_image
from drln.images.reading import read_header


def packed(pixels: np.ndarray, bits: int) -> bytes:
    """Rows of pixels of fewer than 8 bits, each row filled up to whole bytes."""
    singles = (pixels[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(singles.reshape(len(pixels), -1).astype(np.uint8), axis=1).tobytes()


# Grey


@pytest.mark.parametrize("white_is_0", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_of_few_bits_uses_the_whole_range(tmp_path, bits, white_is_0):
    pixels = noise(7, 11, high=2**bits)
    fields = {258: [bits], 262: [0 if white_is_0 else 1]}
    (tmp_path / "photo.tif").write_bytes(tiff_of([packed(pixels, bits)], 11, 7, fields))

    wanted = pixels * (255 // (2**bits - 1))
    assert_same(tmp_path / "photo.tif", 255 - wanted if white_is_0 else wanted, "L")


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_black_and_white_of_fax_machines(tmp_path, compression):
    bits = noise(13, 37, high=2).astype(bool)
    Image.fromarray(bits).save(tmp_path / "photo.tif", compression=compression)

    assert_same(tmp_path / "photo.tif", bits * np.uint8(255), "L")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_that_was_multiplied_by_its_alpha_is_as_it_was(tmp_path, dtype):
    white = np.iinfo(dtype).max
    alpha = noise(9, 14, low=white // 2, high=white, dtype=dtype)
    grey = noise(9, 14, low=1, high=white, dtype=dtype)
    stored = np.round(grey * (alpha / white)).astype(dtype)
    (tmp_path / "photo.tif").write_bytes(tiff(np.stack([stored, alpha], 2), alpha=1))

    back = came_back(tmp_path / "photo.tif").pixels

    assert np.array_equal(back[..., 1], alpha) and np.abs(back[..., 0].astype(int) - grey).max() <= 1


def test_a_channel_of_which_nothing_is_known_is_left_out_and_that_is_said(tmp_path):
    pixels = noise(9, 14, 2)
    (tmp_path / "photo.tif").write_bytes(tiff(pixels, alpha=0))

    assert_same(tmp_path / "photo.tif", np.ascontiguousarray(pixels[..., 0]), "L")
    assert Photo.open(tmp_path / "photo.tif").notes == (
        "The file has extra channels (1), which are ignored.",
    )


@pytest.mark.parametrize("channels, mode", [(2, "LA"), (4, "RGBA")])
def test_one_channel_more_without_a_word_on_it_is_alpha(tmp_path, channels, mode):
    pixels = noise(9, 14, channels, low=1)
    fields = {258: [8] * channels, 262: [1 if channels == 2 else 2]}
    (tmp_path / "photo.tif").write_bytes(tiff_of([pixels.tobytes()], 14, 9, fields))

    assert_same(tmp_path / "photo.tif", pixels, mode)


# Layouts


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd", "lzma"])
@pytest.mark.parametrize(
    "layout", [{}, {"tile": (16, 16)}, {"bigtiff": True, "byteorder": ">"}, {"planarconfig": 2}], ids=str
)
def test_eight_bits_however_they_are_laid_out(tmp_path, layout, compression):
    pixels = noise(19, 37, 3)
    predictor = compression in ("lzw", "zlib", "zstd", "lzma")
    stored = pixels.transpose(2, 0, 1) if "planarconfig" in layout else pixels
    options = {"photometric": "rgb", "compression": compression, "predictor": predictor, **layout}
    tifffile.imwrite(tmp_path / "photo.tif", stored, **options)

    assert_same(tmp_path / "photo.tif", pixels, "RGB")


@pytest.mark.parametrize("compression", ["jpeg2000", "webp"])
def test_jpeg_2000_and_webp_inside(tmp_path, compression):
    pixels = noise(19, 37, 3)
    options = {"level": 0} if compression == "jpeg2000" else {"lossless": True}
    tifffile.imwrite(
        tmp_path / "photo.tif", pixels, photometric="rgb", compression=compression, compressionargs=options
    )

    assert_same(tmp_path / "photo.tif", pixels, "RGB")


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 2)])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_jpeg_inside_as_libtiff_has_it(tmp_path, tile, subsampling):
    pixels = np.asarray(Image.effect_noise((37, 35), 60).convert("RGB"))
    options = {"photometric": "rgb", "compression": "jpeg", "subsampling": subsampling, "tile": tile}
    tifffile.imwrite(tmp_path / "photo.tif", pixels, **options)

    assert_same(tmp_path / "photo.tif", np.asarray(Image.open(tmp_path / "photo.tif").convert("RGB")), "RGB")


def test_bits_from_the_lowest_to_the_highest(tmp_path):
    pixels = noise(9, 14)
    turned = imagecodecs.bitorder_decode(pixels.tobytes())
    (tmp_path / "photo.tif").write_bytes(tiff_of([turned], 14, 9, {266: [2]}))

    assert_same(tmp_path / "photo.tif", pixels, "L")


@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_of_tiles_comes_upright(tmp_path, orientation):
    upright = noise(16, 24, 3)
    stored = np.ascontiguousarray(STORED[orientation](upright))
    extra = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(tmp_path / "photo.tif", stored, photometric="rgb", tile=(16, 16), extratags=extra)

    assert_same(tmp_path / "photo.tif", upright, "RGB")


def test_a_resolution_in_pixels_a_centimetre(tmp_path):
    tifffile.imwrite(tmp_path / "photo.tif", noise(4, 5), resolution=(100, 50), resolutionunit="centimeter")

    assert came_back(tmp_path / "photo.tif").info["dpi"] == pytest.approx((254, 127))


# Colours


@pytest.mark.parametrize("factor", [1, 256, 257])
@pytest.mark.parametrize("bits", [4, 8])
def test_a_palette_of_8_bits_however_its_colours_are_written_in_16(tmp_path, bits, factor):
    pixels, colours = noise(7, 11, high=2**bits), noise(2**bits, 3)
    colour_map = (colours.T.astype(int) * factor).ravel().tolist()
    fields = {258: [bits], 262: [3], 320: colour_map}
    data = packed(pixels, bits) if bits < 8 else pixels.tobytes()
    (tmp_path / "photo.tif").write_bytes(tiff_of([data], 11, 7, fields))

    assert_same(tmp_path / "photo.tif", colours[pixels], "RGB")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_inks_become_rgb_in_their_depth(tmp_path, dtype, alpha):
    white = np.iinfo(dtype).max
    pixels = noise(7, 11, 4 + alpha, low=1, high=white, dtype=dtype)
    fields = {258: [8 * pixels.itemsize] * (4 + alpha), 262: [5], **({338: [2]} if alpha else {})}
    (tmp_path / "photo.tif").write_bytes(tiff_of([pixels.tobytes()], 11, 7, fields))

    back = came_back(tmp_path / "photo.tif")

    inks = 1 - pixels[..., :4] / white
    wanted = inks[..., :3] * inks[..., 3:] * white
    assert back.pixels.dtype == dtype and np.abs(back.pixels[..., :3] - wanted).max() <= 1
    assert not alpha or np.array_equal(back.pixels[..., 3], pixels[..., 4])


def test_inks_go_through_their_own_profile(tmp_path):
    inks = np.full((2, 2, 4), (255, 0, 0, 0), np.uint8)
    tifffile.imwrite(tmp_path / "photo.tif", inks, photometric="separated", iccprofile=cmyk_profile_of_red_ink())

    picture = came_back(tmp_path / "photo.tif")

    red, green, blue = picture.pixels[0, 0]
    assert red > 230 and green < 30 and blue < 30 and "icc_profile" not in picture.info


@pytest.mark.parametrize("compression, encode", [(1, bytes), (5, imagecodecs.lzw_encode), (8, imagecodecs.zlib_encode)])
@pytest.mark.parametrize("across, down", [(1, 1), (2, 1), (2, 2), (4, 2)])
def test_ycbcr_as_libtiff_has_it(tmp_path, across, down, compression, encode):
    width, height, rows = 19, 21, 8
    parts = []
    for top in range(0, height, rows):
        blocks = -(-min(rows, height - top) // down), -(-width // across)
        parts.append(encode(noise(*blocks, across * down + 2, low=top).tobytes()))
    fields = {258: [8] * 3, 259: [compression], 262: [6], 278: [rows], 530: [across, down]}
    content = tiff_of(parts, width, height, fields)
    (tmp_path / "photo.tif").write_bytes(content)

    back = came_back(tmp_path / "photo.tif").pixels

    assert np.abs(back.astype(int) - imagecodecs.tiff_decode(content, asrgb=True)[..., :3]).max() <= 1


def test_lab_of_8_bits_as_littlecms_has_it(tmp_path):
    shades = np.stack(np.meshgrid(np.arange(100, 240, 20), np.arange(-30, 31, 10)), 2).reshape(1, -1, 2)
    lab = np.dstack([shades[..., 0], shades[..., 1], -shades[..., 1]]).astype(np.int16).astype(np.uint8)
    image = Image.frombytes("LAB", lab.shape[1::-1], lab.tobytes())
    image.save(tmp_path / "photo.tif")

    wanted = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(came_back(tmp_path / "photo.tif").pixels - wanted).max() <= 3    # LittleCMS interpolates


@pytest.mark.parametrize("kind", [8, 9])
def test_lab_of_16_bits_stays_16(tmp_path, kind):
    """Lab of sRGB's red, green and blue under D65, as colour science tells them."""
    lab = np.array([[(53.2408, 80.0925, 67.2032), (87.7347, -86.1827, 83.1793), (32.2970, 79.1875, -107.8602)]])
    whole = np.round(lab * ((655.35 if kind == 8 else 652.8), 256, 256) + (0, *[0 if kind == 8 else 32768] * 2))
    pixels = whole.astype(np.int32).astype(np.uint16)
    content = tiff_of([pixels.tobytes()], 3, 1, {258: [16] * 3, 262: [kind], 318: [0]})
    entry = struct.pack("<HHI", 318, 3, 1)    # which shall be two fractions, at the end of the file
    content = content.replace(entry + bytes(4), struct.pack("<HHII", 318, 5, 2, len(content)))
    (tmp_path / "photo.tif").write_bytes(content + struct.pack("<4I", 3127, 10_000, 3290, 10_000))

    picture = came_back(tmp_path / "photo.tif")

    assert picture.mode == "RGB;16"
    assert np.abs(picture.pixels / 65_535 - np.eye(3)).max() < 0.005


# Samples that are not whole numbers of 16 bits


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_0_to_1_become_16_bits(tmp_path, dtype):
    values = np.linspace(0, 1, 60, dtype=dtype).reshape(4, 5, 3)
    options = {"compression": "zlib", "predictor": 3} if dtype == np.float32 else {}
    tifffile.imwrite(tmp_path / "photo.tif", values, photometric="rgb", **options)

    assert_same(tmp_path / "photo.tif", np.round(values.astype(float) * 65_535).astype(np.uint16), "RGB;16")


@pytest.mark.parametrize("dtype", [np.uint32, np.int32])
def test_levels_of_32_bits_that_fit_become_16(tmp_path, dtype):
    pixels = deep_noise(4, 5)
    tifffile.imwrite(tmp_path / "photo.tif", pixels.astype(dtype))

    assert_same(tmp_path / "photo.tif", pixels, "I;16")


@pytest.mark.parametrize(
    "values, message",
    [
        (np.float32([[0, 255]]), "32-bit levels from 0 to 255, outside 0 to 1;"),
        (np.float32([[-0.5, 1]]), "levels from -0.5 to 1,"),
        (np.float32([[0, np.nan]]), "levels from nan to nan,"),
        (np.uint32([[0, 70_000]]), "32-bit levels from 0 to 70000, outside 0 to 65535;"),
        (np.int32([[-1, 5]]), "levels from -1 to 5,"),
        (np.int16([[0, 5]]), "16-bit signed samples"),
        (np.int8([[0, 5]]), "8-bit signed samples"),
        (np.complex64([[0, 1]]), "complex samples"),
    ],
)
def test_what_does_not_fit_is_refused_by_what_it_is(tmp_path, values, message):
    tifffile.imwrite(tmp_path / "photo.tif", values)

    with pytest.raises(ImageError, match=message):
        Photo.open(tmp_path / "photo.tif")
    with pytest.raises(ImageError, match=message):
        open_image(tmp_path / "photo.tif")


def test_jpeg_of_the_old_way_is_refused(tmp_path):
    jpeg = imagecodecs.jpeg8_encode(noise(16, 16, 3))
    fields = {258: [8] * 3, 259: [6], 262: [6], 513: [8], 514: [len(jpeg)]}
    (tmp_path / "photo.tif").write_bytes(tiff_of([jpeg], 16, 16, fields))

    with pytest.raises(ImageError, match="old-style JPEG"):
        read_header(tmp_path / "photo.tif")


# Several images in one file


def test_a_small_copy_before_the_photo_is_not_taken_for_it(tmp_path):
    photo = noise(32, 48, 3)
    with tifffile.TiffWriter(tmp_path / "photo.tif") as file:
        file.write(photo[::4, ::4], photometric="rgb", subfiletype=1)
        file.write(photo, photometric="rgb")

    assert_same(tmp_path / "photo.tif", photo, "RGB")
    assert Photo.open(tmp_path / "photo.tif").notes == ()


def test_a_photo_inside_its_small_copy_is_taken(tmp_path):
    photo = noise(32, 48, 3)
    with tifffile.TiffWriter(tmp_path / "photo.tif") as file:
        file.write(photo[::4, ::4], photometric="rgb", subfiletype=1, subifds=1)
        file.write(photo, photometric="rgb")

    assert_same(tmp_path / "photo.tif", photo, "RGB")


@pytest.mark.parametrize("inside", [True, False])
def test_small_copies_after_the_photo_are_no_pages(tmp_path, inside):
    photo = noise(32, 48, 3)
    with tifffile.TiffWriter(tmp_path / "photo.tif") as file:
        file.write(photo, photometric="rgb", subifds=2 if inside else None)
        file.write(photo[::2, ::2], photometric="rgb", subfiletype=1)
        file.write(photo[::4, ::4], photometric="rgb", subfiletype=1)

    assert_same(tmp_path / "photo.tif", photo, "RGB")
    assert Photo.open(tmp_path / "photo.tif").notes == () and read_header(tmp_path / "photo.tif").frames == 1


# Raw files


def dng(path, kind: int = 32803, says: bool = True, preview: bool = True) -> None:
    """A preview, and in it the pixels of a sensor; or these alone."""
    version = [(50706, 1, 4, bytes([1, 4, 0, 0]), True)] if says else []
    with tifffile.TiffWriter(path) as file:
        if preview:
            file.write(noise(16, 24, 3), photometric="rgb", subfiletype=1, subifds=1, extratags=version)
            version = []
        if kind == 32803:
            pattern = [(33421, 3, 2, (2, 2), True), (33422, 1, 4, bytes([0, 1, 1, 2]), True)]
            file.write(deep_noise(32, 48), photometric=kind, extratags=pattern + version)
        else:
            file.write(deep_noise(32, 48, 3), photometric=kind, planarconfig=1, extratags=version)


@pytest.mark.parametrize("name", ["photo.dng", "photo.tif"])
@pytest.mark.parametrize("kind", [32803, 34892])
@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("preview", [True, False])
def test_a_raw_file_is_refused_and_not_its_preview_taken(tmp_path, name, kind, says, preview):
    dng(tmp_path / name, kind, says, preview)

    for read in (Photo.open, open_image, read_header):
        with pytest.raises(ImageError, match="a camera's raw file; develop it in a raw converter first"):
            read(tmp_path / name)


@pytest.mark.parametrize(
    "start",
    [
        b"II*\0\x10\0\0\0CR\x02\0", b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", b"FUJIFILMCCD-RAW 0201", b"IIRO\x08\0\0\0",
        b"IIRS\x08\0\0\0", b"MMOR\0\0\0\x08", b"IIU\0\x18\0\0\0", b"FOVb\0\0\2\0", b"\0MRM\0\0\0\0",
        b"II\x1a\0\0\0HEAPCCDR", b"II*\0\x08\0\0\0IIII",
    ],
)    # fmt: skip
def test_raw_files_that_begin_in_their_own_way_are_refused(tmp_path, start):
    (tmp_path / "photo.tif").write_bytes(start + bytes(500))

    with pytest.raises(ImageError, match="a camera's raw file"):
        Photo.open(tmp_path / "photo.tif")


@pytest.mark.parametrize("compression, is_told", [("JPEG_2000_LOSSY", True), ("JPEG2000", False)])
def test_colours_of_jpeg_2000_that_may_be_others_are_told(tmp_path, compression, is_told):
    tifffile.imwrite(tmp_path / "photo.tif", noise(32, 40, 3), photometric="rgb", compression=compression)

    assert ("may be YCbCr" in " ".join(read_header(tmp_path / "photo.tif").notes)) == is_told
