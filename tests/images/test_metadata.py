"""What a result keeps beside the pixels, in every format that is read and written, and what it does not."""

import zlib

import numpy as np
import pillow_heif
import pytest
import tifffile
from photo_files import SRGB, chunk, deep_noise, noise, png
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base, Interop

from drln.images import Photo, write_image

# Display P3's place is taken by a profile that says RGB and is not sRGB's bytes; what counts is that it stays as it is.
P3 = SRGB[:16] + b"RGB " + SRGB[20:] + b"Display P3"
GREY_PROFILE = SRGB[:16] + b"GRAY" + SRGB[20:]
CMYK_PROFILE = SRGB[:16] + b"CMYK" + SRGB[20:]
IMAGE = {Base.Make: "Maker", Base.Model: "M 1", Base.Artist: "Zo\xeb", Base.Copyright: "(c) Z", Base.DateTime: "2024"}
CAMERA = {
    Base.ExposureTime: 0.004, Base.FNumber: 2.8, Base.ISOSpeedRatings: 200, Base.DateTimeOriginal: "2024:05:06 07:08",
    Base.LensModel: "35 mm", Base.ExifVersion: b"0232", Base.ColorSpace: 65_535, Base.ExposureBiasValue: -1.0,
}    # fmt: skip
SECRET = b"52.5200 north"
# What names the owner or the thing itself, and what somebody wrote.
PRIVATE_IMAGE = [
    Base.ImageDescription, Base.Software, Base.HostComputer, Base.DocumentName, Base.XPTitle, Base.XPComment,
    Base.XPAuthor, Base.XPKeywords, Base.XPSubject, 0xC62F,    # the last: a camera's serial number in DNG
]    # fmt: skip
PRIVATE_CAMERA = [
    Base.UserComment, Base.ImageUniqueID, Base.CameraOwnerName, Base.BodySerialNumber, Base.LensSerialNumber,
    *(0xA436, 0xA438, 0xA439, 0xA43A, 0xA43B, 0xA43C),    # title, editor and programs
]    # fmt: skip
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><exif:GPSLatitude>" + SECRET + b"</exif:GPSLatitude></x:xmpmeta>"


def exif_of_a_camera() -> Image.Exif:
    """With place, maker note, thumbnail, sizes, and what lies in TIFF's and Windows' own tags."""
    exif = Image.Exif()
    for tag, value in IMAGE.items():
        exif[tag] = value.encode("latin-1")    # of a str Pillow would write ASCII
    exif[Base.Orientation] = 1
    exif[Base.ImageWidth] = 7
    exif[0x02BC] = XMP
    for tag in PRIVATE_IMAGE:
        exif[tag] = SECRET
    exif[0x8649] = b"8BIM" + SECRET    # Photoshop's block
    exif[IFD.Exif] = {
        **CAMERA,
        Base.MakerNote: SECRET,
        Base.ExifImageWidth: 7,
        **dict.fromkeys(PRIVATE_CAMERA, SECRET),
        IFD.Interop: {Interop.InteropIndex: "R03"},
    }
    exif[IFD.GPSInfo] = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (52.0, 31.0, 12.0), GPS.GPSAreaInformation: SECRET}
    return exif


def with_thumbnail(exif: bytes) -> bytes:
    """The same block with a second directory after the first, which holds a JPEG."""
    thumbnail = b"\xff\xd8" + SECRET + b"\xff\xd9"
    tiff = bytearray(exif.removeprefix(b"Exif\0\0"))
    order = "little" if tiff[:2] == b"II" else "big"
    entries = int.from_bytes(tiff[8:10], order)
    link = 10 + 12 * entries
    tiff[link : link + 4] = len(tiff).to_bytes(4, order)
    at = len(tiff) + 2 + 2 * 12 + 4
    directory = (2).to_bytes(2, order)
    for tag, value in ((0x201, at), (0x202, len(thumbnail))):
        directory += tag.to_bytes(2, order) + (4).to_bytes(2, order) + (1).to_bytes(4, order) + value.to_bytes(4, order)
    return b"Exif\0\0" + bytes(tiff) + directory + bytes(4) + thumbnail


