"""PNG files as other programs write them: colours by chunks, few bits, late, long and damaged chunks."""

import io
import struct
import zlib

import numpy as np
import pytest
from coming_back import came_back
from photo_files import SRGB, chunk, deep_noise, noise, png
from PIL import Image, ImageCms

from drln.__main__ import main
from drln.images import ImageError, Photo, write_image
from drln.images.reading import read_header

ADOBE_RGB = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)    # white, red, green, blue
# To light as CIE measures it, and from there to sRGB; by the makers of these colour spaces.
ADOBE_TO_XYZ = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]])
XYZ_TO_SRGB = np.array([[3.24045, -1.53714, -0.49853], [-0.96927, 1.87601, 0.04156], [0.05564, -0.20403, 1.05723]])


def gama(gamma: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))


def chrm(points) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *points))


def iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"a profile\0\0" + zlib.compress(profile))


def file_of(folder, content: bytes):
    (folder / "photo.png").write_bytes(content)
    return folder / "photo.png"


def shown(image: Image.Image) -> np.ndarray:
    """The pixels that a screen of sRGB gets, by LittleCMS."""
    profile = image.info.get("icc_profile")
    mode = "L" if image.mode == "L" else "RGB"
    if profile is None:
        return np.asarray(image.convert("RGB"), float)
    with_profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(image.convert(mode), with_profile, srgb, outputMode="RGB"), float)


def of_light(light: np.ndarray) -> np.ndarray:
    """sRGB values, 0 to 255, of linear light."""
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


# Colours


SMOOTH = np.linspace(20, 250, 16 * 16 * 3).reshape(16, 16, 3).round().astype(np.uint8)    # for JPEG and WebP


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".jpg", ".webp"])
@pytest.mark.parametrize("pixels", [SMOOTH, SMOOTH[..., 0], SMOOTH * np.uint16(257)], ids=["RGB", "grey", "16 bits"])
@pytest.mark.parametrize("gamma", [1.0, 0.6])
def test_a_gamma_reaches_the_result_in_every_format(tmp_path, pixels, gamma, suffix):
    photo = Photo.open(file_of(tmp_path, png(pixels, gama(gamma))))

    picture = photo.picture(photo.rgb)
    lossy = suffix in (".jpg", ".webp")
    write_image(picture.to_pil() if lossy else picture, tmp_path / f"out{suffix}", 100 if lossy else None)

    with Image.open(tmp_path / f"out{suffix}") as image:
        seen = shown(image)
    light = (pixels / np.iinfo(pixels.dtype).max) ** (1 / gamma)
    wanted = of_light(light if pixels.ndim == 3 else np.stack([light] * 3, axis=2))
    assert np.abs(seen - wanted).max() < (4 if suffix == ".jpg" else 2)


@pytest.mark.parametrize("pixels", [SMOOTH, SMOOTH[..., 0]], ids=["RGB", "grey"])
def test_a_png_that_pillow_opened_keeps_its_colours_too(tmp_path, pixels):
    path = file_of(tmp_path, png(pixels, gama(1.0) + chrm(ADOBE_RGB)))

    with Image.open(path) as image:
        info = Photo.from_pil(image).info

    assert info == Photo.open(path).info and "icc_profile" in info


def test_primaries_reach_the_result(tmp_path):
    pixels = noise(16, 16, 3, low=90, high=160)    # so near to grey that sRGB holds them
    path = file_of(tmp_path, png(pixels, gama(0.45455) + chrm(ADOBE_RGB)))

    photo = Photo.open(path)

    wanted = of_light((pixels / 255) ** 2.2 @ ADOBE_TO_XYZ.T @ XYZ_TO_SRGB.T)
    assert np.abs(shown(photo.picture(photo.rgb).to_pil()) - wanted).max() < 1.6


SRGB_POINTS = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
P3_NUMBERS = chunk(b"cICP", bytes([12, 13, 0, 1]))


@pytest.mark.parametrize(
    "beside",
    [
        gama(0.45455), chrm(SRGB_POINTS), gama(0.45455) + chrm(SRGB_POINTS), chunk(b"sRGB", b"\0") + gama(1.0),
        gama(0), gama(20_000), chrm([0] * 8), chrm([31270, 32900, *[30000, 30000] * 3]), chrm([2**32 - 1] * 8),
        chunk(b"gAMA", b"\0"), chunk(b"cHRM", b"\0" * 31), chunk(b"cICP", bytes([1, 13, 0, 1])) + gama(1.0),
        chunk(b"iCCP", b"broken\0\0no zlib"),
    ],
)    # fmt: skip
def test_srgb_told_by_chunks_and_chunks_that_make_no_sense_need_no_profile(tmp_path, beside):
    assert "icc_profile" not in Photo.open(file_of(tmp_path, png(noise(9, 7, 3), beside))).info


