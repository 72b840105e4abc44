"""The result that a page shows at first: a sample, made smaller and upscaled by the model in use.

Knows no gradio.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from PIL import Image

from demo.backend import results
from demo.backend.errors import EXPECTED
from demo.backend.models import default_choice
from demo.backend.service import Finished, Service
from drln.images import write_image
from drln.samples import list_samples
from drln.weights.sources import BUNDLED

SAMPLE, SCALE = "cat.png", 4
WAITING = 4    # pages that wait for it; each takes one of the server's threads
SIDE = 180    # pixels, the longer one of the photo; a second on two cores


class Welcome:
    """One result for all pages; made in a thread, again when its files have been deleted."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._finished: Finished | None = None
        self._places = threading.Semaphore(WAITING)

    def start(self) -> threading.Thread:
        """Make the result in a thread, unless one makes it already."""
        with self._starting:
            if not self._thread or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._make, daemon=True)
                self._thread.start()
            return self._thread

    def finished(self, seconds: float = 20) -> Finished | None:
        """Return the result, and keep its files; None if it is not there in time, or too many wait for it."""
        if not self._is_there():
            thread = self.start()
            if self._places.acquire(blocking=False):
                thread.join(seconds)
                self._places.release()
        if not self._is_there():
            return None
        assert self._finished
        results.keep(self._finished.saved)
        return self._finished

    def _is_there(self) -> bool:
        saved = self._finished.saved if self._finished else None
        return saved is not None and all(saved.preview(kind).exists() for kind in results.KINDS)

    def _make(self) -> None:
        with suppress(*EXPECTED):    # the page does without
            models = self._service.models
            name = default_choice(models.choices)
            if models.must_download(name, SCALE):
                name = BUNDLED
            sample = next(path for path in list_samples() if path.name == SAMPLE)
            with results.new_folder(self._service.folder) as folder:
                photo = folder / SAMPLE
                with Image.open(sample) as image:
                    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
                    write_image(image, photo)
                *_, last = self._service.upscale(photo, SCALE, name)
                assert isinstance(last, Finished)
                self._finished = last