@pytest.fixture
def exif() -> bytes:
    return with_thumbnail(exif_of_a_camera().tobytes())


def saved_by_a_camera(folder, suffix: str, exif: bytes):
    """A file with all of this in it, and XMP, a comment and text beside it."""
    path = folder / f"in{suffix}"
    image = Image.fromarray(noise(64, 64, 3))
    if suffix == ".heic":
        pillow_heif.from_pillow(image).save(path, exif=exif, xmp=XMP, icc_profile=P3)
    elif suffix == ".16.png":
        beside = chunk(b"iCCP", b"P3\0\0" + zlib.compress(P3))
        beside += chunk(b"eXIf", exif[6:]) + chunk(b"tEXt", b"Comment\0" + SECRET)
        path.write_bytes(png(deep_noise(64, 64, 3), beside))
    elif suffix in (".tiff", ".16.tiff"):
        pixels = noise(64, 64, 3) if suffix == ".tiff" else deep_noise(64, 64, 3)
        tags = [(tag, 2, 0, value.encode("latin-1"), True) for tag, value in IMAGE.items()]
        tags.append((700, 1, len(XMP), XMP, True))
        tags += [(tag, 2, 0, SECRET, True) for tag in PRIVATE_IMAGE if tag != Base.Software]
        tifffile.imwrite(path, pixels, photometric="rgb", iccprofile=P3, metadata=None, software=False, extratags=tags)
    else:
        image.save(path, exif=exif, xmp=XMP, comment=SECRET, icc_profile=P3)
    assert SECRET in path.read_bytes()
    return path


SUFFIXES = [".jpg", ".png", ".webp", ".tiff", ".avif", ".heic", ".16.png", ".16.tiff"]
OUTPUTS = [".jpg", ".png", ".webp", ".tiff"]


@pytest.mark.parametrize("out", OUTPUTS)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_exif_and_profile_are_kept_and_nothing_private_leaks(tmp_path, suffix, out, exif):
    photo = Photo.open(saved_by_a_camera(tmp_path, suffix, exif))
    image = photo.picture(photo.rgb)
    image = image if out in (".png", ".tiff") else image.to_pil()

    write_image(image, tmp_path / f"out{out}")

    content = (tmp_path / f"out{out}").read_bytes()
    assert SECRET not in content and b"xmpmeta" not in content
    saved = Image.open(tmp_path / f"out{out}")
    found = saved.getexif()
    assert saved.info["icc_profile"] == P3
    artist = {Base.Artist: "Zo?"} if suffix == ".avif" else {}    # Pillow wrote ASCII into that file
    assert {tag: found.get(tag) for tag in IMAGE} == IMAGE | artist
    assert not found.get_ifd(IFD.GPSInfo) and not found.get_ifd(IFD.IFD1) and Base.Orientation not in kept_tags(found)
    if "tiff" not in suffix:    # in which the camera's part was not written above
        camera = found.get_ifd(IFD.Exif)
        assert {tag: camera.get(tag) for tag in CAMERA} == CAMERA
        assert not camera.keys() & {Base.MakerNote, Base.ExifImageWidth}
        assert found.get_ifd(IFD.Interop)[Interop.InteropIndex] == "R03"


def kept_tags(found: Image.Exif) -> set[int]:
    """A TIFF file has its structure in the same directory, and its orientation is 1 where it says one."""
    return {tag for tag in found if not (tag == Base.Orientation and found[tag] == 1)}


