"""Download one file from the hub into its cache: limited waits, checked bytes, errors that say what to do.

huggingface_hub downloads and keeps the files. By itself it would wait a minute for storage that falls silent, minutes
for a silent hub and for ever for an answer that comes letter by letter, and take a file with a wrong bit.
Knows no weights and no networks.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import HfFileMetadata, repo_folder_name
from huggingface_hub.utils import get_session

from drln.background import call_in_thread
from drln.system_errors import cache_sentence

Answer = TypeVar("Answer")
ANSWER_SECONDS = 5.0    # to connect, to send, or to read, when asking whether a file exists
QUESTION_SECONDS = 10.0    # for all of these together


@dataclass(frozen=True)
class HubOptions:
    """Which version of a repository is meant, and how its files are downloaded.

    Attributes:
        revision: branch, tag or commit; None for the one that the caller of the hub prefers.
        cache_dir: folder for downloads; None for huggingface_hub's own cache.
        token: access token; True or None uses that of the logged-in user, False uses none.
        local_files_only: take what is in the cache and download nothing.
    """

    revision: str | None = None
    cache_dir: str | Path | None = None
    token: str | bool | None = None
    local_files_only: bool = False


class HubError(OSError):
    """A file of the hub is unavailable; the message says why and what to do."""


class MissingFileError(HubError):
    """The repository exists, but has no such file."""


class _GaveUp(Exception):
    """The same bytes were requested too often."""


def cached(repo: str, file: str, options: HubOptions, repo_type: str | None = None) -> Path | None:
    """Return the file in the cache, or None. Never asks the hub.

    Args:
        repo_type: "dataset", or None for a model.
    """
    path = try_to_load_from_cache(
        repo, file, cache_dir=options.cache_dir, revision=options.revision, repo_type=repo_type
    )
    return Path(path) if isinstance(path, str) else None


def arriving(repo: str, cache_dir: str | Path | None = None) -> int:
    """How many bytes of a model repository a running download has written into the cache so far."""
    folder = Path(cache_dir or constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model") / "blobs"
    sizes = 0
    for part in folder.glob("*.incomplete"):
        with suppress(FileNotFoundError):    # complete by now
            sizes += part.stat().st_size
    return sizes


def forget(path: Path) -> None:
    """Remove a file from the cache, so that the next call downloads it again."""
    stored = path.resolve()    # in the cache, a file's name is a link to its bytes
    path.unlink(missing_ok=True)
    stored.unlink(missing_ok=True)


def download(repo: str, file: str, options: HubOptions, repo_type: str | None = None) -> Path:
    """Download a file into the cache, with a progress bar, and check its bytes.

    Args:
        options: `local_files_only` is for the caller to look at.
        repo_type: "dataset", or None for a model.

    Raises:
        MissingFileError: if the repository has no such file.
        HubError: if the file is unavailable; within seconds of the last byte. No part of the file is kept.
    """
    revision, metadata = options.revision or "main", ask(repo, file, options, repo_type)
    try:
        with _few_tries():
            path = Path(
                hf_hub_download(
                    repo,
                    file,
                    repo_type=repo_type,
                    revision=revision,
                    cache_dir=options.cache_dir,
                    token=options.token,
                    etag_timeout=ANSWER_SECONDS,
                )
            )
    except Exception as error:
        raise HubError(explain(error, f"{file} of {repo}", repo, revision)) from error
    # The etag of large files; huggingface_hub itself compares sizes only.
    if re.fullmatch("[0-9a-f]{64}", metadata.etag or ""):
        with open(path, "rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest != metadata.etag:
            forget(path)
            raise HubError(
                f"the download of {file} of {repo} is corrupt, its sha256 is {digest}; it was removed, try again"
            )
    return path


def ask(repo: str, file: str, options: HubOptions, repo_type: str | None = None) -> HfFileMetadata:
    """Return what the hub says of a file, without the file. The arguments and errors are those of `download`."""
    revision = options.revision or "main"
    url = hf_hub_url(repo, file, revision=revision, repo_type=repo_type)
    try:
        found = within(
            QUESTION_SECONDS, lambda: get_hf_file_metadata(url, token=options.token, timeout=ANSWER_SECONDS)
        )
    except RemoteEntryNotFoundError as error:
        raise MissingFileError(f"the hub's repository {repo} has no file {file} at revision {revision}") from error
    except Exception as error:
        raise HubError(explain(error, f"{file} of {repo}", repo, revision)) from error
    if found.commit_hash is None or found.etag is None:
        raise HubError(f"{constants.ENDPOINT} does not answer as the hub does; check HF_ENDPOINT, proxy and firewall")
    return found


def within(seconds: float, ask: Callable[[], Answer]) -> Answer:
    """Return the answer of `ask`.

    The timeout of a socket starts again with each address of a host and each letter of an answer, and does not cover
    name servers. The thread that waits for these is left to end by itself.

    Raises:
        TimeoutError: if there is no answer in time; and whatever `ask` raises.
    """
    return call_in_thread(ask).result(seconds)


@contextmanager
def _few_tries() -> Iterator[None]:
    """In this block, this thread requests the same bytes at most twice, and by plain HTTP.

    huggingface_hub would request them six times, and hf_xet has time limits of its own.
    """
    thread = threading.get_ident()
    tries: Counter[tuple[str, str, str | None]] = Counter()

    def count(request: httpx2.Request) -> None:
        if threading.get_ident() == thread:
            asked = (request.method, str(request.url), request.headers.get("Range"))
            tries[asked] += 1
            if tries[asked] > (1 if request.method == "HEAD" else 2):
                raise _GaveUp(f"{request.method} {request.url}")

    def hide_xet(response: httpx2.Response) -> None:
        if threading.get_ident() == thread:
            response.headers.pop(constants.HUGGINGFACE_HEADER_X_XET_HASH, None)

    hooks = get_session().event_hooks
    hooks["request"].append(count)
    hooks["response"].append(hide_xet)
    try:
        yield
    finally:
        hooks["request"].remove(count)
        hooks["response"].remove(hide_xet)


def explain(error: BaseException, what: str, repo: str, revision: str) -> str:
    """Why `what` failed, and what to do.

    Args:
        error: from huggingface_hub, httpx2 or the disk.
        what: a file of `repo`, or an upload to it.
        repo, revision: what was asked for.
    """
    hub, status = constants.ENDPOINT, getattr(getattr(error, "response", None), "status_code", None)
    log_in = "log in by `hf auth login` or pass token="
    match error:
        case _GaveUp() if _silent(error):
            return f"{hub} fell silent during the download of {what}; try again later"
        case _GaveUp():
            return f"the download of {what} was cut off, twice at the same place; try again later"
        case GatedRepoError():
            return f"access to {repo} must be granted: ask for it at {hub}/{repo}, then {log_in}"
        case RepositoryNotFoundError():
            return (
                f"there is no repository {repo} at {hub}, or it is private, and there is no such folder on this "
                f"machine; check the name, or {log_in}"
            )
        case RevisionNotFoundError():
            return f"{repo} has no revision {revision}; leave revision= out, or name a branch, tag or commit"
        case HfHubHTTPError() if status in (401, 403):
            return f"{hub} refuses access to {repo} ({status}); {log_in}"
        case HfHubHTTPError():
            return f"{hub} answered {status} when asked for {what}; try again later"
        case OfflineModeIsEnabled():
            return f"{what} is not in the cache, and HF_HUB_OFFLINE forbids asking the hub"
        case TimeoutError() | httpx2.TimeoutException():
            return f"{hub} does not answer when asked for {what}; try again later"
        case httpx2.ReadError() | httpx2.RemoteProtocolError():
            return f"the connection to {hub} broke off over {what} ({error}); try again"
        case httpx2.HTTPError() | LocalEntryNotFoundError():
            return f"{hub} cannot be reached for {what} ({error}); check the network connection and HF_ENDPOINT"
        case OSError(errno=int()):
            return cache_sentence(error, what)
        case OSError():
            return f"the download of {what} was cut off; try again ({str(error).splitlines()[0]})"
    return f"asking the hub for {what} failed: {error}"


def _silent(error: BaseException | None) -> bool:
    """Whether a timeout caused `error`."""
    while error is not None and not isinstance(error, httpx2.TimeoutException):
        error = error.__context__
    return error is not None
