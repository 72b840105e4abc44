"""Data sets from archives in a folder, and from folders of photos; `test_data_download.py` has hub and web."""

import os

import datasets
import numpy as np
import pillow_heif
import pytest
import torch
from datasets import Dataset, Features
from photo_files import HEIC_LOSSLESS, noise
from photo_files import png as deep_png
from PIL import Image, ImageOps
from set_files import div2k_files, hub_files, photo, png, shrunk, tar_of, write_files
from torch.utils.data import DataLoader

from drln.data import ColumnPairs, DataError, EvalDataset, TrainDataset, augment_five_crop, find_set, load_dataset
from drln.data.drawn import SIDE
from drln.images import ImageError
from drln.samples import list_samples

IMAGES = {"a.png": photo(1, 40, 30), "b.png": photo(2, 41, 33), "grey.png": photo(3, 36, 48, "L")}


@pytest.fixture(scope="module")
def hub_folder(tmp_path_factory):
    """A folder that stands in for eugenesiow/Set5."""
    return write_files(tmp_path_factory.mktemp("hub") / "Set5", hub_files("Set5", IMAGES))


@pytest.fixture
def load(tmp_path):
    """`load_dataset` with a cache of its own."""
    return lambda *args, **options: load_dataset(*args, cache_dir=tmp_path / "cache", **options)


def in_unit_range(image: Image.Image) -> torch.Tensor:
    """As the published models' library has it: float32 RGB, (3, H, W), in [0, 1]."""
    return torch.from_numpy(np.asarray(image).astype(np.float32).transpose(2, 0, 1) / 255)


def same(image: Image.Image, other: Image.Image) -> bool:
    return image.mode == other.mode and np.array_equal(np.asarray(image), np.asarray(other))


# Archives as the hub has them


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_folder_laid_out_as_the_hub_gives_its_pairs_by_the_cards_call(hub_folder, load, scale):
    dataset = load(str(hub_folder), f"bicubic_x{scale}", split="validation")

    assert dataset.column_names == ["lr", "hr"] and len(dataset) == 3
    for row, hr in zip(dataset, IMAGES.values()):
        assert same(row["hr"], hr) and same(row["lr"], shrunk(hr, scale))


def test_map_takes_the_image_columns_and_gives_image_columns(hub_folder, load):
    dataset = load(hub_folder, "bicubic_x2")

    def turn(batch):
        return {column: [image.rotate(180) for image in batch[column]] for column in batch}

    turned = dataset.map(turn, batched=True)

    assert same(turned[1]["hr"], IMAGES["b.png"].rotate(180))
    assert turned[1]["lr"].size == (20, 16)


def test_images_are_unpacked_once(hub_folder, load):
    first = [image.filename for image in load(hub_folder, "bicubic_x2")["hr"]]
    nodes = [os.stat(file).st_ino for file in first]

    again = [image.filename for image in load(hub_folder, "bicubic_x2")["hr"]]

    assert again == first and [os.stat(file).st_ino for file in again] == nodes


def test_an_archive_that_was_replaced_is_unpacked_again(tmp_path, load):
    folder = write_files(tmp_path / "Mine", hub_files("Mine", {"a.png": photo(1, 20, 20)}))
    load(folder, "bicubic_x2")
    write_files(folder, hub_files("Mine", {"a.png": photo(7, 32, 24)}))

    dataset = load(folder, "bicubic_x2")

    assert same(dataset[0]["hr"], photo(7, 32, 24)) and dataset[0]["lr"].size == (16, 12)


def test_archives_without_a_folder_around_them_will_do(tmp_path, load):
    files = {name.removeprefix("data/"): content for name, content in hub_files("Mine", IMAGES).items()}

    dataset = load(write_files(tmp_path / "mine", files), "bicubic_x4")

    assert len(dataset) == 3 and dataset[0]["lr"].size == (10, 7)


