"""Transparency through a photo and back: bicubic, without fringes, of every kind that files have."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from photo_files import noise
from photo_stand_ins import bicubic, identity
from PIL import Image

from drln.images import Photo, open_image


def test_alpha_is_what_pillows_bicubic_makes_of_it():
    pixels = noise(9, 8, 4)
    photo = Photo.from_pil(Image.fromarray(pixels))

    result = photo.picture(bicubic(photo, 3)).to_pil()

    wanted = Image.fromarray(pixels[..., 3]).resize((24, 27), Image.Resampling.BICUBIC)
    assert result.mode == "RGBA"
    assert np.array_equal(np.asarray(result)[..., 3], np.asarray(wanted))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_opaque_alpha_stays_opaque(scale):
    photo = Photo.from_pil(Image.new("RGBA", (11, 6), (10, 20, 30, 255)))

    result = photo.picture(bicubic(photo, scale)).to_pil()

    assert result.getchannel("A").getextrema() == (255, 255)


@pytest.mark.parametrize("hidden", [(0, 0, 0), (0, 255, 0)])
def test_hidden_colours_make_no_fringes(hidden):
    y, x = np.mgrid[:40, :52]
    disc = (y - 18) ** 2 + (x - 23) ** 2 < 144
    pixels = np.where(disc[..., None], (200, 40, 60, 255), (*hidden, 0)).astype(np.uint8)
    photo = Photo.from_pil(Image.fromarray(pixels))

    result = np.asarray(photo.picture(bicubic(photo, 4)).to_pil())

    visible = result[result[..., 3] > 0]
    assert len(visible) > 16 * 400
    assert np.array_equal(np.unique(visible[:, :3], axis=0), [(200, 40, 60)])


def test_each_edge_is_continued_in_its_own_colour():
    pixels = np.zeros((40, 128, 4), np.uint8)
    pixels[:, :63] = (255, 0, 0, 255)
    pixels[:, 100:] = (0, 0, 255, 255)

    rgb = Photo.from_pil(Image.fromarray(pixels)).rgb[0]

    assert torch.equal(rgb[:, 20, 63], torch.tensor([1.0, 0.0, 0.0]))
    assert torch.equal(rgb[:, 20, 99], torch.tensor([0.0, 0.0, 1.0]))
    assert torch.equal(rgb[1], torch.zeros(40, 128))


def test_colours_far_from_all_that_can_be_seen_change_smoothly():
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[:, :32, :3] = 0
    pixels[2:-2, 2:-2, 3] = 0    # a frame that is half black and half white

    rgb = Photo.from_pil(Image.fromarray(pixels)).rgb[0]

    inside = rgb[:, 16:-16, 16:-16]
    assert inside.min() < 0.2 and inside.max() > 0.8
    assert inside.diff(dim=2).abs().max() < 0.15    # the network has no new edges to draw


def test_colours_that_can_be_seen_are_not_changed():
    pixels = noise(33, 41, 4)
    pixels[..., 3] = np.where(noise(33, 41, high=4) > 0, pixels[..., 3], 0)    # single pixels
    pixels[9:30, 20:38, 3] = 0    # and a hole that is wider than their neighbours reach

    rgb = Photo.from_pil(Image.fromarray(pixels)).rgb[0].numpy().transpose(1, 2, 0)

    seen = pixels[..., 3] > 0
    assert 0 < seen.sum() < seen.size
    np.testing.assert_allclose(rgb[seen], pixels[seen][:, :3] / 255.0, atol=1e-7)


def test_an_image_of_which_nothing_is_visible_stays_so():
    photo = Photo.from_pil(Image.new("RGBA", (9, 5), (10, 20, 30, 0)))

    result = photo.picture(bicubic(photo, 2)).to_pil()

    assert result.getextrema() == ((10, 10), (20, 20), (30, 30), (0, 0))


@pytest.mark.parametrize(
    "mode, transparency, wanted",
    [("L", 7, "LA"), ("1", 255, "LA"), ("RGB", (7, 7, 7), "RGBA"), ("P", 7, "RGBA"), ("P", bytes(range(8)), "RGBA")],
)
def test_a_transparent_shade_in_the_file_becomes_alpha(tmp_path, mode, transparency, wanted):
    pixels = noise(6, 8, high=8)
    if mode == "P":
        image = Image.fromarray(pixels, "P")
        image.putpalette(noise(8 * 3).tolist())
    else:
        image = Image.fromarray(pixels > 3 if mode == "1" else pixels).convert(mode)
    image.save(tmp_path / "in.png", transparency=transparency)

    result = identity(open_image(tmp_path / "in.png"))

    opaque = np.asarray(Image.open(tmp_path / "in.png").convert("RGBA"))[..., 3]
    assert result.mode == wanted and opaque.min() == 0
    assert np.array_equal(np.asarray(result)[..., -1], opaque)


def test_a_transparent_shade_of_sixteen_bit_grey_becomes_alpha():
    pixels = np.array([[0, 1000, 65535, 1000]], np.uint16)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    shade = b"tRNS" + struct.pack(">H", 1000)
    chunk = struct.pack(">I", 2) + shade + struct.pack(">I", zlib.crc32(shade))
    data = file.getvalue()
    at = data.index(b"IDAT") - 4

    result = identity(Image.open(io.BytesIO(data[:at] + chunk + data[at:])))

    assert result.mode == "LA"
    assert [a for _, a in result.get_flattened_data()] == [255, 0, 255, 0]
