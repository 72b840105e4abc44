"""Files that are there whole or not at all."""

import os

import pytest
from PIL import Image

from drln.images import ImageError, check_output, write_image
from drln.whole_files import (
    LEFT_SECONDS,
    WriteError,
    refusal,
    remove_left_partials,
    write_bytes_whole,
    write_whole,
)


def test_a_file_is_replaced_by_the_new_content(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")

    write_whole(tmp_path / "a.txt", lambda file: file.write(b"new"))

    assert (tmp_path / "a.txt").read_bytes() == b"new" and len(list(tmp_path.iterdir())) == 1


def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"old")

    def write(file):
        file.write(b"half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_whole(tmp_path / "a.txt", write)

    assert (tmp_path / "a.txt").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tiff"])
@pytest.mark.parametrize("letter", ["a", "写"])
def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path, letter, suffix):
    path = tmp_path / (letter * ((255 - len(suffix)) // len(letter.encode())) + suffix)

    write_image(Image.new("RGB", (4, 3)), path)

    with Image.open(path) as saved:
        assert saved.size == (4, 3) and os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("name", ["a" * 252 + ".png", "写" * 84 + ".png"])
def test_a_longer_name_is_refused_before_the_work(tmp_path, name):
    path = tmp_path / name

    with pytest.raises(ImageError, match=f"too long for the file system, {len(name.encode())} bytes; choose a shorter"):
        check_output(path, "RGB", 4, 3)
    with pytest.raises(WriteError, match="too long for the file system"):
        write_whole(path, lambda file: pytest.fail("the work was begun"))


def test_a_link_stays_and_the_file_that_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "far").mkdir()
    for name, old in (("there.txt", b"old"), ("new.txt", None)):
        if old:
            (tmp_path / "far" / name).write_bytes(old)
        (tmp_path / name).symlink_to(tmp_path / "far" / name)

        write_bytes_whole(tmp_path / name, b"new")

        assert (tmp_path / name).is_symlink() and (tmp_path / "far" / name).read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path / "far")) == ["new.txt", "there.txt"]


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda path: path.mkdir(), "out.png is a folder; add a file name"),
        (lambda path: path.symlink_to("/dev/null"), "out.png is a device or a pipe; give the name of a file"),
        (os.mkfifo, "out.png is a device or a pipe; give the name of a file"),
        (lambda path: path.symlink_to("absent/out.png"), "there is no folder .*absent to save out.png in"),
    ],
    ids=["folder", "device", "pipe", "link to nowhere"],
)
def test_what_is_no_file_is_refused_and_stays(tmp_path, make, message):
    make(tmp_path / "out.png")
    before = os.lstat(tmp_path / "out.png")

    with pytest.raises(ImageError, match=message):
        check_output(tmp_path / "out.png", "RGB", 4, 3)
    with pytest.raises(ImageError, match=message):
        write_image(Image.new("RGB", (4, 3)), tmp_path / "out.png")

    assert os.lstat(tmp_path / "out.png").st_ino == before.st_ino and os.listdir(tmp_path) == ["out.png"]


def test_a_name_that_no_system_takes_is_refused():
    assert "cannot be written: embedded null byte; choose another place" in refusal("a\0b.png")


def test_partial_files_of_a_dead_process_go_and_those_of_a_living_one_stay(tmp_path):
    def write(file):
        (living,) = tmp_path.iterdir()
        dead = tmp_path / ".drln-0123456789ab.part"
        dead.touch()
        os.utime(dead, (0, living.stat().st_mtime - LEFT_SECONDS - 1))
        remove_left_partials(tmp_path)
        assert list(tmp_path.iterdir()) == [living]

    write_whole(tmp_path / "a.txt", write)