@pytest.mark.parametrize("depth", [8, 16])
def test_the_camera_part_of_a_tiff_is_kept(tmp_path, depth, exif):
    pixels = (noise if depth == 8 else deep_noise)(9, 9, 3)
    first = Photo.open(saved_by_a_camera(tmp_path, ".png", exif))
    write_image(type(first.picture(first.rgb))(pixels, first.info), tmp_path / "in.tiff")    # tested above

    photo = Photo.open(tmp_path / "in.tiff")

    write_image(photo.picture(photo.rgb), tmp_path / "out.png")
    camera = Image.open(tmp_path / "out.png").getexif().get_ifd(IFD.Exif)
    assert {tag: camera.get(tag) for tag in CAMERA} == CAMERA


@pytest.mark.parametrize("broken", [b"", b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"])
def test_exif_that_is_broken_is_dropped(tmp_path, broken):
    image = Image.fromarray(noise(5, 7, 3))
    image.info["exif"] = broken

    photo = Photo.from_pil(image)

    assert "exif" not in photo.info and photo.rgb.shape == (1, 3, 5, 7)


def test_exif_cut_off_at_any_byte_is_read_without_an_error(exif):
    for end in range(len(exif)):
        image = Image.fromarray(noise(2, 2, 3))
        image.info["exif"] = exif[:end]

        assert SECRET not in Photo.from_pil(image).info.get("exif", b"")


@pytest.mark.parametrize(
    "mode, profile, kept",
    [
        ("RGB", P3, True), ("RGBA", P3, True), ("P", P3, True), ("L", GREY_PROFILE, True), ("LA", GREY_PROFILE, True),
        ("L", CMYK_PROFILE, False), ("L", P3[:132], False), ("RGB", GREY_PROFILE, False), ("RGB", CMYK_PROFILE, False),
        ("CMYK", CMYK_PROFILE, False), ("RGB", b"no profile", False), ("RGB", "not even bytes", False),
    ],
)    # fmt: skip
def test_a_profile_of_another_colour_space_than_the_result_is_dropped(mode, profile, kept):
    image = Image.new(mode, (5, 4))
    image.info["icc_profile"] = profile

    assert ("icc_profile" in Photo.from_pil(image).info) is kept


def test_colours_that_were_converted_are_not_said_to_be_the_cameras(tmp_path):
    image = Image.new("CMYK", (16, 16))
    image.info["exif"] = exif_of_a_camera().tobytes()

    found = Image.Exif()
    found.load(Photo.from_pil(image).info["exif"])

    assert found[Base.Make] == "Maker" and Base.ColorSpace not in found.get_ifd(IFD.Exif)


@pytest.mark.parametrize("unit, dpi", [(2, 300), (3, 762)])
def test_a_resolution_that_exif_alone_knows_is_kept(tmp_path, unit, dpi):
    exif = Image.Exif()
    exif[Base.XResolution] = exif[Base.YResolution] = 300.0
    exif[Base.ResolutionUnit] = unit
    Image.fromarray(noise(5, 7, 3)).save(tmp_path / "in.webp", exif=exif)

    assert Photo.open(tmp_path / "in.webp").info["dpi"] == pytest.approx((dpi, dpi))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tiff", ".webp", ".16.tiff"])
def test_a_resolution_goes_from_every_format_into_every_other(tmp_path, suffix):
    if suffix == ".16.tiff":
        options = {"photometric": "rgb", "resolution": (120, 120), "resolutionunit": "centimeter"}
        tifffile.imwrite(tmp_path / "in.16.tiff", np.zeros((5, 7, 3), np.uint16), **options)
    else:
        picture = Photo.from_pil(Image.fromarray(noise(5, 7, 3)))
        picture.info["dpi"] = (304.8, 304.8)
        write_image(picture.picture(picture.rgb), tmp_path / f"in{suffix}")

    dpi = Photo.open(tmp_path / f"in{suffix}").info["dpi"]

    assert dpi == pytest.approx((304.8, 304.8), abs=0.5 if suffix == ".jpg" else 0.02)    # JPEG has whole numbers
