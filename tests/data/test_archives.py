"""Archives are unpacked whole or not at all, and nothing gets out of the folder."""

import io
import stat
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from set_files import photo, png, tar_of, zip_of

from drln.data.archives import DamagedArchive, DataError, unpack

PICTURE = png(photo(1, 24, 24))
FILES = {f"Set5_HR/{name}.png": png(photo(seed, 24, 24)) for seed, name in enumerate("abc")}


def tar_with(name: str = "inside.png", **facts: object) -> bytes:
    """A tar of one good image and one entry of that name and those facts."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for entry_name, changes in (("good.png", {}), (name, facts)):
            entry = tarfile.TarInfo(entry_name)
            for key, value in {"size": len(PICTURE), **changes}.items():
                setattr(entry, key, value)
            tar.addfile(entry, io.BytesIO(PICTURE) if entry.isfile() else None)
    return packed.getvalue()


def zip_with(name: str, mode: int = 0) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("good.png", PICTURE)
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        archive.writestr(entry, PICTURE)
    return packed.getvalue()


def link(kind: bytes, target: str) -> dict[str, object]:
    return {"type": kind, "linkname": target, "size": 0}


DISTRUSTED = {
    "an absolute path": ("x.tar.gz", tar_with("/tmp/outside.png"), "leads out of its folder"),
    "a path through the parent": ("x.tar.gz", tar_with("a/../../outside.png"), "leads out of its folder"),
    "a path of Windows": ("x.tar.gz", tar_with("C:\\outside.png"), "leads out of its folder"),
    "a link out": ("x.tar.gz", tar_with("in.png", **link(tarfile.SYMTYPE, "/etc/hosts")), "a link or a device"),
    "a link to a folder": ("x.tar.gz", tar_with("in", **link(tarfile.SYMTYPE, "/tmp")), "a link or a device"),
    "a hard link": ("x.tar.gz", tar_with("in.png", **link(tarfile.LNKTYPE, "good.png")), "a link or a device"),
    "a device": ("x.tar.gz", tar_with("in.png", type=tarfile.CHRTYPE, size=0), "a link or a device"),
    "a pipe": ("x.tar.gz", tar_with("in.png", type=tarfile.FIFOTYPE, size=0), "a link or a device"),
    "a zip with an absolute path": ("x.zip", zip_with("/tmp/outside.png"), "leads out of its folder"),
    "a zip with a parent": ("x.zip", zip_with("../outside.png"), "leads out of its folder"),
    "a zip with a link": ("x.zip", zip_with("in.png", stat.S_IFLNK | 0o777), "a link or a device"),
    "a name twice": ("x.tar.gz", tar_with("good.png"), "cannot be unpacked"),
}


@pytest.fixture
def place(tmp_path):
    """Where archives lie, and the folder that is to appear there."""
    (tmp_path / "cache").mkdir()
    return tmp_path


def everything(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("case", DISTRUSTED)
def test_an_archive_that_is_not_to_be_trusted_is_refused_and_leaves_nothing(place, case):
    name, content, message = DISTRUSTED[case]
    (place / name).write_bytes(content)

    with pytest.raises(DamagedArchive, match=message):
        unpack(place / name, place / "cache" / "images")

    assert everything(place) == {name, "cache"}


@pytest.mark.parametrize("name, content", [("x.tar.gz", tar_of(FILES)), ("x.zip", zip_of(FILES))])
def test_a_good_archive_gives_its_images_byte_for_byte(place, name, content):
    (place / name).write_bytes(content)

    folder = unpack(place / name, place / "cache" / "images")

    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")} == FILES
    assert everything(place / "cache") == {"images", "images/Set5_HR", *(f"images/{file}" for file in FILES)}


@pytest.mark.parametrize("name, content", [("x.tar.gz", tar_of(FILES)), ("x.zip", zip_of(FILES))])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, -1, -8])
def test_an_archive_that_was_cut_off_is_refused_and_leaves_nothing(place, name, content, kept):
    """Down to the last byte: of a tar it is past the end of the files, in the checksum of gzip."""
    length = round(kept * len(content)) if kept >= 0 else len(content) + kept
    (place / name).write_bytes(content[:length])

    with pytest.raises(DamagedArchive, match="x.* is cut off or damaged"):
        unpack(place / name, place / "cache" / "images")

    assert everything(place) == {name, "cache"}


@pytest.mark.parametrize("name, content", [("x.tar.gz", tar_of(FILES)), ("x.zip", zip_of(FILES))])
def test_a_bit_that_was_changed_in_an_image_is_found(place, name, content):
    at = content.index(FILES["Set5_HR/b.png"][-40:]) if name == "x.zip" else len(content) // 2
    (place / name).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])

    with pytest.raises(DamagedArchive):
        unpack(place / name, place / "cache" / "images")

    assert everything(place / "cache") == set()


def test_an_archive_without_images_is_refused(place):
    (place / "x.tar.gz").write_bytes(tar_of({"README.txt": b"no image"}))

    with pytest.raises(DataError, match="x.tar.gz holds no images; those end in .avif, .bmp"):
        unpack(place / "x.tar.gz", place / "cache" / "images")


def test_what_is_unpacked_already_is_taken_as_it_is(place):
    (place / "x.tar.gz").write_bytes(tar_of(FILES))
    folder = unpack(place / "x.tar.gz", place / "cache" / "images")
    (place / "x.tar.gz").unlink()

    assert unpack(place / "x.tar.gz", folder) == folder


def test_several_at_once_make_one_folder(place):
    (place / "x.tar.gz").write_bytes(tar_of(FILES))

    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: unpack(place / "x.tar.gz", place / "cache" / "images"), range(8)))

    assert set(folders) == {place / "cache" / "images"}
    assert everything(place / "cache") == {"images", "images/Set5_HR", *(f"images/{file}" for file in FILES)}
