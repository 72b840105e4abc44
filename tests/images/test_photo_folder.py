"""Which files of a folder are photos, and what is said of the others."""

import io
import os
from pathlib import Path

import pytest
from photo_files import noise
from PIL import Image
from privileges import without_privileges

from drln import ImageError
from drln.images.photo_folder import find_photos, is_clutter


def content(kind: str, **options) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(noise(8, 12, 3))
    image.save(file, kind, **options)
    return file.getvalue()


def names(folder: Path, paths) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"])
def test_a_photo_is_found_under_any_name(tmp_path, kind):
    for name in ("photo", "photo.bak", "photo.txt"):
        (tmp_path / name).write_bytes(content(kind))

    found = find_photos(tmp_path)

    assert names(tmp_path, found.photos) == ["photo", "photo.bak", "photo.txt"] and not found.left_out


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".hif", ".HEIC", ".JPG"])
def test_a_file_with_the_name_of_an_image_is_one_so_that_a_damaged_one_is_told(tmp_path, suffix):
    (tmp_path / f"photo{suffix}").write_bytes(b"damaged")

    assert names(tmp_path, find_photos(tmp_path).photos) == [f"photo{suffix}"]


def test_all_that_is_left_out_is_named_with_its_reason(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "notes.txt").write_text("BMs are no photos, whatever they begin with; nor is this a photo")
    (tmp_path / "empty").touch()
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    (tmp_path / "cut.bin").write_bytes(content("PNG")[:20])
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "photo.png").write_bytes(content("PNG"))

    found = find_photos(tmp_path)

    assert names(tmp_path, found.photos) == ["photo.png"] and not found.unreadable
    why = {path.relative_to(tmp_path).as_posix(): reason for path, reason in found.left_out}
    assert "no image that can be read here" == why["sub/notes.txt"] == why["empty"] == why["film.mp4"]
    assert why["gone"] == "a link to nothing" and why["pipe.png"] == "a pipe or a device"
    assert why["loop"] == "a link to a folder; name that folder itself"
    assert why["cut.bin"].startswith(("is no image", "cannot be decoded")) and len(why) == 7


def test_hidden_files_and_what_systems_add_are_passed_over_in_silence(tmp_path):
    for name in ("._a.jpg", ".hid/z.jpg", "@eaDir/a.jpg/SYNO.jpg", "__MACOSX/a.jpg", "Thumbs.db", ".DS_Store", "a.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content("JPEG"))

    found = find_photos(tmp_path)

    assert names(tmp_path, found.photos) == ["a.jpg"] and not found.left_out
    assert is_clutter("trip/@eaDir/x.jpg") and is_clutter(".hid/z.jpg") and not is_clutter("trip/my.photo.jpg")


def test_a_hidden_folder_that_is_asked_for_is_looked_into(tmp_path):
    folder = tmp_path / ".photos"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(content("JPEG"))

    assert names(folder, find_photos(folder).photos) == ["a.jpg"]


def test_a_folder_may_be_passed_over(tmp_path):
    for name in ("a.jpg", "out/a.jpg", "out/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content("JPEG"))

    found = find_photos(tmp_path, besides=tmp_path / "out")

    assert names(tmp_path, found.photos) == ["a.jpg"] and not found.left_out


def test_what_may_not_be_read_is_named(tmp_path):
    for name in ("shut/a.jpg", "open/a.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content("JPEG"))
    (tmp_path / "secret").write_bytes(content("JPEG"))
    (tmp_path / "secret").chmod(0)
    (tmp_path / "shut").chmod(0)

    with without_privileges():
        found = find_photos(tmp_path)
    (tmp_path / "shut").chmod(0o755)

    assert names(tmp_path, found.photos) == ["open/a.jpg"]
    for name in ("secret", "shut"):
        assert (tmp_path / name, "cannot be read: Permission denied") in found.left_out


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ImageError, match="absent cannot be read: No such file"):
        find_photos(tmp_path / "absent")
