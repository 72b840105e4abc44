"""Download one large file over HTTP, in as many requests as it takes, for data that is on no hub.

Knows nothing of the file's contents.
"""

from __future__ import annotations

from pathlib import Path

import httpx2
from huggingface_hub.utils import WeakFileLock
from tqdm.auto import tqdm

from drln.system_errors import cache_sentence
from drln.weights.download import ANSWER_SECONDS, QUESTION_SECONDS, HubError, MissingFileError, within
from drln.whole_files import put_in_place

SILENT_SECONDS = 20.0    # without a byte, in the middle of a file
IDLE_TRIES = 2    # in a row that bring no byte


class _CutOff(Exception):
    """The connection ended before the file did."""


def fetch_file(url: str, path: Path) -> Path:
    """Download a file and return its path. A file that exists is not downloaded again.

    Until it is complete it is kept beside `path`, with `.part` added to its name, and the next call continues it.
    Processes that want the same file wait for one another.

    Raises:
        MissingFileError: if the server has no such file.
        HubError: if the file is unavailable; within seconds of the last byte.
    """
    if path.is_file():
        return path
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(path.with_name(path.name + ".lock")):
            if not path.is_file():
                _fill(url, part, path.name)
                put_in_place(part, path)
    except HubError:
        raise
    except OSError as error:
        raise HubError(cache_sentence(error, path.name)) from error
    return path


def _fill(url: str, part: Path, name: str) -> None:
    """Request the rest until the file is complete, as long as each request brings something."""
    idle = 0
    timeout = httpx2.Timeout(ANSWER_SECONDS, read=SILENT_SECONDS)
    with httpx2.Client(timeout=timeout, follow_redirects=True) as client:
        while True:
            before = _size(part)
            try:
                return _fetch_rest(client, url, part, name)
            except (_CutOff, httpx2.TransportError, TimeoutError) as error:
                idle = idle + 1 if _size(part) <= before else 0
                if idle >= IDLE_TRIES or not _size(part):
                    raise HubError(_explain(error, url, name, _size(part))) from error


def _fetch_rest(client: httpx2.Client, url: str, part: Path, name: str) -> None:
    have = _size(part)
    request = client.build_request("GET", url, headers={"Range": f"bytes={have}-", "Accept-Encoding": "identity"})
    response = within(QUESTION_SECONDS, lambda: client.send(request, stream=True))
    try:
        if response.status_code == 416 and have:    # there is nothing after the bytes that we have
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return
            part.unlink()    # they are of another file
            return _fetch_rest(client, url, part, name)
        if response.status_code in (404, 410):
            raise MissingFileError(f"there is no {url}; check the address, and DRLN_DIV2K_URL if it is set")
        if response.status_code not in (200, 206):
            raise HubError(f"{url} was answered by {response.status_code}; try again later")
        total = _total(response)
        if response.status_code == 200:    # the complete file, whatever we asked for
            have = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            raise HubError(f"{url} was answered by other bytes than were asked for; try again later")
        with (
            open(part, "r+b" if part.exists() else "wb") as file,
            tqdm(total=total, initial=have, desc=name, unit="B", unit_scale=True) as bar,
        ):
            file.truncate(have)
            file.seek(have)
            for chunk in response.iter_raw():
                file.write(chunk)
                bar.update(len(chunk))
        if total is not None and _size(part) < total:
            raise _CutOff
    finally:
        response.close()


def _total(response: httpx2.Response) -> int | None:
    """The size of the complete file in bytes, if the server states it."""
    if response.status_code == 206:
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        total = response.headers.get("Content-Length", "")
    return int(total) if total.isdigit() else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _explain(error: Exception, url: str, name: str, have: int) -> str:
    host = httpx2.URL(url).host
    if have:
        return f"the download of {name} was cut off after {have / 1e6:.0f} MB; the next call goes on from there"
    if isinstance(error, (TimeoutError, httpx2.TimeoutException)):
        return f"{host} does not answer when asked for {name}; try again later"
    return f"{host} cannot be reached for {name} ({error}); check the network connection"
