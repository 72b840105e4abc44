"""JPEG files as phones, cameras and cut-off downloads leave them."""

import io

import imagecodecs
import numpy as np
import pytest
from coming_back import came_back
from photo_files import noise
from PIL import Image

from drln.images import ImageError, Photo
from drln.images.reading import read_header


def jpeg(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def file_of(folder, content: bytes | bytearray):
    (folder / "photo.jpg").write_bytes(content)
    return folder / "photo.jpg"


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize("shape", [(40, 56, 3), (33, 47), (40, 56, 4)], ids=["RGB", "grey", "CMYK"])
@pytest.mark.parametrize("restarts", [0, 1])
def test_a_file_without_its_end_mark_is_decoded(tmp_path, shape, lost, restarts):
    image = Image.fromarray(noise(*shape), "CMYK" if shape[-1] == 4 else None)
    file = io.BytesIO()
    image.save(file, "JPEG", restart_marker_rows=restarts)
    content = file.getvalue()

    back = came_back(file_of(tmp_path, content[:-lost]))

    assert np.array_equal(back.pixels, came_back(file_of(tmp_path, content)).pixels)


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}, {"progressive": True}], ids=str)
def test_a_file_in_which_pixels_are_missing_is_refused_wherever_it_is_cut(tmp_path, options):
    content = jpeg(noise(24, 32, 3), **options)
    start = content.index(b"\xff\xda") + 14

    for end in range(start, len(content) - 5, 41):
        with pytest.raises(ImageError, match=r"photo\.jpg cannot be decoded"):
            Photo.open(file_of(tmp_path, content[:end]))


def test_a_file_cut_where_its_parts_meet_is_refused(tmp_path):
    content = jpeg(noise(24, 32, 3), restart_marker_rows=1)

    with pytest.raises(ImageError, match="cannot be decoded"):
        Photo.open(file_of(tmp_path, content[: content.index(b"\xff\xd0")]))


def test_a_progressive_file_without_its_last_passes_is_refused(tmp_path):
    content = jpeg(noise(24, 32, 3), progressive=True)
    last = content.rindex(b"\xff\xda")

    with pytest.raises(ImageError, match="cannot be decoded"):
        Photo.open(file_of(tmp_path, content[:last]))


def xmp(words: str) -> bytes:
    return f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description {words}/></x:xmpmeta>".encode()


@pytest.mark.parametrize(
    "words, said",
    [
        ('hdrgm:Version="1.0"', "gain map"),
        ('GCamera:MotionPhoto="1"', "motion photo"),
        ('GCamera:MicroVideo="1"', "motion photo"),
        ('GCamera:MotionPhoto="0"', ""),
    ],
)
def test_what_a_phone_put_beside_the_photo_is_said_to_be_lost(tmp_path, words, said):
    pixels = noise(16, 24, 3)

    photo = Photo.open(file_of(tmp_path, jpeg(pixels, xmp=xmp(words)) + b"film or gain map"))

    assert [said in note for note in photo.notes] == [True] * bool(said)
    assert np.array_equal(came_back(tmp_path / "photo.jpg").pixels, imagecodecs.jpeg8_decode(jpeg(pixels)))


def test_ultra_hdr_gives_its_plain_photo_and_says_so(tmp_path):
    light = np.linspace(0, 4, 64 * 64 * 4).reshape(64, 64, 4).astype(np.float16)
    light[..., 3] = 1
    content = imagecodecs.ultrahdr_encode(light)

    back = came_back(file_of(tmp_path, content))

    assert np.array_equal(back.pixels, imagecodecs.jpeg8_decode(content))
    assert "gain map" in Photo.open(tmp_path / "photo.jpg").notes[0]


def test_a_gain_map_that_its_own_picture_tells_of_is_said_to_be_lost(tmp_path):
    frames = [Image.fromarray(noise(16, 24, 3)), Image.fromarray(noise(8, 12))]
    frames[0].save(tmp_path / "photo.jpg", "MPO", save_all=True, append_images=frames[1:])
    with open(tmp_path / "photo.jpg", "ab") as file:
        file.write(xmp('HDRGainMap:HDRGainMapVersion="65536"'))

    assert "gain map" in Photo.open(tmp_path / "photo.jpg").notes[0]


@pytest.mark.parametrize("mark, bits, words", [(0xC1, 12, "12 bits"), (0xC3, 8, "lossless"), (0xF7, 8, "lossless")])
def test_a_jpeg_of_a_rare_kind_is_refused_by_what_it_is(tmp_path, mark, bits, words):
    content = bytearray(jpeg(noise(16, 24, 3)))
    frame = content.index(b"\xff\xc0")
    content[frame + 1], content[frame + 4] = mark, bits

    with pytest.raises(ImageError, match=rf"photo\.jpg is a .*{words}.*convert it"):
        read_header(file_of(tmp_path, content))


def test_a_real_file_of_12_bits_is_refused(tmp_path):
    content = imagecodecs.jpeg_encode(noise(16, 24, 3, high=4096, dtype=np.uint16), bitspersample=12)

    with pytest.raises(ImageError, match="12 bits"):
        Photo.open(file_of(tmp_path, content))


@pytest.mark.parametrize("space, transform", [("CMYK", 0), ("CMYK", 2)], ids=["inks", "YCCK"])
def test_inks_that_adobe_stores_inverted_come_right(tmp_path, space, transform):
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[..., 0] = 255    # cyan and no other
    options = {"colorspace": space, "outcolorspace": "YCCK" if transform else space}
    content = imagecodecs.jpeg8_encode(255 - inks, level=100, **options)

    red, green, blue = came_back(file_of(tmp_path, content)).pixels[8, 8]

    assert red < 20 and green > 235 and blue > 235