def test_of_several_chunks_that_tell_colours_the_one_of_the_standards_order_counts(tmp_path):
    pixels = noise(9, 7, 3)
    both, profile = P3_NUMBERS + iccp(SRGB) + gama(1.0), iccp(SRGB) + chunk(b"sRGB", b"\0") + gama(1.0)

    by_number = Photo.open(file_of(tmp_path, png(pixels, both))).info["icc_profile"]
    by_profile = Photo.open(file_of(tmp_path, png(pixels, profile))).info["icc_profile"]

    assert by_number == Photo.open(file_of(tmp_path, png(pixels, P3_NUMBERS))).info["icc_profile"] != SRGB
    assert by_profile == SRGB


def test_light_told_by_number_reaches_the_result(tmp_path):
    pixels = noise(16, 16, 3, low=20)
    photo = Photo.open(file_of(tmp_path, png(pixels, chunk(b"cICP", bytes([1, 8, 0, 1])))))

    assert np.abs(shown(photo.picture(photo.rgb).to_pil()) - of_light(pixels / 255)).max() < 2
    assert photo.notes == ()


@pytest.mark.parametrize(
    "numbers, words",
    [((9, 16, 0, 1), "HDR (PQ)"), ((9, 18, 0, 1), "HDR (HLG)"), ((1, 13, 0, 0), "narrow"), ((1, 10, 0, 1), "1 and 10")],
)
def test_colours_that_no_profile_can_tell_are_said_to_be_lost(tmp_path, numbers, words):
    photo = Photo.open(file_of(tmp_path, png(noise(9, 7, 3), chunk(b"cICP", bytes(numbers)))))

    (note,) = photo.notes
    assert words in note


# Few bits, and all layouts


