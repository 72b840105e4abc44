"""Batches of patches, against patches that NumPy cuts from the images."""

import numpy as np
import pytest
import torch
from PIL import Image

from drln.data import PhotoPairs, TrainDataset, build_store
from drln.data.batches import Batches, Share

SCALE = 2


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Five photos of random pixels, of several sizes, so that every patch is at one place alone."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for number, (height, width) in enumerate([(60, 80), (90, 64), (70, 70), (64, 100), (80, 60)]):
        Image.fromarray(rng.integers(256, size=(height, width, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return build_store(PhotoPairs(sorted(folder.iterdir()), SCALE), folder)


def batch(dataset: TrainDataset, count: int, border: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of images, and LR and HR patches, (B, h, w, 3)."""
    items = np.arange(count) % len(dataset)
    chance = np.random.default_rng(0).random((count, dataset.chances))
    pair = dataset.batch(torch.from_numpy(items), torch.from_numpy(chance), border)
    lr, hr = (patches.permute(0, 2, 3, 1).numpy() for patches in pair)
    return items, lr, hr


def upright(patch: np.ndarray, image: np.ndarray) -> list[tuple[int, int, int]]:
    """The places in the image, top and left, that show the patch in one of its eight turns, and the turn."""
    found = []
    for turn in range(8):
        turned = np.rot90(patch[:, ::-1] if turn >= 4 else patch, turn % 4)
        windows = np.lib.stride_tricks.sliding_window_view(image, turned.shape[:2], (0, 1)).transpose(0, 1, 3, 4, 2)
        same = (windows == turned).all((2, 3, 4))
        found += [(int(top), int(left), turn) for top, left in np.argwhere(same)]
    return found


def test_lr_and_hr_patches_are_the_same_place_in_the_same_turn(store):
    seen = set()

    for item, lr, hr in zip(*batch(TrainDataset(store, 12), 80)):
        small, large = store.pair(int(item))
        [(top, left, turn)] = upright(lr, small)
        assert upright(hr, large) == [(SCALE * top, SCALE * left, turn)]
        seen.add(turn)

    assert seen == set(range(8))


def test_patches_come_from_everywhere_in_an_image(store):
    dataset = TrainDataset(store, 29)    # of the first image's 30 rows

    places = {upright(lr, store.pair(0)[0])[0][:2] for item, lr, _ in zip(*batch(dataset, 400)) if item == 0}

    assert {top for top, _ in places} == {0, 1} and {left for _, left in places} == set(range(12))


def test_a_border_is_what_surrounds_the_patch_or_its_own_edge(store):
    p, border, own = 12, 4, []

    for item, lr, hr in zip(*batch(TrainDataset(store, p), 200, border)):
        assert lr.shape == (p + 2 * border,) * 2 + (3,) and hr.shape == (SCALE * p,) * 2 + (3,)
        inside = lr[border:-border, border:-border]
        small = store.pair(int(item))[0]
        [(top, left, turn)] = upright(inside, small)
        turned = np.rot90(lr[:, ::-1] if turn >= 4 else lr, turn % 4)
        around = np.pad(small, ((border,) * 2, (border,) * 2, (0, 0)), "edge")[top:, left:][: len(lr), : len(lr)]
        alone = np.pad(small[top : top + p, left : left + p], ((border,) * 2, (border,) * 2, (0, 0)), "edge")
        middle = slice(border, -border)
        for side in ((slice(border), middle), (slice(-border, None), middle), (middle, slice(border)),
                     (middle, slice(-border, None))):    # fmt: skip
            is_own, is_around = (np.array_equal(turned[side], other[side]) for other in (alone, around))
            assert is_own or is_around
            own.append(is_own and not is_around)

    assert 0.1 < np.mean(own) < 0.25    # a fifth; sides of the image itself are both


def test_the_most_detailed_of_several_places_is_cut(tmp_path):
    pixels = np.full((64, 64, 3), 128, np.uint8)
    pixels[:, 40:] = np.random.default_rng(1).integers(256, size=(64, 24, 3))    # noise at the right, nothing else
    Image.fromarray(pixels).save(tmp_path / "a.png")
    pairs = PhotoPairs([tmp_path / "a.png"], SCALE)

    def detail(candidates: int) -> float:
        dataset = TrainDataset(pairs, 8, tmp_path, candidates=candidates)
        return float(np.abs(np.diff(batch(dataset, 200)[1].astype(int), axis=2)).mean())

    assert detail(5) > 1.3 * detail(1)


def test_colours_change_places_in_lr_and_hr_alike(store):
    plain, mixed = (TrainDataset(store, 12, colour_orders=share) for share in (0, 0.5))
    _, lr, hr = batch(plain, 300)
    orders = []

    for before, after, large, large_after in zip(lr, batch(mixed, 300)[1], hr, batch(mixed, 300)[2]):
        order = [int(np.argmax([np.array_equal(before[..., c], after[..., k]) for c in range(3)])) for k in range(3)]
        assert np.array_equal(before[..., order], after) and np.array_equal(large[..., order], large_after)
        orders.append(tuple(order))

    assert len(set(orders)) == 6 and 0.5 < orders.count((0, 1, 2)) / 300 < 0.67    # of the half, a sixth stays


def test_a_share_of_the_patches_is_of_one_colour(store):
    _, lr, hr = batch(TrainDataset(store, 12, flat=0.25), 400, border=4)

    flat = [i for i in range(400) if (lr[i] == lr[i, 0, 0]).all()]

    assert 70 < len(flat) < 130
    assert all((hr[i] == lr[i, 0, 0]).all() for i in flat) and len({tuple(lr[i, 0, 0]) for i in flat}) > 20


def test_a_plain_loader_draws_with_torchs_random_numbers(store):
    dataset = TrainDataset(store, 12)

    def item(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return dataset[3][1]

    assert torch.equal(item(0), item(0)) and not torch.equal(item(0), item(1)) and item(0).dtype == torch.float32


# Batches


def flat(share: Share, store, **options) -> torch.Tensor:
    """All LR patches of the first two steps, batch after batch."""
    return torch.cat([lr for lr, _ in Batches(TrainDataset(store, 12), 7, share, last=2, **options)])


def test_processes_and_parts_of_a_step_share_its_patches(store):
    whole = flat(Share(8), store)

    shares = [flat(Share(2, process, 2, 2), store) for process in (0, 1)]
    together = torch.stack([share.view(2, 2, 2, *share.shape[1:]) for share in shares], 2)    # step, part, process

    assert torch.equal(together.flatten(0, 3), whole)


def test_a_run_goes_on_where_it_was_with_any_number_of_threads(store):
    rest = torch.cat([lr for lr, _ in Batches(TrainDataset(store, 12), 7, Share(4), first=1, last=2)])

    assert torch.equal(rest, flat(Share(4), store)[4:])
    assert torch.equal(flat(Share(4), store, threads=3), flat(Share(4), store))


def test_without_a_last_step_there_is_no_end(store):
    batches = iter(Batches(TrainDataset(store, 12), 7, Share(2), threads=2))

    assert len([next(batches) for _ in range(50)]) == 50
    batches.close()    # ends the threads


def test_a_data_set_with_its_pixels_elsewhere_cuts_the_same(store):
    dataset = TrainDataset(store, 12, candidates=2, colour_orders=0.5, flat=0.1)

    there = dataset.to(torch.device("cpu"))
    assert all(np.array_equal(a, b) for a, b in zip(batch(dataset, 30, 4), batch(there, 30, 4)))
