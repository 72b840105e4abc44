"""Every format of 8 bits and less, read bit for bit."""

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from coming_back import assert_same, came_back
from photo_files import HEIC_LOSSLESS, STORED, chunk, noise, png
from PIL import Image

from drln.images import Photo
from drln.images.reading import read_header


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".gif"])
def test_black_and_white(tmp_path, suffix):
    bits = noise(5, 19, high=2).astype(bool)
    path = tmp_path / f"photo{suffix}"
    Image.fromarray(bits).save(path)

    picture = came_back(path)

    assert picture.mode == "L" and np.array_equal(picture.pixels, bits * np.uint8(255))


HELD = {".png": "L LA RGB RGBA", ".tiff": "L LA RGB RGBA", ".webp": "RGB RGBA", ".bmp": "L RGB", ".avif": "RGB RGBA"}


@pytest.mark.parametrize("suffix, mode", [(suffix, mode) for suffix, modes in HELD.items() for mode in modes.split()])
def test_grey_rgb_and_alpha(tmp_path, suffix, mode):
    pixels = noise(6, 9, *{"L": [], "LA": [2], "RGB": [3], "RGBA": [4]}[mode], low=1)
    path = tmp_path / f"photo{suffix}"
    if suffix == ".avif":    # its colours are not quite without loss
        path.write_bytes(imagecodecs.avif_encode(pixels, level=100, pixelformat="444"))
    elif suffix == ".png":
        path.write_bytes(png(pixels))
    else:
        Image.fromarray(pixels).save(path, lossless=True)

    if suffix == ".avif":
        pixels = imagecodecs.avif_decode(path.read_bytes())
    assert_same(path, pixels, mode)


@pytest.mark.parametrize("transparency", [None, 7, bytes(range(100, 116))])
def test_a_png_palette(tmp_path, transparency):
    image = Image.fromarray(noise(6, 8, high=16), "P")
    image.putpalette(noise(16 * 3).tolist())
    image.save(tmp_path / "photo.png", **({} if transparency is None else {"transparency": transparency}))

    rgba = np.asarray(Image.open(tmp_path / "photo.png").convert("RGBA"))
    picture = came_back(tmp_path / "photo.png")
    seen = rgba[..., 3] > 0
    assert picture.mode == ("RGB" if transparency is None else "RGBA")
    assert np.array_equal(picture.pixels[seen][:, :3], rgba[seen][:, :3])
    assert transparency is None or np.array_equal(picture.pixels[..., 3], rgba[..., 3])


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_as_another_decoder_has_it(tmp_path, mode, progressive):
    path = tmp_path / "photo.jpg"
    Image.effect_noise((37, 29), 60).convert(mode).save(path, progressive=progressive, quality=80)

    assert_same(path, imagecodecs.jpeg8_decode(path.read_bytes()), mode)


def test_cmyk_jpeg_by_pillows_formula(tmp_path):
    Image.fromarray(noise(16, 16, 4), "CMYK").save(tmp_path / "photo.jpg", quality=100)

    assert_same(tmp_path / "photo.jpg", np.asarray(Image.open(tmp_path / "photo.jpg").convert("RGB")), "RGB")


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp", ".avif"])
def test_every_orientation_comes_upright(tmp_path, suffix, orientation):
    upright = noise(16, 24, 3)
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain, turned = tmp_path / f"plain{suffix}", tmp_path / f"turned{suffix}"
    stored.save(plain)
    stored.save(turned, exif=exif)

    back = came_back(turned)

    assert np.array_equal(STORED[orientation](back.pixels), np.asarray(Image.open(plain)))
    assert (read_header(turned).width, read_header(turned).height) == (24, 16)
    assert Image.Image.getexif(back.to_pil()).get(0x0112) is None


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_an_orientation_in_xmp_alone_is_not_followed(tmp_path, suffix):
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description tiff:Orientation=\"6\"/></x:xmpmeta>"
    image, path = Image.fromarray(noise(16, 24, 3)), tmp_path / f"photo{suffix}"
    if suffix == ".png":
        path.write_bytes(png(noise(16, 24, 3), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)))
    else:
        image.save(path, xmp=xmp)

    with Image.open(path) as opened:
        assert Photo.from_pil(opened).width == Photo.open(path).width == read_header(path).width == 24


@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_of_heic_comes_upright(tmp_path, orientation):
    upright = noise(64, 96, 3)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    pillow_heif.from_pillow(stored).save(tmp_path / "photo.heic", exif=exif.tobytes(), **HEIC_LOSSLESS)

    assert_same(tmp_path / "photo.heic", upright, "RGB")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_heic_bit_for_bit(tmp_path, mode):
    pixels = noise(64, 72, *{"RGB": [3], "RGBA": [4], "L": []}[mode], low=1)
    options = HEIC_LOSSLESS if mode != "L" else {"quality": -1}
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(tmp_path / "photo.heic", **options)

    assert_same(tmp_path / "photo.heic", pixels, mode)


# Several frames


@pytest.mark.parametrize(
    "suffix, word", [(".gif", "frames"), (".tiff", "pages"), (".webp", "frames"), (".png", "frames")]
)
def test_of_several_frames_the_first_is_taken_and_it_is_said(tmp_path, suffix, word):
    pixels = noise(3, 12, 16)
    frames = [Image.fromarray(frame, "P" if suffix == ".gif" else "L") for frame in pixels]
    if suffix == ".gif":
        for frame in frames:
            frame.putpalette([value for shade in range(256) for value in (shade, shade, shade)])
    path = tmp_path / f"photo{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)

    photo = Photo.open(path)

    assert photo.notes == (f"The file has 3 {word}; the first is taken.",)
    assert np.array_equal(photo.picture(photo.rgb).to_pil().convert("L"), pixels[0])
    assert read_header(path).frames == 3


def test_of_several_pictures_in_heic_the_main_one_is_taken_and_it_is_said(tmp_path):
    first, second = noise(2, 64, 64, 3)
    heif = pillow_heif.from_pillow(Image.fromarray(first))
    heif.add_from_pillow(Image.fromarray(second))
    heif.save(tmp_path / "photo.heic", **HEIC_LOSSLESS)

    assert_same(tmp_path / "photo.heic", first, "RGB")
    assert Photo.open(tmp_path / "photo.heic").notes == ("The file has 2 pictures; the main one is taken.",)


@pytest.mark.parametrize("suffix", [".gif", ".tiff"])
def test_frames_beyond_a_thousand_are_not_counted(tmp_path, suffix):
    frames = [Image.new("L", (2, 2), number % 256) for number in range(1003)]
    frames[0].save(tmp_path / f"film{suffix}", save_all=True, append_images=frames[1:])

    photo = Photo.open(tmp_path / f"film{suffix}")

    assert "more than 1000" in photo.notes[0]


def test_a_phones_jpeg_with_a_second_picture_in_it_is_one_photo(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime")]
    frames[0].save(tmp_path / "photo.jpg", "MPO", save_all=True, append_images=frames[1:])

    photo = Photo.open(tmp_path / "photo.jpg")

    assert photo.notes == () and photo.picture(photo.rgb).to_pil().getpixel((3, 3))[0] > 250


def test_the_format_is_that_of_the_content_and_not_of_the_name(tmp_path):
    pixels = noise(6, 9, 3)
    (tmp_path / "photo.jpg").write_bytes(png(pixels))

    assert_same(tmp_path / "photo.jpg", pixels, "RGB")
    assert read_header(tmp_path / "photo.jpg").format == "PNG"
