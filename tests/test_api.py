"""The named endpoint of a running app, used with Gradio's own client and without it."""

import json
import urllib.request

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from live_app import ROOT, App
from PIL import Image

from drln import DrlnModel, Upscaler


@pytest.fixture(scope="module")
def client(app, tmp_path_factory) -> Client:
    return Client(app.address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "small photo.png"
    Image.effect_noise((24, 20), 60).convert("RGB").save(path)
    return path


def test_the_endpoint_gives_the_pixels_of_the_model_as_a_named_png(client, photo):
    result = client.predict(handle_file(str(photo)), 3, "drln-bam-compact", api_name="/upscale")

    expected = Upscaler(DrlnModel.from_pretrained("drln-bam-compact", scale=3)).upscale(Image.open(photo))
    with Image.open(result) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))
    assert result.endswith("small_photo_drln-bam-compact_3x.png")


def test_each_action_has_an_endpoint_and_the_first_arguments_of_upscale_have_names(client, photo):
    described = client.view_api(return_format="dict", print_info=False)

    assert list(described["named_endpoints"]) == ["/upscale", "/estimate", "/batch", "/evaluate", "/benchmark"]
    assert not described["unnamed_endpoints"]
    names = [parameter["parameter_name"] for parameter in described["named_endpoints"]["/upscale"]["parameters"]]
    assert names[:3] == ["image", "scale", "model"]
    assert client.predict(image=handle_file(str(photo)), scale="2", model="drln-bam-compact", api_name="/upscale")


@pytest.mark.parametrize(
    ("scale", "model", "message"),
    [
        (5, "drln-bam-compact", r"The scale is 5; choose one of 2, 3, 4"),
        (4, "drln-bam-large", r"There is no model 'drln-bam-large'; choose one of eugenesiow/drln-bam,"),
        (4, ["drln-bam-compact"], r"There is no model \['drln-bam-compact'\]"),
        (4, "eugenesiow/drln-bam", r"cannot be reached .* bundled model 'drln-bam-compact' needs no network"),
    ],
)
def test_what_cannot_be_done_is_said_in_plain_words(client, photo, scale, model, message):
    with pytest.raises(AppError, match=message):
        client.predict(handle_file(str(photo)), scale, model, api_name="/upscale")


def test_a_file_that_is_no_image_is_refused(client, tmp_path):
    path = tmp_path / "photo.png"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")

    with pytest.raises(AppError, match="no image that can be read"):
        client.predict(handle_file(str(path)), 2, "drln-bam-compact", api_name="/upscale")


def test_no_photo_is_said_to_be_none(client):
    with pytest.raises(AppError, match="There is no photo; choose one first"):
        client.predict(None, 2, "drln-bam-compact", api_name="/upscale")


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_a_file_of_the_server_that_nobody_uploaded_is_not_read(app, meta):
    """The client would upload it first; this asks without the client."""
    sample = {"path": str(ROOT / "drln" / "samples" / "cat.png"), **meta}

    events = _call(app, [sample, 2, "drln-bam-compact"])

    assert "event: error" in events
    assert ".png" not in events


def test_no_traceback_reaches_the_log(app, client, photo):
    with pytest.raises(AppError):
        client.predict(handle_file(str(photo)), 5, "drln-bam-compact", api_name="/upscale")

    assert "demo/" not in app.output.read_text()    # as the files of the app would be named in one


def _call(app: App, data: list) -> str:
    """The events of one call over plain HTTP."""
    address = f"{app.address}gradio_api/call/upscale"
    body = json.dumps({"data": data}).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}", timeout=60) as answer:
        return answer.read().decode()