def test_a_folder_with_the_zips_of_div2k_gives_its_pairs(tmp_path, load):
    images = {"0801": photo(1, 40, 30), "0802": photo(2, 36, 44)}
    folder = write_files(tmp_path / "zips", div2k_files(images))

    dataset = load(folder, "bicubic_x4", split="validation")

    assert [same(row["hr"], hr) and same(row["lr"], shrunk(hr, 4)) for row, hr in zip(dataset, images.values())]
    assert len(dataset) == 2


def test_lr_that_comes_with_no_archive_is_made_as_the_hub_made_it(tmp_path, load):
    folder = write_files(tmp_path / "Set5", hub_files("Set5", IMAGES, scales=(2,)))

    dataset = load(folder, "bicubic_x3")

    assert all(same(row["lr"], shrunk(hr, 3)) for row, hr in zip(dataset, IMAGES.values()))


def test_the_hr_images_alone_need_no_lr_archive(tmp_path):
    files = hub_files("Set5", IMAGES)
    del files["data/Set5_LR_x2.tar.gz"]
    files["data/Set5_LR_x3.tar.gz"] = b"damaged"

    found = find_set(write_files(tmp_path / "Set5", files), cache_dir=tmp_path / "cache")

    assert found.name == "Set5" and found.lr is None
    assert [path.name for path in found.hr] == list(IMAGES)


def test_what_is_no_image_is_left_in_the_archive(tmp_path, load):
    files = {"Set5_HR/a.png": png(IMAGES["a.png"]), "Set5_HR/._a.png": b"resource fork", "Set5_HR/README.txt": b"hello"}
    folder = write_files(tmp_path / "Set5", {"data/Set5_HR.tar.gz": tar_of(files)})

    dataset = load(folder, "bicubic_x2")

    assert len(dataset) == 1
    assert {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()} >= {"a.png"}
    assert not list((tmp_path / "cache").rglob("README.txt"))


# Photos


def test_a_folder_of_photos_gives_pairs_with_lr_made_by_the_cards_rules(tmp_path, load):
    folder = tmp_path / "holiday"
    folder.mkdir()
    photo(4, 45, 31).save(folder / "beach.png")
    photo(5, 50, 40, "L").save(folder / "tower.tif")
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.png").write_bytes(b"no photo either")

    dataset = load(folder, "bicubic_x4", split="train")

    assert len(dataset) == 2
    assert same(dataset[0]["lr"], shrunk(photo(4, 45, 31), 4))
    assert same(dataset[1]["lr"], shrunk(photo(5, 50, 40, "L"), 4))
    assert sorted(path.name for path in folder.iterdir()) == [".hidden.png", "beach.png", "notes.txt", "tower.tif"]


def test_lr_of_a_photo_that_was_changed_is_made_again(tmp_path, load):
    photo(4, 40, 30).save(tmp_path / "beach.png")
    load(tmp_path, "bicubic_x2")
    photo(8, 44, 36).save(tmp_path / "beach.png")

    dataset = load(tmp_path, "bicubic_x2")

    assert same(dataset[0]["lr"], shrunk(photo(8, 44, 36), 2))


def test_the_samples_are_a_data_set(load):
    dataset = load("samples", "bicubic_x3")

    assert len(dataset) == len(list_samples())
    for row, path in zip(dataset, list_samples()):
        assert row["hr"].size == tuple(3 * side for side in row["lr"].size) and row["hr"].filename == str(path)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_photos_that_are_turned_by_exif_make_pairs_that_fit(tmp_path, load, suffix):
    folder, exif, upright = tmp_path / "photos", Image.Exif(), photo(4, 47, 32)
    exif[0x112] = 6
    folder.mkdir()
    upright.rotate(90, expand=True).save(folder / f"turned{suffix}", exif=exif)
    with Image.open(folder / f"turned{suffix}") as image:
        upright = ImageOps.exif_transpose(image)    # with what JPEG lost

    dataset = load(folder, "bicubic_x2")

    assert upright.size == (47, 32) and dataset[0]["hr"].size == (47, 32)
    assert same(dataset[0]["lr"], shrunk(upright, 2))
    [(lr, hr)] = EvalDataset(dataset)
    assert lr.shape == (3, 16, 23) and hr.shape == (3, 32, 46)
    crops = augment_five_crop({"lr": dataset["lr"][:], "hr": [str(folder / f"turned{suffix}")]}, cache_dir=tmp_path)
    assert same(Image.open(crops["hr"][0]), upright.crop((0, 0, 23, 16)).resize((22, 16), Image.Resampling.BICUBIC))


