"""The errors whose messages are written for users, and what a user is told of any other.

Knows plain text; the page makes HTML of it.
"""

from __future__ import annotations

import logging
import traceback

from demo.backend.naming import without_folders
from drln import CheckpointError, HubError, ImageError, UpscaleError
from drln.data import DataError
from drln.evaluation import ProtocolError
from drln.whole_files import WriteError

logger = logging.getLogger(__name__)

UNEXPECTED = "Something went wrong that was not foreseen; it is noted in the server's log. Try again, or another photo."


class UploadError(ValueError):
    """The file cannot be taken; the message gives its figures, the limit, and what to do."""


class GoneError(LookupError):
    """The files of a result have been cleared away."""


class SetError(LookupError):
    """The images of a set are unavailable."""


class UnavailableModel(HubError):
    """A model of the hub could not be fetched or read; another one can be chosen."""


EXPECTED = (
    CheckpointError, DataError, GoneError, HubError, ImageError, ProtocolError, SetError, UploadError, UpscaleError,
    WriteError,
)


def message(error: Exception) -> str:
    """What the user reads of an error; one that nobody expected goes to the log instead."""
    if isinstance(error, EXPECTED):
        return said(error)
    logger.error("An event of the page failed: %s", trace(error))
    return UNEXPECTED


def trace(error: BaseException) -> str:
    """Where an error was raised, and of which kind; never its text, which may hold a user's file name."""
    lines = [type(error).__name__]
    for frame in traceback.extract_tb(error.__traceback__):
        lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
    cause = error.__cause__ or error.__context__
    return "\n".join(lines) + (f"\nafter {trace(cause)}" if cause else "")


def said(error: Exception) -> str:
    """The message of an expected error as a sentence, with no path of the server in it."""
    text = without_folders(str(error).strip()) or type(error).__name__
    if text.split()[0].isalpha():    # and no address or path
        text = text[:1].upper() + text[1:]
    return text + ("" if text.endswith((".", "!", "?")) else ".")
