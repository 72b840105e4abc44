"""The whole page: the tabs put together, and how it is served.

What Gradio leaves open is decided here.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from demo import zero_gpu
from demo.backend import results
from demo.backend.jobs import Jobs
from demo.backend.limits import LIMITS
from demo.backend.service import Service
from demo.components import settings
from demo.tabs.about import about_tab
from demo.tabs.batch import BatchTab
from demo.tabs.evaluate import EvaluateTab
from demo.tabs.upscale import UpscaleTab
from demo.wording import scores as words
from drln.upscaling.device import keep_freed_memory
from drln.weights.sources import BUNDLED

SCRIPT, STYLE = (Path(__file__).with_name(f"page.{kind}") for kind in ("js", "css"))
TITLE = "DRLN super-resolution"
WAITING = int(os.environ.get("DRLN_QUEUE") or 20)    # jobs in line; whoever comes after that is told that it is full
POLL_SECONDS = 0.01    # between two looks at an idle queue; Gradio's thousandth takes the network's processor time
CLEANING_SECONDS = min(600, results.KEPT_SECONDS)    # between two looks for old files
# Gradio's own choice, less its semi-bold file, which lacks most letters.
FONT: list[gr.themes.Font | str] = [gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)), "sans-serif"]
# Hints in a grey that can be read.
THEME = gr.themes.Default(primary_hue="blue", font=FONT).set(
    block_info_text_color="*neutral_600", block_info_text_color_dark="*neutral_300"
)


def new_service() -> Service:
    """Asks no hub, and loads no model but on a ZeroGPU Space."""
    # Files in Gradio's own folder are served where they lie, without a second copy.
    return Service(get_upload_folder(), zero_gpu.preloaded_models() if zero_gpu.is_here() else None)


def build_demo(service: Service, jobs: Jobs | None = None) -> gr.Blocks:
    """The app, ready to be launched; asks no hub, and loads no model."""
    jobs = jobs or Jobs()
    # Uploads and pictures that are older than the results are deleted: looked for how often, and how old in seconds.
    cache = (CLEANING_SECONDS, 2 * results.KEPT_SECONDS)
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=cache) as demo:
        gr.Markdown(f"# {TITLE}\n{words.INTRO}")
        with gr.Tab("Upscale"):
            upscale = UpscaleTab(service, jobs)
        with gr.Tab("Batch"):
            batch = BatchTab(service, jobs)
        with gr.Tab("Evaluate"):
            evaluate = EvaluateTab(service, jobs)
        with gr.Tab("About"):
            about_tab()
        # Outside the tabs: what is within one is not there before it is opened, and would keep nothing.
        settings.keep("upscale", upscale.kept)
        settings.keep("batch", batch.kept)
        settings.keep("trial", evaluate.trial.kept)
    demo.queue(max_size=WAITING)
    demo._queue.sleep_when_free = POLL_SECONDS
    return demo


def launch(demo: gr.Blocks, port: int | None = None) -> str:
    """Serve the app, and return its address; it runs on in a thread.

    It binds to this machine alone, unless GRADIO_SERVER_NAME says otherwise or it is a Space.
    """
    host = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1")
    _, address, _ = demo.launch(
        server_name=host,
        server_port=port,
        share=False,            # not even in a hosted notebook
        quiet=True,
        prevent_thread_lock=True,
        theme=THEME,
        css=STYLE.read_text(),
        js=SCRIPT.read_text(),
        footer_links=["api", "settings"],
        run_history=False,      # photos are nobody's to keep
        ssr_mode=False,         # a Node server beside this one gains a page of one tab nothing
        pwa=False,
        enable_monitoring=False,
        mcp_server=find_spec("mcp") is not None,    # with the extra `mcp`, every endpoint is a tool too
        max_file_size=f"{LIMITS.megabytes:g}mb",
    )
    threading.Thread(target=_clear_old_results, args=(Path(get_upload_folder()),), daemon=True).start()
    return address


def warm_up(service: Service) -> None:
    """What the first photo would wait for: the bundled model, and what Gradio imports at the first event.

    To be called before the page is served.
    """
    keep_freed_memory()    # before there are threads
    service.models.load(BUNDLED, scale=4)    # in a thread
    with suppress(ModuleNotFoundError):    # which a Space has not
        import matplotlib.pyplot  # noqa: F401


def _clear_old_results(folder: Path) -> None:
    """Every so often, also when nobody makes new ones."""
    while True:
        time.sleep(CLEANING_SECONDS)
        results.clear_old(folder)
