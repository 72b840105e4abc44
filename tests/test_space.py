"""A Space's environment: requirements.txt and nothing else, with the constraints; `make space-check` runs this."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from live_app import free_port

ROOT = Path(__file__).parents[1]
WAIT = 300    # seconds; a bound, and no claim


@pytest.mark.space
def test_the_app_starts_and_upscales_with_requirements_txt_alone(tmp_path):
    venv, python = tmp_path / "venv", tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q", "-c", ROOT / "constraints.txt"]
    subprocess.run([*pip, "--no-index", "--no-deps", "torch"], check=False)    # a wheel at hand spares gigabytes
    subprocess.run([*pip, "-r", ROOT / "requirements.txt"], check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)

    port, output = free_port(), tmp_path / "output.txt"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GRADIO_SERVER_PORT": str(port)}
    with open(output, "w") as log:
        process = subprocess.Popen([python, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + WAIT
        while "The demo runs at" not in output.read_text():
            assert process.poll() is None and time.monotonic() < until, output.read_text()
            time.sleep(0.5)
        address = f"http://127.0.0.1:{port}/"
        assert "DRLN super-resolution" in httpx2.get(address).text
        code = (
            "import sys; from gradio_client import Client, handle_file; from PIL import Image;"
            "path = Client(sys.argv[1], verbose=False).predict(handle_file(sys.argv[2]), 2, 'drln-bam-compact',"
            " api_name='/upscale'); print(*Image.open(path).size)"
        )
        sample = str(ROOT / "drln" / "samples" / "cat.png")
        done = subprocess.run([python, "-c", code, address, sample], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["648", "432"]
    finally:
        process.terminate()
        process.wait(60)
