import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from demo.backend import results
from demo.backend.errors import UploadError
from demo.backend.limits import Limits
from demo.backend.models import Choice, Models, default_choice
from demo.backend.service import Finished, Service
from drln import CheckpointError, ImageError, Progress, TargetSize, UpscaleError, Upscaler
from drln.images import Photo
from drln.weights.sources import BUNDLED

KINDS = results.ORIGINAL, results.BICUBIC, results.RESULT


@pytest.fixture
def choices(tiny_model, tmp_path) -> dict[str, Choice]:
    weights = tmp_path / "weights"
    tiny_model.save_pretrained(weights)
    return {
        "tiny": Choice("Tiny", "Tiny (bundled)", str(weights)),
        "later": Choice("Later", "Not there yet", str(tmp_path / "later")),
    }


@pytest.fixture
def service(choices, tmp_path) -> Service:
    return Service(tmp_path / "results", Models(choices))


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "my photo.png"
    Image.effect_noise((70, 60), 60).convert("RGB").save(path)
    return path


def finish(service: Service, photo: Path, **changes) -> Finished:
    *steps, last = service.upscale(photo, **{"scale": 2, "name": "tiny", **changes})
    assert all(isinstance(step, Progress) for step in steps)
    assert isinstance(last, Finished)
    return last


def folders(service: Service) -> list[str]:
    return sorted(os.listdir(service.folder)) if service.folder.exists() else []