def test_a_pair_of_which_hr_is_turned_is_of_its_true_scale(tmp_path):
    """As stored, 60x40 beside an LR of 20x30 would be of 3x across and 1.3x down."""
    exif, hr = Image.Exif(), photo(4, 40, 60)
    exif[0x112] = 8
    hr.rotate(-90, expand=True).save(tmp_path / "hr.png", exif=exif)
    shrunk(hr, 2).save(tmp_path / "lr.png")

    pairs = ColumnPairs([{"lr": tmp_path / "lr.png", "hr": tmp_path / "hr.png"}])

    assert pairs.scale == 2 and np.array_equal(pairs.pair(0)[1], np.asarray(hr))


def test_formats_that_pillow_does_not_read_whole_give_the_nearest_8_bits(tmp_path, load):
    deep = noise(30, 40, 3, high=65_536, dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(deep_png(deep))
    pillow_heif.from_pillow(photo(2, 40, 30)).save(tmp_path / "b.heic", **HEIC_LOSSLESS)
    wanted = [Image.fromarray(np.round(deep / 257).astype(np.uint8)), photo(2, 40, 30)]

    dataset = load(tmp_path, "bicubic_x2")

    assert all(same(row["hr"], hr) and same(row["lr"], shrunk(hr, 2)) for row, hr in zip(dataset, wanted))
    table = Dataset.from_dict({"hr": [{"bytes": deep_png(deep), "path": None}], "lr": [dataset[0]["lr"]]})
    table = table.cast_column("hr", Features({"hr": datasets.Image()})["hr"])
    assert np.array_equal(ColumnPairs(table).pair(0)[1], np.asarray(wanted[0]))


def test_a_folder_gives_the_photos_of_its_folders_and_names_what_it_leaves_out(tmp_path, load):
    write_files(tmp_path / "p", {"x/a.png": png(photo(1, 30, 30)), "y/a.png": png(photo(2, 30, 30)), "y/b.txt": b"b"})

    with pytest.warns(UserWarning, match="left out of the data set: .*b.txt: no image"):
        dataset = load(tmp_path / "p", "bicubic_x2")

    assert [same(row["hr"], photo(seed, 30, 30)) for row, seed in zip(dataset, (1, 2))] == [True, True]
    assert [same(row["lr"], shrunk(photo(seed, 30, 30), 2)) for row, seed in zip(dataset, (1, 2))] == [True, True]
    assert find_set(tmp_path / "p").names == ["x/a.png", "y/a.png"]


def test_a_folder_of_unpacked_hr_and_lr_images_is_not_taken_for_photos(tmp_path, load):
    write_files(tmp_path, {"Set5_HR/a.png": png(photo(1, 30, 30)), "Set5_LR_x2/a.png": png(photo(1, 15, 15))})

    with pytest.raises(DataError, match="holds LR images, Set5_LR_x2, beside HR images, Set5_HR; give Set5_HR alone"):
        load(tmp_path, "bicubic_x2")


# What takes them


def test_eval_dataset_resizes_hr_where_it_does_not_divide(hub_folder, load):
    dataset = EvalDataset(load(hub_folder, "bicubic_x4"))

    lr, hr = dataset[1]

    wanted = IMAGES["b.png"].resize((40, 32), Image.Resampling.BICUBIC)
    assert dataset.scale == 4 and len(dataset) == 3
    assert torch.equal(hr, in_unit_range(wanted)) and torch.equal(lr, in_unit_range(shrunk(IMAGES["b.png"], 4)))


def test_eval_dataset_gives_grey_images_as_rgb(hub_folder, load):
    lr, hr = EvalDataset(load(hub_folder, "bicubic_x2"))[2]

    assert lr.shape == (3, 24, 18) and hr.shape == (3, 48, 36)
    assert torch.equal(hr[0], hr[2])


def test_train_dataset_cuts_the_same_place_from_both_columns(hub_folder, load, tmp_path):
    dataset = TrainDataset(load(hub_folder, "bicubic_x2"), patch_size=12, cache_dir=tmp_path)

    lr, hr = dataset[0]

    assert lr.shape == (3, 12, 12) and hr.shape == (3, 24, 24)
    sharp = Image.fromarray((hr * 255).round().byte().permute(1, 2, 0).numpy())
    assert (in_unit_range(shrunk(sharp, 2)) - lr)[:, 3:-3, 3:-3].abs().max() < 1.5 / 255


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loop_over_a_plain_loader_gets_pairs_of_floats_that_differ_each_epoch(hub_folder, load, tmp_path, workers):
    dataset = TrainDataset(load(hub_folder, "bicubic_x2"), patch_size=12, cache_dir=tmp_path)
    loader = DataLoader(dataset, batch_size=3, shuffle=True, num_workers=workers)

    epochs = []
    for _ in range(2):
        for inputs, labels in loader:
            assert inputs.dtype == labels.dtype == torch.float32
            assert inputs.shape == (3, 3, 12, 12) and labels.shape == (3, 3, 24, 24)
            assert 0 <= labels.min() < labels.max() <= 1 and labels.max() > 0.5
            epochs.append({patch.numpy().tobytes() for patch in inputs})

    assert len(epochs) == 2 and not epochs[0] & epochs[1]


def test_a_plain_loader_gives_whole_pairs_one_by_one(hub_folder, load):
    loader = DataLoader(EvalDataset(load(hub_folder, "bicubic_x4")), batch_size=1, num_workers=2)

    shapes = [(inputs.shape, labels.shape) for inputs, labels in loader]

    assert shapes == [((1, 3, h, w), (1, 3, 4 * h, 4 * w)) for h, w in ((7, 10), (8, 10), (12, 9))]


def test_train_dataset_refuses_patches_larger_than_an_image_before_it_decodes_one(hub_folder, load):
    with pytest.raises(ValueError, match="LR patches of 64 pixels do not fit an LR image with a side of 15"):
        TrainDataset(load(hub_folder, "bicubic_x2"))


def test_columns_made_by_map_are_taken_too(hub_folder, load):
    mapped = load(hub_folder, "bicubic_x2").map(lambda row: {"hr": row["hr"].rotate(180), "lr": row["lr"].rotate(180)})

    _, hr = EvalDataset(mapped)[0]

    assert torch.equal(hr, in_unit_range(IMAGES["a.png"].rotate(180)))


# What is not there, or does not fit


def test_a_configuration_that_does_not_exist_names_those_that_do(hub_folder, load):
    with pytest.raises(DataError, match="no configuration 'bicubic_x8'; choose one of bicubic_x2, bicubic_x3, bic"):
        load(hub_folder, "bicubic_x8")
    with pytest.raises(DataError, match="name one of bicubic_x2"):
        load(hub_folder)


def test_a_split_that_does_not_exist_names_those_that_do(hub_folder, load):
    with pytest.raises(DataError, match="no split 'train'; choose validation"):
        load(hub_folder, "bicubic_x2", split="train")


def test_an_empty_name_is_not_the_current_folder(load):
    with pytest.raises(DataError, match="the name of the data set is empty"):
        load("", "bicubic_x2")


def test_a_name_that_datasets_cannot_hold_is_told(tmp_path, load):
    photo(1, 30, 30).save(tmp_path / os.fsdecode(b"caf\xe9.png"), "PNG")

    with pytest.raises(DataError, match=r"caf\\xe9.png' is no UTF-8, which datasets needs; rename it"):
        load(tmp_path, "bicubic_x2")


@pytest.mark.parametrize("name", ["Set6", "./absent", "a/b/c", "eugenesiow/"])
def test_a_name_that_is_nothing_names_what_there_is(load, name):
    with pytest.raises(DataError, match="no such data set; give a folder, a hub repository, or one of samples, Set5"):
        load(name, "bicubic_x2")


def test_a_folder_without_photos_is_refused(tmp_path, load):
    with pytest.raises(DataError, match="holds no photos, and no archives"):
        load(tmp_path, "bicubic_x2")


def test_a_folder_with_two_sets_is_refused(tmp_path, load):
    write_files(tmp_path, hub_files("Set5", IMAGES) | hub_files("Set14", IMAGES))

    with pytest.raises(DataError, match="several sets, Set14_HR.tar.gz, Set5_HR.tar.gz"):
        load(tmp_path, "bicubic_x2")


def test_a_folder_without_the_hr_archive_of_a_split_says_which(tmp_path, load):
    write_files(tmp_path, div2k_files({"0801": photo(1, 40, 30)}))

    with pytest.raises(DataError, match="has no DIV2K_train_HR.zip"):
        load(tmp_path, "bicubic_x4", split="train")


def test_an_lr_that_does_not_fit_its_hr_is_named_with_both_sizes(tmp_path, load):
    files = hub_files("Set5", IMAGES)
    files["data/Set5_LR_x2.tar.gz"] = files["data/Set5_LR_x4.tar.gz"]

    with pytest.raises(DataError, match=r"a.png of .*LR_x2.tar.gz does not fit .* 10x7 pixels and HR 40x30, .* not 2x"):
        load(write_files(tmp_path / "Set5", files), "bicubic_x2")


def test_an_lr_image_that_is_missing_is_named(tmp_path, load):
    files = hub_files("Set5", IMAGES)
    files["data/Set5_LR_x2.tar.gz"] = hub_files("Set5", {"a.png": IMAGES["a.png"]})["data/Set5_LR_x2.tar.gz"]

    with pytest.raises(DataError, match="Set5_LR_x2.tar.gz has no LR image of b.png"):
        load(write_files(tmp_path / "Set5", files), "bicubic_x2")


def packed(hr: dict[str, bytes], lr: dict[str, bytes]) -> dict[str, bytes]:
    """A set of these files as the hub has it, at 2x."""
    return {
        f"data/Set5_{kind}.tar.gz": tar_of({f"Set5_{kind}/{name}": content for name, content in files.items()})
        for kind, files in (("HR", hr), ("LR_x2", lr))
    }


def test_images_of_one_name_are_paired_within_their_folders(tmp_path, load):
    hr = {"x/a.png": photo(1, 40, 30), "y/a.png": photo(2, 40, 30), "y/A.jpg": photo(3, 40, 30)}
    lr = {name: shrunk(image, 2) for name, image in hr.items()}
    files = packed(*({name: png(image) for name, image in images.items()} for images in (hr, lr)))

    dataset = load(write_files(tmp_path / "Set5", files), "bicubic_x2")

    wanted = [photo(seed, 40, 30) for seed in (1, 3, 2)]    # as they are sorted
    assert all(same(row["hr"], image) and same(row["lr"], shrunk(image, 2)) for row, image in zip(dataset, wanted))


def test_extension_and_capitals_may_differ_where_one_file_has_the_name(tmp_path, load):
    hr, lr = {"Baby.PNG": png(photo(1, 40, 30))}, {"baby.bmp": png(shrunk(photo(1, 40, 30), 2))}

    dataset = load(write_files(tmp_path / "Set5", packed(hr, lr)), "bicubic_x2")

    assert same(dataset[0]["lr"], shrunk(photo(1, 40, 30), 2))


@pytest.mark.parametrize(
    ("hr", "lr", "message"),
    [
        (["a.png"], ["a.jpg", "a.bmp"], "has a.bmp and a.jpg, each of which may be the LR image of a.png; remove"),
        (["a.png", "a.jpg"], ["a.png"], "a.png of Set5_LR_x2.tar.gz would be the LR image of both a.jpg and a.png"),
        (["x/a.png", "y/b.png"], ["x/a.png", "z/b.png"], "has no LR image of y/b.png"),
    ],
)
def test_pairs_that_are_ambiguous_are_refused_with_their_names(tmp_path, load, hr, lr, message):
    large, small = png(photo(1, 40, 30)), png(photo(1, 20, 15))
    files = packed({name: large for name in hr}, {name: small for name in lr})

    with pytest.raises(DataError, match=message):
        load(write_files(tmp_path / "Set5", files), "bicubic_x2")


def test_a_photo_that_is_broken_is_named(tmp_path, load):
    (tmp_path / "broken.png").write_bytes(png(photo(1, 30, 30))[:200])

    with pytest.raises(ImageError, match="broken.png"):
        load(tmp_path, "bicubic_x2")


def test_pairs_of_two_scales_are_refused():
    rows = [{"hr": photo(1, 40, 40), "lr": photo(1, 20, 20)}, {"hr": photo(1, 40, 40), "lr": photo(1, 10, 10)}]
    with pytest.raises(DataError, match="pair 2 of the data set: LR is 10x10 pixels and HR 40x40"):
        EvalDataset(rows)


def test_an_empty_data_set_is_refused():
    with pytest.raises(DataError, match="is empty"):
        EvalDataset([])


# Five crops


def test_the_cards_data_snippet_gives_five_aligned_pairs_of_each(hub_folder, tmp_path, load):
    dataset = load(hub_folder, "bicubic_x2", split="validation")

    augmented = dataset.map(
        augment_five_crop, batched=True, desc="Augmenting", fn_kwargs={"cache_dir": str(tmp_path / "crops")}
    )

    assert len(augmented) == 15 and augmented.features == dataset.features
    for index, hr in enumerate(IMAGES.values()):
        w, h = hr.width // 2, hr.height // 2
        left, top = round((hr.width - w) / 2), round((hr.height - h) / 2)
        corners = [(0, 0), (hr.width - w, 0), (0, hr.height - h), (hr.width - w, hr.height - h), (left, top)]
        for row, (x, y) in zip(augmented.select(range(5 * index, 5 * index + 5)), corners):
            wanted = hr.crop((x, y, x + w, y + h))
            wanted = wanted.resize((w // 2 * 2, h // 2 * 2), Image.Resampling.BICUBIC)
            assert same(row["hr"], wanted) and same(row["lr"], shrunk(wanted, 2))
    assert TrainDataset(augmented, 7, tmp_path)[3][1].shape == (3, 14, 14)


def test_five_crops_of_other_images_do_not_mix(tmp_path, load):
    for folder, seed in (("one", 1), ("two", 2)):
        write_files(tmp_path / folder, {"a.png": png(photo(seed, 40, 40))})
    options = {"batched": True, "fn_kwargs": {"cache_dir": str(tmp_path / "crops")}}

    one, two = (load(tmp_path / name, "bicubic_x2").map(augment_five_crop, **options) for name in ("one", "two"))

    assert same(one[0]["hr"], photo(1, 40, 40).crop((0, 0, 20, 20)))
    assert same(two[0]["hr"], photo(2, 40, 40).crop((0, 0, 20, 20)))


def test_crops_of_images_that_have_no_file_are_made_too(tmp_path):
    hr = photo(1, 40, 40)

    crops = augment_five_crop({"lr": [shrunk(hr, 4)], "hr": [hr]}, cache_dir=tmp_path)

    assert len(crops["lr"]) == len(crops["hr"]) == 5
    assert same(Image.open(crops["hr"][3]), hr.crop((20, 20, 40, 40)))
    assert Image.open(crops["lr"][3]).size == (5, 5)


# Made by the program


def test_drawn_images_are_a_set_that_is_made_once_and_the_same_everywhere(tmp_path):
    one, two = (find_set("drawn", cache_dir=tmp_path / name) for name in "ab")
    times = [path.stat().st_mtime_ns for path in one.hr]

    assert len(one) == 28 and [path.read_bytes() for path in one.hr] == [path.read_bytes() for path in two.hr]
    assert len({path.read_bytes() for path in one.hr}) == 28
    assert find_set("drawn", cache_dir=tmp_path / "a").hr == one.hr
    assert [path.stat().st_mtime_ns for path in one.hr] == times
    for path in one.hr:
        with Image.open(path) as image:
            assert image.mode == "RGB" and len(image.getcolors(SIDE**2)) > 5
