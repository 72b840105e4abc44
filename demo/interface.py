"""The whole page: the tabs, what Gradio leaves open, and how the page is served."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder
from starlette.middleware import Middleware

from demo import page_head, zero_gpu
from demo.backend import results
from demo.backend.jobs import Jobs
from demo.backend.limits import LIMITS
from demo.backend.service import Service
from demo.backend.welcome import Welcome
from demo.components import settings
from demo.tabs.about import about_tab
from demo.tabs.batch import BatchTab
from demo.tabs.benchmark import BenchmarkTab
from demo.tabs.evaluate import EvaluateTab
from demo.tabs.upscale import UpscaleTab
from demo.wording import upscale as words
from drln.plots import viewer_file
from drln.upscaling.device import keep_freed_memory
from drln.weights.sources import BUNDLED

SCRIPT, STYLE = (Path(__file__).with_name(f"page.{kind}") for kind in ("js", "css"))
TITLE = "DRLN super-resolution"
QUEUE_SIZE = int(os.environ.get("DRLN_QUEUE") or 20)    # jobs; the page says so when the queue is full
POLL_SECONDS = 0.01    # between two checks of an idle queue; Gradio's 0.001 takes processor time from the network
CLEANING_SECONDS = min(600, results.KEPT_SECONDS)    # between two searches for old files
# Gradio's own font without its semi-bold file, which lacks most letters.
FONT: list[gr.themes.Font | str] = [gr.themes.LocalFont("Source Sans Pro", weights=(400, 700)), "sans-serif"]
# Gradio's hints are too pale to read, and so is white on its buttons.
THEME = gr.themes.Default(primary_hue="blue", font=FONT).set(
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    input_placeholder_color="*neutral_600",
    input_placeholder_color_dark="*neutral_300",
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_cancel_background_fill="#b91c1c",
    button_cancel_background_fill_hover="#991b1b",
    button_cancel_background_fill_dark="#b91c1c",
    button_cancel_background_fill_hover_dark="#991b1b",
)


def new_service() -> Service:
    """Make the app's service; it contacts no hub, and loads no model unless this is a ZeroGPU Space."""
    # Gradio serves files in its own folder without copying them.
    return Service(get_upload_folder(), zero_gpu.preloaded_models() if zero_gpu.is_active() else None)


def build_demo(service: Service, jobs: Jobs | None = None, welcome: Welcome | None = None) -> gr.Blocks:
    """Build the page, ready to launch; contacts no hub, and loads no model.

    Args:
        service: does the work.
        jobs: those of the page.
        welcome: what a page shows at first; by default it is made for the first page.
    """
    jobs = jobs or Jobs(most=QUEUE_SIZE + 1)
    welcome = welcome or Welcome(service)
    # How often Gradio deletes uploads and pictures, and from which age; results are deleted before them.
    cache = (CLEANING_SECONDS, 2 * results.KEPT_SECONDS)
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=cache) as demo:
        gr.Markdown(f"# {TITLE}\n{words.INTRO}", elem_id="title")
        with gr.Tabs():
            with gr.Tab("Upscale", id="upscale"):
                upscale = UpscaleTab(service, jobs, welcome)
            with gr.Tab("Batch", id="batch"):
                batch = BatchTab(service, jobs)
            with gr.Tab("Evaluate", id="evaluate"):
                evaluate = EvaluateTab(service, jobs)
            with gr.Tab("Benchmark", id="benchmark"):
                BenchmarkTab(service, jobs)
            with gr.Tab("About", id="about"):
                about_tab()
        # Connected outside the tabs: components inside one exist only after it is opened.
        settings.keep("upscale", upscale.stored_choices)
        settings.keep("batch", batch.stored_choices)
        settings.keep("trial", evaluate.stored_choices)
    demo.queue(max_size=QUEUE_SIZE)
    demo._queue.sleep_when_free = POLL_SECONDS
    return demo


def launch(demo: gr.Blocks, port: int | None = None) -> str:
    """Serve the page in a thread, and return its address.

    It listens on this machine alone, unless it is a Space or GRADIO_SERVER_NAME says otherwise.
    """
    gr.set_static_paths([page_head.PICTURE])
    host = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1")
    _, address, _ = demo.launch(
        server_name=host,
        server_port=port,
        share=False,            # not even in a hosted notebook
        quiet=True,
        prevent_thread_lock=True,
        theme=THEME,
        head="<script>" + viewer_file("viewer.js") + "</script>",
        css=viewer_file("viewer.css") + STYLE.read_text(),
        js=SCRIPT.read_text(),
        footer_links=["api", "settings"],
        favicon_path=page_head.ICON,
        app_kwargs={"middleware": [Middleware(page_head.PageHead, title=TITLE, description=words.DESCRIPTION)]},
        run_history=False,      # nobody else may keep the user's photos
        ssr_mode=False,         # a second server, in Node, would gain a page of one tab nothing
        pwa=False,
        enable_monitoring=False,
        mcp_server=find_spec("mcp") is not None,    # with the extra `mcp`, every endpoint is a tool too
        max_file_size=f"{LIMITS.megabytes:g}mb",
    )
    threading.Thread(target=_clear_old_results, args=(Path(get_upload_folder()),), daemon=True).start()
    return address


def warm_up(service: Service) -> None:
    """Load what the first photo would wait for: the bundled model, and what Gradio imports at the first event.

    Call it before the page is served.
    """
    keep_freed_memory()    # before there are threads
    service.models.load(BUNDLED, scale=4)    # in a thread
    with suppress(ModuleNotFoundError):    # a Space does not have it
        import matplotlib.pyplot  # noqa: F401


def _clear_old_results(folder: Path) -> None:
    """Delete old results also when nobody makes new ones."""
    while True:
        time.sleep(CLEANING_SECONDS)
        results.clear_old(folder)
