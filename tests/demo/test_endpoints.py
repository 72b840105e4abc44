"""Every action over the network, with the real client library, compared with what the package itself computes."""

import csv
import html
import io
import zipfile
from pathlib import Path

import httpx2
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from drln import DrlnModel, Upscaler
from drln.data import find_set
from drln.evaluation.scoring import BICUBIC, evaluate

COMPACT = "drln-bam-compact"


@pytest.fixture(scope="module")
def client(app, tmp_path_factory) -> Client:
    return Client(app.address, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def model() -> DrlnModel:
    return DrlnModel.from_pretrained(COMPACT, scale=2)


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "my photo.png"
    Image.effect_noise((66, 50), 60).convert("RGB").save(path)
    return path


def assert_same(path: str, expected: Image.Image) -> None:
    np.testing.assert_array_equal(np.asarray(Image.open(path)), np.asarray(expected))


def test_every_action_has_an_endpoint_that_is_described(client):
    described = client.view_api(return_format="dict", print_info=False)
    endpoints = described["named_endpoints"]

    assert not described["unnamed_endpoints"]
    assert set(endpoints) == {"/upscale", "/estimate", "/batch", "/evaluate", "/benchmark"}
    assert all(endpoint["description"] for endpoint in endpoints.values())
    upscale = [parameter["parameter_name"] for parameter in endpoints["/upscale"]["parameters"]]
    assert upscale == ["image", "scale", "model", "format", "quality", "self_ensemble", "measure", "size"]
    for name in ("/evaluate", "/benchmark"):
        last = endpoints[name]["parameters"][-1]
        assert (last["parameter_name"], last["parameter_default"]) == ("degradation", "clean")


def test_upscale_gives_the_pixels_of_the_model(client, model, photo):
    path = client.predict(handle_file(str(photo)), "2", COMPACT, api_name="/upscale")    # some programs send text

    assert Path(path).name == "my photo_drln-bam-compact_2x.png"
    assert_same(path, Upscaler(model).upscale(Image.open(photo)))


def test_upscale_averages_eight_passes_if_asked_to(client, model, tmp_path):
    photo = tmp_path / "small.png"
    Image.effect_noise((16, 12), 60).convert("RGB").save(photo)
    path = client.predict(handle_file(str(photo)), 2, COMPACT, self_ensemble=True, api_name="/upscale")

    assert_same(path, Upscaler(model, self_ensemble=True).upscale(Image.open(photo)))


@pytest.mark.parametrize(("measure", "size", "pixels"), [("width", 100, (100, 76)), ("long_side", "150", (150, 114))])
def test_upscale_makes_the_size_that_is_asked_for(client, photo, measure, size, pixels):
    path = client.predict(handle_file(str(photo)), 4, COMPACT, measure=measure, size=size, api_name="/upscale")
    estimate = client.predict(handle_file(str(photo)), 4, COMPACT, measure=measure, size=size, api_name="/estimate")

    scale = 2 if pixels[0] <= 132 else 3
    upscaler = Upscaler(DrlnModel.from_pretrained(COMPACT, scale=scale))
    assert Image.open(path).size == (estimate["width"], estimate["height"]) == pixels
    assert_same(path, upscaler.upscale(Image.open(photo), size=pixels))


FORMATS = [("PNG", ".png"), ("JPEG", ".jpg"), ("WebP", ".webp"), ("TIFF", ".tiff")]


@pytest.mark.parametrize(("name", "extension"), FORMATS)
def test_upscale_writes_the_format_that_is_asked_for(client, model, photo, name, extension):
    path = client.predict(handle_file(str(photo)), 2, COMPACT, format=name, quality=90, api_name="/upscale")

    result, expected = Image.open(path), Upscaler(model).upscale(Image.open(photo))
    assert (Path(path).suffix, result.format) == (extension, name.upper())
    if name in ("PNG", "TIFF"):
        assert_same(path, expected)
    assert np.abs(np.asarray(result, float) - np.asarray(expected)).mean() < 12


def test_a_lower_quality_makes_a_smaller_file(client, photo):
    sizes = [
        Path(client.predict(handle_file(str(photo)), 2, COMPACT, format="JPEG", quality=quality, api_name="/upscale"))
        .stat()
        .st_size
        for quality in (30, 90)
    ]

    assert sizes[0] < sizes[1] / 2


def test_estimate_gives_size_and_cost_and_upscales_nothing(client, app, photo):
    before = list(app.output.parent.glob("files/drln-*"))

    estimate = client.predict(handle_file(str(photo)), 3, COMPACT, api_name="/estimate")

    assert (estimate["width"], estimate["height"]) == (198, 150)
    assert (estimate["fits"], estimate["must_download"]) == (True, False)
    assert estimate["seconds"] > 0 and estimate["memory"] > 198 * 150 * 3
    assert list(app.output.parent.glob("files/drln-*")) == before
    assert client.predict(handle_file(str(photo)), 2, "eugenesiow/drln-bam", api_name="/estimate")["must_download"]


def test_estimate_suggests_the_model_for_a_jpeg(client, photo, tmp_path):
    Image.open(photo).save(tmp_path / "photo.jpg", quality=70)
    uploads = [handle_file(str(path)) for path in (tmp_path / "photo.jpg", photo)]

    found = [client.predict(upload, 2, COMPACT, api_name="/estimate") for upload in uploads]

    facts = [(one["jpeg_quality"], one["suggested_model"]) for one in found]
    assert facts == [(70, f"{COMPACT}-photo"), (None, None)]


def test_batch_upscales_files_and_zips_and_reports_what_failed(client, model, photo, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no photo")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.write(photo, "inner/second.png")
        archive.writestr("../evil.png", photo.read_bytes())
    files = [handle_file(str(path)) for path in (photo, tmp_path / "bad.png", tmp_path / "more.zip")]

    path, states = client.predict(files, 2, COMPACT, api_name="/batch")

    assert [(one["photo"], one["state"]) for one in states] == [
        ("my photo.png", "done"), ("bad.png", "failed"), ("inner/second.png", "done"), ("../evil.png", "failed")
    ]
    assert "leads out of the zip" in states[3]["problem"]
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["my photo_drln-bam-compact_2x.png", "inner/second_drln-bam-compact_2x.png"]
        content = archive.read(archive.namelist()[1])
    assert_same(io.BytesIO(content), Upscaler(model).upscale(Image.open(photo)))


def test_batch_makes_the_size_that_is_asked_for_and_writes_nothing_for_a_page(client, app, photo):
    before = set(app.output.parent.glob("files/drln-*"))

    path, _ = client.predict([handle_file(str(photo))], 4, COMPACT, measure="width", size=100, api_name="/batch")

    with zipfile.ZipFile(path) as archive:
        assert Image.open(io.BytesIO(archive.read(archive.namelist()[0]))).size == (100, 76)
    [made] = set(app.output.parent.glob("files/drln-*")) - before
    assert sorted(file.suffix for file in made.iterdir()) == [".png", ".zip"]


def test_evaluate_gives_the_scores_of_the_package(client, model, photo):
    scores = client.predict(handle_file(str(photo)), 2, COMPACT, "standard", api_name="/evaluate")

    for key, by in (("bicubic", BICUBIC), ("drln", model)):
        expected = evaluate(by, [photo], scale=2)
        assert (scores[key]["psnr"], scores[key]["ssim"]) == pytest.approx((expected.psnr, expected.ssim), abs=1e-6)
    assert scores["lr_size"] == [33, 25]


def test_evaluate_and_benchmark_degrade_lr_if_asked_to(client, model, photo):
    scores = client.predict(handle_file(str(photo)), 2, COMPACT, "standard", "jpeg55", api_name="/evaluate")
    means, path = client.predict("samples", [3], [BICUBIC], "standard", "bd", api_name="/benchmark")

    for key, by in (("bicubic", BICUBIC), ("drln", model)):
        expected = evaluate(by, [photo], scale=2, degradation="jpeg55")
        assert scores[key]["psnr"] == pytest.approx(expected.psnr, abs=1e-6)
    assert scores["degradation"] == "jpeg55"
    expected = evaluate(BICUBIC, find_set("samples"), scale=3, degradation="bd")
    assert means[0]["psnr"] == pytest.approx(expected.psnr, abs=1e-6)
    assert {line["degradation"] for line in csv.DictReader(open(path))} == {"bd"}


def test_benchmark_gives_the_scores_of_the_package_and_every_images(client):
    means, path = client.predict("samples", [2], [BICUBIC], "standard", api_name="/benchmark")

    expected = evaluate(BICUBIC, find_set("samples"), scale=2)
    assert means[0]["psnr"] == pytest.approx(expected.psnr, abs=1e-6)
    lines = list(csv.DictReader(open(path)))
    assert [line["psnr"] for line in lines[:-1]] == [f"{image.psnr:.4f}" for image in expected.images]


@pytest.mark.parametrize(
    ("endpoint", "arguments", "message"),
    [
        ("/upscale", {"scale": 5}, "The scale is 5; choose one of 2, 3, 4"),
        ("/upscale", {"model": "other"}, "There is no model 'other'; choose one of drln-bam-compact,"),
        ("/upscale", {"model": ["other"]}, "There is no model ['other']"),
        ("/upscale", {"model": "eugenesiow/drln-bam"}, "bundled model 'drln-bam-compact' needs no network"),
        ("/upscale", {"format": "SVG"}, "The format is 'SVG'; choose one of PNG"),
        ("/upscale", {"quality": 0}, "The quality is 0; choose a number from 1 to 100"),
        ("/upscale", {"measure": "depth", "size": 9}, "The measure is 'depth'; choose one of width, height"),
        ("/upscale", {"measure": "width"}, "There is no width; give a number"),
        ("/upscale", {"measure": "width", "size": 40}, "The photo already has 66x50 pixels; choose a width over 66"),
        ("/estimate", {"measure": "megapixels", "size": 9}, "4x makes at most 264x200 pixels"),
        ("/upscale", {"image": None}, "There is no photo; choose one first"),
        ("/estimate", {"scale": "many"}, "The scale is 'many'"),
        ("/evaluate", {"protocol": "both"}, "Protocol is 'both'"),
        ("/benchmark", {"dataset": "Set6"}, "There is no set 'Set6'"),
        ("/evaluate", {"degradation": "rain"}, "Degradation is 'rain'; write clean, or one such as jpeg40"),
        ("/benchmark", {"degradation": "bd"}, "The degradation bd is for 3x alone"),
        ("/benchmark", {"degradation": ["bd"]}, "Degradation is ['bd']"),
        ("/batch", {"files": []}, "There is no photo"),
    ],
)
def test_an_impossible_request_gets_a_message_and_logs_no_traceback(app, client, photo, endpoint, arguments, message):
    if endpoint in ("/upscale", "/estimate", "/evaluate"):
        arguments = {"image": handle_file(str(photo)), **arguments}

    with pytest.raises(AppError) as caught:
        client.predict(api_name=endpoint, **arguments)

    assert message in html.unescape(str(caught.value))
    assert "demo/" not in app.output.read_text()    # as the files of the app would be named in one


@pytest.mark.parametrize("endpoint", ["/upscale", "/estimate", "/evaluate", "/batch"])
@pytest.mark.parametrize("content", [b"no photo", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cut off"])
def test_a_broken_file_is_refused_by_the_name_that_its_user_knows(app, client, photo, tmp_path, endpoint, content):
    path = tmp_path / "Oma's Garten #1.png"    # of which Gradio keeps some letters
    path.write_bytes(photo.read_bytes()[:40] if content == "cut off" else content)
    upload = handle_file(str(path))

    if endpoint == "/batch":
        _, states = client.predict([upload], 2, COMPACT, api_name=endpoint)
        message = states[0]["problem"]
    else:
        with pytest.raises(AppError) as caught:
            client.predict(upload, 2, COMPACT, api_name=endpoint)
        message = html.unescape(str(caught.value))

    assert path.name in message
    assert str(app.output.parent) not in message and "/" not in message


@pytest.mark.parametrize("honest", [True, False])    # whether it calls itself an upload, which Gradio checks
def test_a_file_of_the_server_is_unavailable_over_any_endpoint(app, honest):
    """Asked for by plain HTTP: the client library would upload the file."""
    stolen = {"path": str(app.output)} | ({"meta": {"_type": "gradio.FileData"}} if honest else {})
    options = ["PNG", 95, False]
    asked = {
        "upscale": [stolen, 2, COMPACT, *options],
        "estimate": [stolen, 2, COMPACT, "PNG", False],
        "batch": [[stolen], 2, COMPACT, *options],
        "evaluate": [stolen, 2, COMPACT, "standard"],
    }

    for endpoint, data in asked.items():
        address = f"{app.address}gradio_api/call/{endpoint}"
        event = httpx2.post(address, json={"data": data}).json()["event_id"]
        answer = httpx2.get(f"{address}/{event}", timeout=60).text
        assert "event: error" in answer and "event: complete" not in answer
        assert "The demo runs" not in answer
