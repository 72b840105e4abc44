"""The errors whose messages are written for users, and what a user reads about any other.

Knows plain text; the page turns it into HTML.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.backend.jobs import TooManyJobs
from drln import CheckpointError, HubError, ImageError, UpscaleError
from drln.data import DataError
from drln.evaluation import ProtocolError
from drln.whole_files import WriteError

logger = logging.getLogger(__name__)

UNEXPECTED = "Something unexpected went wrong; it is noted in the server's log. Try again, or try another photo."
FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/'\"]+/)+")    # of a path on the server; matches no web address


class UploadError(ValueError):
    """The demo cannot take this file or setting; the message gives the figures, the limit, and what to do."""


class GoneError(LookupError):
    """The files of a result have been deleted."""


class SetError(LookupError):
    """The images of a set are unavailable."""


class UnavailableModel(HubError):
    """A hub model could not be fetched or read; the user can choose another one.

    Attributes:
        model: what it is called in the list of models.
    """

    def __init__(self, text: str, model: str) -> None:
        super().__init__(text)
        self.model = model


EXPECTED = (
    CheckpointError, DataError, GoneError, HubError, ImageError, ProtocolError, SetError, TooManyJobs, UploadError,
    UpscaleError, WriteError,
)


def message(error: Exception) -> str:
    """Return what the user reads about an error, and log the error if nobody expected it."""
    if isinstance(error, EXPECTED):
        return sentence(str(error).strip() or type(error).__name__)
    logger.error("An event of the page failed: %s", trace(error))
    return UNEXPECTED


def sentence(text: str) -> str:
    """Return the text as a sentence, without the server's folders."""
    text = FOLDERS.sub("", text)
    if text.partition(" ")[0].isalpha():    # an address or a path keeps its first letter
        text = text[:1].upper() + text[1:]
    return text + ("" if text.endswith((".", "!", "?")) else ".")


def trace(error: BaseException) -> str:
    """Return where an error was raised, and its type; never its text, which may hold a user's file name."""
    lines = [type(error).__name__]
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
    cause = error.__cause__ or error.__context__
    return "\n".join(lines) + (f"\nafter {trace(cause)}" if cause else "")


@contextmanager
def show_as(path: Path, title: str) -> Iterator[None]:
    """Put the user's name for a file in place of its path, in the text of any error raised inside."""
    try:
        yield
    except Exception as error:
        error.args = tuple(arg.replace(str(path), title) if isinstance(arg, str) else arg for arg in error.args)
        raise
