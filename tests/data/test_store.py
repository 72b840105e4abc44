"""Decoded images on disk: what is in them, when they are built again, and by whom."""

import os
import pickle
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
from forked import Forked
from PIL import Image
from privileges import without_privileges
from set_files import hub_files, photo, png, shrunk, write_files

from drln.data import ColumnPairs, DataError, PairStore, PhotoPairs, TrainDataset, build_store, load_dataset
from drln.evaluation.resize import imresize
from drln.images import ImageError


@pytest.fixture
def photos(tmp_path) -> list[Path]:
    folder = write_files(
        tmp_path / "photos",
        {"a.png": png(photo(1, 40, 30)), "b.png": png(photo(2, 41, 33)), "grey.png": png(photo(3, 36, 48, "L"))},
    )
    return sorted(folder.iterdir())


def made_of(store: PairStore) -> tuple[int, float]:
    """Changes when the store is built again."""
    state = (store.folder / "hr.raw").stat()
    return state.st_ino, state.st_mtime_ns


def same_pairs(store: PairStore, pairs: PhotoPairs) -> bool:
    return all(
        np.array_equal(ours, theirs) for i in range(len(pairs)) for ours, theirs in zip(store.pair(i), pairs.pair(i))
    )


def test_photos_are_stored_cropped_with_lr_by_matlabs_bicubic(photos, tmp_path):
    store = build_store(PhotoPairs(photos, scale=4), tmp_path / "cache")

    assert len(store) == 3 and store.scale == 4
    for index, path in enumerate(photos):
        with Image.open(path) as image:
            hr = np.asarray(image.convert("RGB"))[: image.height // 4 * 4, : image.width // 4 * 4]
        assert np.array_equal(store.pair(index)[1], hr)
        assert np.array_equal(store.pair(index)[0], imresize(hr, scale=1 / 4))


def test_an_old_store_that_cannot_be_replaced_is_an_error_and_never_taken_for_the_new_one(photos, tmp_path):
    store = build_store(PhotoPairs(photos, scale=2), tmp_path / "cache")
    photos[0].write_bytes(png(photo(9, 40, 30)))
    store.folder.chmod(0o555)

    with without_privileges(), pytest.raises(DataError, match="cache"):
        build_store(PhotoPairs(photos, scale=2), tmp_path / "cache")

    store.folder.chmod(0o755)
    assert same_pairs(build_store(PhotoPairs(photos, scale=2), tmp_path / "cache"), PhotoPairs(photos, scale=2))


def test_a_data_set_is_stored_as_its_columns_have_it(tmp_path):
    images = {"a.png": photo(1, 40, 30), "b.png": photo(2, 41, 33)}
    folder = write_files(tmp_path / "Set5", hub_files("Set5", images))
    dataset = load_dataset(folder, "bicubic_x2", cache_dir=tmp_path / "cache")

    store = build_store(ColumnPairs(dataset), tmp_path / "cache")

    for index, hr in enumerate(images.values()):
        lr = shrunk(hr, 2)
        assert np.array_equal(store.pair(index)[0], np.asarray(lr))
        wanted = hr.resize((2 * lr.width, 2 * lr.height), Image.Resampling.BICUBIC)
        assert np.array_equal(store.pair(index)[1], np.asarray(wanted))


def test_a_store_is_built_once(photos, tmp_path):
    first = build_store(PhotoPairs(photos, 2), tmp_path)

    again = build_store(PhotoPairs(photos, 2), tmp_path)

    assert again.folder == first.folder and made_of(again) == made_of(first)


def test_a_store_is_built_again_where_a_photo_was_changed_and_takes_the_place_of_the_old_one(photos, tmp_path):
    cache = tmp_path / "cache"
    old = build_store(PhotoPairs(photos, 2), cache)
    before = [array.copy() for array in old.pair(0)]
    photo(9, 60, 50).save(photos[0])

    new = build_store(PhotoPairs(photos, 2), cache)

    assert same_pairs(new, PhotoPairs(photos, 2)) and new.pair(0)[0].shape == (25, 30, 3)
    assert len([path for path in (cache / "drln" / "stores").iterdir() if path.is_dir()]) == 1
    assert all(np.array_equal(a, b) for a, b in zip(old.pair(0), before))    # for whoever has it open


def test_a_store_is_built_again_where_a_photo_was_replaced_by_one_of_its_size_and_time(tmp_path):
    path = tmp_path / "a.bmp"
    photo(1, 40, 30).save(path)
    before = path.stat()
    build_store(PhotoPairs([path], 2), tmp_path / "cache")
    photo(2, 40, 30).save(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    store = build_store(PhotoPairs([path], 2), tmp_path / "cache")

    assert path.stat().st_size == before.st_size and path.stat().st_mtime_ns == before.st_mtime_ns
    assert np.array_equal(store.pair(0)[1], np.asarray(photo(2, 40, 30)))


def test_images_without_files_that_differ_in_shape_alone_are_told_apart(tmp_path):
    def rows(*size):
        return [{"lr": Image.new("RGB", (size[0] // 2, size[1] // 2)), "hr": Image.new("RGB", size)}]

    wide, high = (build_store(ColumnPairs(rows(*size)), tmp_path) for size in ((40, 20), (20, 40)))

    assert wide.shapes == [(10, 20)] and high.shapes == [(20, 10)]


def test_other_scales_and_other_photos_have_stores_of_their_own(photos, tmp_path):
    folders = {build_store(PhotoPairs(paths, s), tmp_path).folder for paths in (photos, photos[:2]) for s in (2, 3)}

    assert len(folders) == 4


def test_images_without_files_are_told_apart_by_their_pixels(tmp_path):
    def rows(seed):
        return [{"lr": shrunk(photo(seed, 40, 40), 2), "hr": photo(seed, 40, 40)}]

    one, two, again = (build_store(ColumnPairs(rows(seed)), tmp_path) for seed in (1, 2, 1))

    assert one.folder == again.folder != two.folder
    assert np.array_equal(two.pair(0)[1], np.asarray(photo(2, 40, 40)))


# In so many processes at once; each ends at the image of this number, if there is one.
BUILD = """
import os, signal, sys
from pathlib import Path
from drln.data import PhotoPairs, build_store
photos, cache, processes, last = *sys.argv[1:3], *map(int, sys.argv[3:])
class Pairs(PhotoPairs):
    def pair(self, index):
        return os.kill(os.getpid(), signal.SIGKILL) if index == last else super().pair(index)
pairs = Pairs(sorted(Path(photos).iterdir()), 2)
any(os.fork() == 0 for _ in range(processes - 1))    # up to the first in a child
os.write(1, b"%d " % (build_store(pairs, cache).folder / "hr.raw").stat().st_ino)
"""


def build(photos: list[Path], cache: Path, processes: int, last: int) -> tuple[int, str]:
    """The exit code, and what they print."""
    program = Forked("-c", BUILD, photos[0].parent, cache, processes, last)
    output, _ = program.communicate()
    return program.returncode, output


def test_of_processes_that_start_at_once_one_builds(photos, tmp_path):
    built = build(photos, tmp_path / "cache", processes=3, last=len(photos))[1].split()

    assert len(built) == 3 and len(set(built)) == 1
    assert same_pairs(build_store(PhotoPairs(photos, 2), tmp_path / "cache"), PhotoPairs(photos, 2))


def test_a_builder_that_was_killed_is_no_hindrance(tmp_path):
    many = 4 * os.cpu_count()    # more than are decoded at once
    write_files(tmp_path, {f"photos/{i:03}.png": png(photo(i, 40, 30)) for i in range(many)})
    photos, cache = sorted((tmp_path / "photos").iterdir()), tmp_path / "cache"
    assert build(photos, cache, processes=1, last=many - 1)[0] == -signal.SIGKILL
    (partial,) = cache.rglob("*.partial")    # it was killed in the middle

    store = build_store(PhotoPairs(photos, 2), cache)

    assert same_pairs(store, PhotoPairs(photos, 2)) and not partial.exists()


def test_a_full_disk_is_told_and_leaves_nothing(photos, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[0][1]))
    try:
        with pytest.raises(DataError, match="the disk is full: there is no room for the 3 decoded images"):
            build_store(PhotoPairs(photos, 2), tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[0])
        signal.signal(signal.SIGXFSZ, before[1])

    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_dir() and path.name != "stores"][1:]
    assert same_pairs(build_store(PhotoPairs(photos, 2), tmp_path / "cache"), PhotoPairs(photos, 2))


def test_a_store_goes_to_other_processes_without_its_pixels(tmp_path):
    write_files(tmp_path / "photos", {"a.png": png(photo(1, 400, 300))})
    store = build_store(PhotoPairs([tmp_path / "photos" / "a.png"], 2), tmp_path)

    packed = pickle.dumps(TrainDataset(store, 16))

    assert len(packed) < 1000
    assert np.array_equal(pickle.loads(packed).store.pair(0)[1], store.pair(0)[1])


# What cannot be stored


def test_patches_larger_than_an_image_are_refused_before_anything_is_decoded(photos, tmp_path):
    with pytest.raises(ValueError, match="LR patches of 64 pixels do not fit an LR image with a side of 7; make"):
        TrainDataset(PhotoPairs(photos, 4), cache_dir=tmp_path / "cache")

    assert not (tmp_path / "cache").exists()


def test_a_photo_that_cannot_be_read_is_named(photos, tmp_path):
    whole = photos[1].read_bytes()
    photos[1].write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ImageError, match="b.png cannot be decoded"):
        TrainDataset(PhotoPairs(photos, 2), 4, tmp_path / "cache")
    photos[1].write_text("no image")
    with pytest.raises(ImageError, match="b.png is no image that can be read"):
        TrainDataset(PhotoPairs(photos, 2), 4, tmp_path / "cache")


def test_lr_that_does_not_fit_is_told_before_anything_is_decoded(tmp_path):
    rows = [{"lr": photo(1, 20, 20), "hr": photo(1, 40, 40)}, {"lr": photo(1, 10, 10), "hr": photo(1, 40, 40)}]

    with pytest.raises(DataError, match="pair 2 of the data set: LR is 10x10 pixels and HR 40x40"):
        TrainDataset(rows, 8, tmp_path / "cache")

    assert not (tmp_path / "cache").exists()


def test_no_photos_and_rows_without_lr_are_refused():
    with pytest.raises(DataError, match="there are no photos"):
        PhotoPairs([], 2)
    with pytest.raises(DataError, match="pair 1 of the data set has no lr and hr"):
        ColumnPairs([{"image": photo(1, 20, 20)}])