def few_bits(pixels: np.ndarray, bits: int, colour: int, beside: bytes) -> bytes:
    """A PNG of 1, 2 or 4 bits: pixels packed into bytes, the first one highest."""
    height, width = pixels.shape
    ones = (pixels[..., None] >> np.arange(bits)[::-1] & 1).reshape(height, -1).astype(np.uint8)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in ones)
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    idat = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + beside + idat


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("shade", [0, -1])
def test_a_transparent_shade_of_few_bits(tmp_path, bits, shade):
    top = 2**bits - 1
    pixels = noise(6, 9, high=2**bits)
    shade %= top + 1

    back = came_back(file_of(tmp_path, few_bits(pixels, bits, 0, chunk(b"tRNS", struct.pack(">H", shade)))))

    assert back.mode == "LA"
    assert np.array_equal(back.pixels[..., 1], np.where(pixels == shade, 0, 255))
    seen = pixels != shade
    assert np.array_equal(back.pixels[..., 0][seen], pixels[seen] * (255 // top))


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("alpha", [None, (0, 100)])
def test_a_palette_of_few_bits(tmp_path, bits, alpha):
    pixels, palette = noise(6, 9, high=2**bits), noise(2**bits, 3)
    beside = chunk(b"PLTE", palette.tobytes()) + (chunk(b"tRNS", bytes(alpha)) if alpha else b"")

    back = came_back(file_of(tmp_path, few_bits(pixels, bits, 3, beside)))

    opaque = np.full(2**bits, 255)
    opaque[: len(alpha or ())] = alpha or ()
    seen = opaque[pixels] > 0
    assert back.mode == ("RGBA" if alpha else "RGB")
    assert np.array_equal(back.pixels[..., :3][seen], palette[pixels][seen])
    assert alpha is None or np.array_equal(back.pixels[..., 3], opaque[pixels])


# Of Adam7: the first column and row, and the steps to the next ones.
PASSES = (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)


def interlaced(pixels: np.ndarray) -> bytes:
    """A PNG of 8 or 16 bits in Adam7's seven passes."""
    height, width, channels = pixels.shape
    stored = pixels.astype(pixels.dtype.newbyteorder(">"))
    rows = b""
    for x, y, dx, dy in PASSES:
        rows += b"".join(b"\0" + row.tobytes() for row in stored[y::dy, x::dx] if row.size)
    head = struct.pack(">IIBBBBB", width, height, 8 * pixels.itemsize, {3: 2, 4: 6}[channels], 0, 0, 1)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("pixels", [noise(13, 11, 3), deep_noise(13, 11, 3), deep_noise(13, 11, 4)])
def test_an_interlaced_file(tmp_path, capfd, pixels):
    assert np.array_equal(came_back(file_of(tmp_path, interlaced(pixels))).pixels, pixels)
    assert capfd.readouterr() == ("", "")    # libpng has something to say of it


# Chunks that come late, are long or damaged


def with_exif_at_the_end(pixels: np.ndarray) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    end = chunk(b"IEND", b"")
    return png(pixels).removesuffix(end) + chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + end


@pytest.mark.parametrize("pixels", [noise(4, 6, 3), deep_noise(4, 6, 3), noise(4, 6)])
def test_an_orientation_behind_the_pixels_is_known_by_the_header_and_followed(tmp_path, pixels):
    path = file_of(tmp_path, with_exif_at_the_end(pixels))

    assert (read_header(path).width, read_header(path).height) == (4, 6)
    assert np.array_equal(came_back(path).pixels, np.rot90(pixels, -1))


@pytest.mark.parametrize("packed", [False, True])
def test_exif_in_a_text_as_older_programs_wrote_it_is_followed(tmp_path, packed):
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes()
    text = f"\nexif\n{len(block):8d}\n{block.hex()}\n".encode()
    body = b"Raw profile type exif\0" + (b"\0" + zlib.compress(text) if packed else text)
    path = file_of(tmp_path, png(noise(4, 6, 3), chunk(b"zTXt" if packed else b"tEXt", body)))

    assert (read_header(path).width, read_header(path).height) == (4, 6)
    assert np.array_equal(came_back(path).pixels, np.rot90(noise(4, 6, 3), -1))


def test_a_text_of_any_length_is_no_reason_to_refuse_a_photo(tmp_path):
    pixels = noise(9, 7, 3)
    text = chunk(b"zTXt", b"workflow\0\0" + zlib.compress(bytes(200_000_000)))

    assert np.array_equal(came_back(file_of(tmp_path, png(pixels, text))).pixels, pixels)


def test_a_profile_of_megabytes_is_kept_and_one_that_is_a_trap_is_refused(tmp_path):
    long = SRGB + bytes(1_200_000)

    assert Photo.open(file_of(tmp_path, png(noise(9, 7, 3), iccp(long)))).info["icc_profile"] == long
    with pytest.raises(ImageError, match=r"colour profile of more than 16\.7 MB"):
        Photo.open(file_of(tmp_path, png(noise(9, 7, 3), iccp(bytes(200_000_000)))))


@pytest.mark.parametrize("pixels", [noise(9, 7, 3), deep_noise(9, 7, 3)])
def test_a_wrong_checksum_of_a_text_is_no_harm_and_one_of_pixels_is_said(tmp_path, pixels):
    text = bytearray(chunk(b"tEXt", b"Software\0Test"))
    text[-1] ^= 1
    content = bytearray(png(pixels, bytes(text)))
    assert np.array_equal(came_back(file_of(tmp_path, content)).pixels, pixels)

    content[-13] ^= 1    # the last byte before IEND

    with pytest.raises(ImageError, match=r"photo\.png cannot be decoded.*CRC"):
        Photo.open(file_of(tmp_path, content))


@pytest.mark.parametrize("pixels", [noise(9, 7, 3), deep_noise(9, 7, 3)])
def test_a_missing_end_is_no_harm_and_missing_pixels_are_said(tmp_path, pixels):
    content = png(pixels).removesuffix(chunk(b"IEND", b""))
    assert np.array_equal(came_back(file_of(tmp_path, content)).pixels, pixels)

    with pytest.raises(ImageError, match=r"photo\.png cannot be decoded"):
        Photo.open(file_of(tmp_path, content[:-20]))


def test_millions_of_empty_chunks_are_refused(tmp_path):
    content = png(noise(9, 7, 3), chunk(b"tEXt", b"") * 1_000_001)

    with pytest.raises(ImageError, match="1,000,000 chunks"):
        read_header(file_of(tmp_path, content))


# Frames, and other units


def test_a_picture_before_the_first_frame_is_taken(tmp_path):
    still, first, second = noise(3, 9, 7, 3)
    frames = [Image.fromarray(pixels) for pixels in (first, second)]
    Image.fromarray(still).save(tmp_path / "photo.png", save_all=True, append_images=frames, default_image=True)

    assert np.array_equal(came_back(tmp_path / "photo.png").pixels, still)
    assert Photo.open(tmp_path / "photo.png").notes == ("The file has 3 frames; the first is taken.",)


@pytest.mark.parametrize("unit, dpi", [(1, (254.0, 127.0)), (0, None)])
def test_a_resolution_has_a_unit_or_is_none(tmp_path, unit, dpi):
    physical = chunk(b"pHYs", struct.pack(">IIB", 10_000, 5_000, unit))

    found = Photo.open(file_of(tmp_path, png(noise(9, 7, 3), physical))).info.get("dpi")

    assert found == (dpi and pytest.approx(dpi))


def test_the_command_line_upscales_what_the_header_says(tmp_path):
    path, result = file_of(tmp_path, with_exif_at_the_end(deep_noise(16, 24, 3))), tmp_path / "out.png"

    assert main(["upscale", str(path), "--scale", "2", "--output", str(result)]) == 0

    assert Image.open(result).size == (32, 48)