# The result


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "I;16"])
def test_the_file_holds_the_very_pixels_of_the_upscaler(service, tiny_model, tmp_path, mode):
    image = Image.effect_noise((21, 17), 60)
    image = Image.fromarray(np.asarray(image, np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "photo.png")
    expected = Upscaler(tiny_model).upscale(Image.open(tmp_path / "photo.png"))

    saved = finish(service, tmp_path / "photo.png").saved

    with Image.open(saved.result) as result:
        assert (result.format, result.mode, result.size) == ("PNG", expected.mode, (42, 34))
        np.testing.assert_array_equal(np.asarray(result), np.asarray(expected))


def test_a_result_comes_with_its_facts(service, photo, tmp_path):
    finished = finish(service, photo)

    assert finished.model == "Tiny"
    assert finished.source == str(tmp_path / "weights" / "model_2x.safetensors")
    assert (finished.device, finished.saved.lr_size, finished.saved.sr_size) == ("cpu", (70, 60), (140, 120))
    assert finished.precision in ("float32", "bfloat16")
    assert finished.seconds > 0


def test_a_result_that_is_not_for_the_page_is_the_same_file_alone(service, photo):
    for_page = finish(service, photo).saved

    alone = finish(service, photo, for_page=False).saved

    assert alone.result.read_bytes() == for_page.result.read_bytes()
    assert os.listdir(alone.result.parent) == [alone.result.name]


def test_the_slider_compares_with_pillows_bicubic(service, photo):
    saved = finish(service, photo).saved

    original, bicubic, drln = (np.asarray(Image.open(saved.preview(kind))) for kind in KINDS)

    whole = Image.open(photo).resize((140, 120), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(original, np.asarray(Image.open(photo)))
    np.testing.assert_array_equal(bicubic, np.asarray(whole))
    np.testing.assert_array_equal(drln, np.asarray(Image.open(saved.result)))


def test_a_region_is_cut_from_the_photo_the_whole_bicubic_and_the_result(service, photo):
    saved = finish(service, photo).saved
    pictures = [Image.open(photo), Image.open(photo).resize((140, 120), Image.Resampling.BICUBIC), saved.result]

    parts = [results.region(saved, kind, (0.2, 0.5, 0.5, 0.9)) for kind in KINDS]

    for part, whole, scale in zip(parts, [pictures[0], pictures[1], Image.open(pictures[2])], (1, 2, 2)):
        box = tuple(scale * side for side in (14, 30, 35, 54))
        np.testing.assert_array_equal(np.asarray(part), np.asarray(whole.crop(box)))


@pytest.mark.parametrize("box", [(0.5, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0, 1.1, 1), (0, float("nan"), 1, 1)])
def test_a_region_outside_the_picture_is_refused(service, photo, box):
    saved = finish(service, photo).saved

    with pytest.raises(ValueError):
        results.region(saved, results.RESULT, box)


def test_a_region_is_bounded(service, photo):
    saved = replace(finish(service, photo).saved, sr_size=(100_000, 100))

    with pytest.raises(ValueError, match="100000x10 pixels; give up to 4096 a side"):
        results.region(saved, results.RESULT, (0, 0, 1, 0.1))


def test_a_result_of_a_target_size_is_the_reduced_one_and_comes_with_its_bicubic(service, photo):
    saved = finish(service, photo, scale=TargetSize(width=100)).saved

    assert Image.open(saved.result).size == saved.sr_size == (100, 86)
    assert saved.scale == 2
    assert replace(saved, lr_size=(300, 3000), sr_size=(600, 6001)).scale == 3
    whole = Image.open(photo).resize((100, 86), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(np.asarray(Image.open(saved.preview(results.BICUBIC))), np.asarray(whole))


def test_a_plan_of_a_target_size_says_the_size_and_the_scale(service, photo):
    *_, plan = service.plan(photo, TargetSize(width=100), "tiny")

    assert (plan.lr_size, plan.sr_size, plan.scale) == ((70, 60), (100, 86), 2)


def test_a_target_size_that_no_scale_makes_is_refused(service, photo):
    with pytest.raises(UpscaleError, match="the photo already has 70x60 pixels; choose a width over 70"):
        next(service.plan(photo, TargetSize(width=70), "tiny"))
    with pytest.raises(UpscaleError, match="4x makes at most 280x240 pixels"):
        next(service.upscale(photo, TargetSize(width=281), "tiny"))


def test_a_photo_is_read_once_and_its_preview_is_upright_and_of_eight_bits(service, tmp_path):
    pixels = np.random.default_rng(3).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6    # a quarter turn
    Image.fromarray(pixels).save(tmp_path / "turned.tiff", exif=exif)

    look = service.look(tmp_path / "turned.tiff")

    assert look.size == (20, 30)
    assert service.look(tmp_path / "turned.tiff") is look
    with Image.open(look.preview) as preview:
        np.testing.assert_array_equal(np.asarray(preview), np.rot90(pixels, -1))


def test_a_damaged_photo_is_refused_by_the_plan(service, photo):
    photo.write_bytes(photo.read_bytes()[:4000])

    with pytest.raises(ImageError):
        list(service.plan(photo, 2, "tiny"))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("my photo (1).jpeg", "my photo (1)_drln-bam_4x.png"),
        ("_DSC0001, Zürich & 東京 #1 100%.jpeg", "_DSC0001, Zürich & 東京 #1 100%_drln-bam_4x.png"),
        ("../../etc/passwd", "passwd_drln-bam_4x.png"),
        ("C:\\photos\\Zoë.png", "Zoë_drln-bam_4x.png"),
        ('<b> "is" 5:4?*|.png', "_b_ _is_ 5_4____drln-bam_4x.png"),
        ("a\nb\u202egpj.png", "a_b_gpj_drln-bam_4x.png"),
        ("\udce4.png", "__drln-bam_4x.png"),
        ("con.png", "_con_drln-bam_4x.png"),
        ("nul.2024.png", "_nul.2024_drln-bam_4x.png"),
        ("console.png", "console_drln-bam_4x.png"),
        (" .hidden . .png", "hidden_drln-bam_4x.png"),
        ("...", "photo_drln-bam_4x.png"),
        ("x" * 300 + ".png", "x" * 100 + "_drln-bam_4x.png"),
        ("写" * 80 + ".png", "写" * 50 + "_drln-bam_4x.png"),    # of 255 bytes that a name may have
        ("u\u0308ber.png", "über_drln-bam_4x.png"),
    ],
)
def test_the_files_name_says_photo_model_and_scale_and_leads_nowhere_else(title, name):
    assert results.result_name(title, "eugenesiow/drln-bam", 4) == name


# Before it starts


def test_the_sizes_come_before_the_estimate(service, photo):
    first, second = service.plan(photo, 2, "tiny")

    assert first.lr_size == second.lr_size == (70, 60)
    assert first.estimate is None
    assert (second.estimate.width, second.estimate.height) == (140, 120)
    assert second.estimate.fits


def test_a_plan_with_the_self_ensemble_takes_eight_times_the_seconds(service, photo):
    *_, once = service.plan(photo, 2, "tiny")
    *_, averaged = service.plan(photo, 2, "tiny", self_ensemble=True)

    assert averaged.estimate.seconds == pytest.approx(8 * once.estimate.seconds)


def test_a_result_that_the_memory_cannot_hold_is_refused_and_the_plan_says_so(service, photo, free_bytes):
    free_bytes(100_000)

    *_, plan = service.plan(photo, 2, "tiny")

    assert not plan.estimate.fits
    with pytest.raises(UpscaleError, match="70x60 pixels to 140x120 needs about"):
        finish(service, photo)
    assert folders(service) == []


@pytest.mark.parametrize(
    "changes",
    [{"scale": 5}, {"scale": "2"}, {"scale": 2.0}, {"name": "unknown"}, {"name": ["tiny"]}, {"photo": "gone.png"}],
)
def test_an_invalid_choice_is_refused(service, photo, changes):
    changes = {"photo": photo, **changes}

    with pytest.raises(UploadError):
        finish(service, **changes)


def test_the_limits_hold_for_the_work_as_for_the_plan(choices, photo, tmp_path):
    service = Service(tmp_path / "results", Models(choices), Limits(megapixels=0.001))

    with pytest.raises(UploadError, match="megapixels"):
        next(service.plan(photo, 2, "tiny"))
    with pytest.raises(UploadError, match="megapixels"):
        finish(service, photo)


def test_a_broken_photo_is_refused_and_leaves_no_file(service, photo):
    photo.write_bytes(photo.read_bytes()[:2000])

    with pytest.raises(ImageError, match="cannot be decoded"):
        finish(service, photo)
    assert folders(service) == []


# Several users


def test_every_result_has_a_folder_of_its_own(service, photo):
    first, second = finish(service, photo), finish(service, photo)

    assert first.saved.result.parent != second.saved.result.parent
    assert first.saved.result.name == second.saved.result.name == "my photo_tiny_2x.png"


def test_a_job_that_is_stopped_leaves_no_file_and_the_device_free(service, photo):
    job = service.upscale(photo, 2, "tiny")
    while next(job).stage != "Upscaling":
        pass

    job.close()

    assert folders(service) == []
    assert finish(service, photo).saved.result.is_file()


def test_the_device_computes_for_one_at_a_time(service, photo):
    first = service.upscale(photo, 2, "tiny")
    while next(first).stage != "Upscaling":
        pass
    stages, waits = [], threading.Event()

    def second() -> None:
        for step in service.upscale(photo, 2, "tiny"):
            stages.append(getattr(step, "stage", "finished"))
            if stages[-1].startswith("Waiting"):
                waits.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert waits.wait(timeout=60)
    assert "Upscaling" not in stages

    for _ in first:
        pass
    thread.join(timeout=60)
    assert stages[-1] == "finished"


def test_a_result_that_took_longer_than_results_are_kept_is_there(service, photo, monkeypatch):
    monkeypatch.setattr(results, "KEPT_SECONDS", 0)

    steps = []
    for step in service.upscale(photo, 2, "tiny"):
        steps.append(step)
        if not isinstance(step, Finished):
            results.clear_old(service.folder)    # as the app does now and then

    assert steps[-1].saved.result.is_file()


def test_a_job_that_waits_holds_no_photo_in_memory(service, photo, monkeypatch):
    opened = []
    monkeypatch.setattr(Photo, "open", lambda path, read=Photo.open: opened.append(path) or read(path))
    first, second = (service.upscale(photo, 2, "tiny") for _ in range(2))
    while next(first).stage != "Upscaling":
        pass
    opened.clear()

    while not next(second).stage.startswith("Waiting"):
        pass

    assert opened == []
    first.close()
    second.close()


def test_results_that_nobody_used_for_long_are_cleared_away(service, photo):
    old, used = finish(service, photo).saved, finish(service, photo).saved
    os.utime(old.result.parent, (0, 0))

    finish(service, photo)

    assert used.result.is_file()
    with pytest.raises(results.GoneError, match="no longer on the server"):
        results.region(old, results.RESULT, (0, 0, 1, 1))


# Models


def test_a_model_that_failed_to_load_is_tried_again(service, choices, photo, tiny_model):
    with pytest.raises(CheckpointError):
        finish(service, photo, name="later")
    tiny_model.save_pretrained(choices["later"].where)

    assert finish(service, photo, name="later").model == "Later"


def test_the_models_used_last_stay_in_memory(tiny_model, tmp_path):
    names = ["a", "b", "c"]
    for name in names:
        tiny_model.save_pretrained(tmp_path / name)
    loaded = Models({name: Choice(name, name, str(tmp_path / name)) for name in names}, keep=2)
    a, b = (loaded.load(name, 2).result() for name in "ab")

    loaded.load("a", 2).result()
    loaded.load("c", 2).result()

    assert loaded.load("a", 2).result() is a
    assert loaded.load("b", 2).result() is not b


def test_one_loading_serves_all_who_wait_for_it(choices):
    loaded = Models(choices)

    futures = {id(loaded.load("tiny", 2)) for _ in range(5)}

    assert len(futures) == 1


def test_the_default_is_the_best_model_on_a_gpu_and_the_bundled_one_on_a_cpu():
    assert default_choice(device=torch.device("cpu")) == BUNDLED
    assert default_choice(device=torch.device("cuda")) == "eugenesiow/drln-bam"
