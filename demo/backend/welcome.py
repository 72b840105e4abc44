"""The result that a page shows at first: a sample, made smaller and upscaled by the model in use.

Knows no gradio.
"""

from __future__ import annotations

import os
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
SIDE = 180    # pixels, the longer one of the photo; a second on two cores


class Welcome:
    """One result for all pages; made in a thread, again when its files have been deleted."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._finished: Finished | None = None

    def start(self) -> threading.Thread:
        """Make the result in a thread, unless it is there."""
        thread = threading.Thread(target=self._make, daemon=True)
        thread.start()
        return thread

    def finished(self, seconds: float = 60) -> Finished | None:
        """Return the result, and keep its files; None if it is not there in so many seconds."""
        if not self._is_there():
            self.start().join(seconds)
        if not self._is_there():
            return None
        assert self._finished
        os.utime(self._finished.saved.result.parent)
        return self._finished

    def _is_there(self) -> bool:
        return self._finished is not None and self._finished.saved.result.exists()

    def _make(self) -> None:
        with self._lock, suppress(*EXPECTED):    # the page does without
            if self._is_there():
                return
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
