"""A small server that answers as the Hugging Face hub does: files at commits, large ones from another host.

Every repository can be given one fault.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# The faults, and what the hub does then.
SILENT = "takes the question and never answers"
LETTER_BY_LETTER = "begins an answer that does not end"
UNAVAILABLE = "answers 503"
NOT_A_HUB = "answers with a page of its own, as a hotel's network does"
GATED = "wants a token of someone who was granted access"
PRIVATE = "wants the right token, and without it says that there is no such repository"
FORBIDDEN = "answers 403"
CUT_OFF = "closes the connection in the middle of a large file"
SILENT_MIDWAY = "sends half of a large file, then nothing"
TOO_SHORT = "sends less of a large file than was announced"
CORRUPT = "sends a large file with one bit changed"
TOKEN = "hf_right"


@dataclass
class Repository:
    """Files by commit, commits by branch, and at most one fault."""

    commits: dict[str, dict[str, bytes]]
    branches: dict[str, str]
    fault: str | None = None


@dataclass(frozen=True)
class Asked:
    """One request as the server saw it."""

    host: str    # "hub" or "storage"
    method: str
    path: str
    authorized: bool


@dataclass
class HubServer:
    """The hub at `endpoint` and the host where it stores large files, each on its own port."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    log: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._servers = [self._start(_Hub), self._start(_Storage)]
        self.endpoint, self.storage = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)

    def add(self, name: str, files: dict[str, bytes], fault: str | None = None, commit: str | None = None) -> None:
        """A repository whose main branch is one commit; the name of a data set's begins with "datasets/"."""
        commit = commit or hashlib.sha1(name.encode()).hexdigest()
        self.repositories[name] = Repository({commit: files}, {"main": commit}, fault)

    def asked(self, name: str) -> list[Asked]:
        """The requests about one repository."""
        return [entry for entry in self.log if entry.path.startswith(f"/{name}/")]

    def close(self) -> None:
        """Refuse connections from now on."""
        self._stopped.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _start(self, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler,), {"hub": self}))
        server.daemon_threads = True
        server.handle_error = _ignore_lost_connections
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def wait_until_closed(self) -> None:
        self._stopped.wait()


def _ignore_lost_connections(*_: object) -> None:
    """Clients give up on some of the faults."""
    if not isinstance(sys.exc_info()[1], ConnectionError):
        traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def note(self, host: str) -> str | None:
        """Log the request; returns its token."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        self.hub.log.append(Asked(host, self.command, urlsplit(self.path).path, authorized=token is not None))
        return token

    def reply(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str, commit: str | None = None) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": code}
        self.reply(status, headers | ({"X-Repo-Commit": commit} if commit else {}), b"{}")


def _named(file: str) -> dict[str, str]:
    return {"Content-Disposition": f"inline; filename*=UTF-8''{file}; filename=\"{file}\";"}


class _Hub(_Handler):
    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        """Uploads: a repository made, files announced, a commit with all of them in it."""
        token = self.note("hub")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if token != TOKEN:
            return self.refuse(401 if token is None else 403, "")
        if path == "/api/validate-yaml":
            return self.tell({"errors": [], "warnings": []})
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            self.hub.add(name, {})
            return self.tell({"url": f"{self.hub.endpoint}/{name}"})
        repo, _, call = path.removeprefix("/api/models/").partition("/preupload/")
        if call:
            names = [file["path"] for file in json.loads(body)["files"]]
            return self.tell({"files": [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]})
        repo, _, call = path.removeprefix("/api/models/").partition("/commit/")
        lines = [json.loads(line) for line in body.splitlines()]
        files = [line["value"] for line in lines if line["key"] == "file"]
        self.hub.add(repo, {file["path"]: base64.b64decode(file["content"]) for file in files})
        (commit,) = self.hub.repositories[repo].commits
        url = f"{self.hub.endpoint}/{repo}/commit/{commit}"
        self.tell({"success": True, "commitOid": commit, "commitUrl": url})

    def tell(self, answer: dict) -> None:
        self.reply(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    def answer(self) -> None:    # /{owner}/{name}/resolve/{revision}/{file}, before it datasets/ for such a repository
        token = self.note("hub")
        path = urlsplit(self.path).path[1:]
        if path.startswith("api/"):
            return self.reply(404, {})    # the client looks for other things too, and goes without them
        repo, _, rest = path.partition("/resolve/")
        revision, file = rest.split("/", 1)
        repository = self.hub.repositories.get(repo)
        fault = repository.fault if repository else None
        if fault == SILENT:
            self.hub.wait_until_closed()
        elif fault == LETTER_BY_LETTER:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not self.hub._stopped.wait(0.5):
                self.wfile.write(b"x")
        elif fault == UNAVAILABLE:
            self.reply(503, {})
        elif fault == NOT_A_HUB:
            self.reply(200, {"Content-Type": "text/html"}, b"<html>Please log in to our network</html>")
        elif fault == FORBIDDEN:
            self.reply(403, {})
        elif fault == GATED and token != TOKEN:
            self.refuse(403 if token else 401, "GatedRepo")
        elif repository is None or (fault == PRIVATE and token != TOKEN):
            self.refuse(404 if token else 401, "RepoNotFound")
        elif (commit := repository.branches.get(revision, revision)) not in repository.commits:
            self.refuse(404, "RevisionNotFound")
        elif (content := repository.commits[commit].get(file)) is None:
            self.refuse(404, "EntryNotFound", commit)
        elif file.endswith(".json"):    # small: from the hub itself, with the hash of git
            etag = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            self.reply(200, {"X-Repo-Commit": commit, "ETag": f'"{etag}"', **_named(file)}, content)
        else:    # large: elsewhere, with its sha256; also offered through Xet
            self.reply(
                302,
                {
                    "Location": f"{self.hub.storage}/{repo}/at/{commit}/{file}?signature=1",
                    "X-Repo-Commit": commit,
                    "X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"',
                    "X-Linked-Size": str(len(content)),
                    "X-Xet-Hash": "0" * 64,
                    "Link": f'<{self.hub.endpoint}/{repo}/resolve/xet/token>; rel="xet-auth"',
                },
            )


class _Storage(_Handler):
    def do_GET(self) -> None:    # /{repository}/at/{commit}/{file}
        self.note("storage")
        url = urlsplit(self.path)
        assert parse_qs(url.query)["signature"] == ["1"]
        repo, _, rest = url.path[1:].partition("/at/")
        commit, file = rest.split("/", 1)
        repository = self.hub.repositories[repo]
        content, fault = repository.commits[commit][file], repository.fault
        status, headers = 200, {"ETag": '"storage"', "Accept-Ranges": "bytes", **_named(file)}
        if fault == CORRUPT:
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        if fault == TOO_SHORT:
            content = content[:-1000]
        if "Range" in self.headers:    # bytes=1000-
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            status, headers["Content-Range"] = 206, f"bytes {start}-{len(content) - 1}/{len(content)}"
            content = content[start:]
        if fault in (CUT_OFF, SILENT_MIDWAY):
            self.reply(status, headers | {"Content-Length": str(len(content))}, content[: len(content) // 2])
            self.wfile.flush()
            if fault == SILENT_MIDWAY:
                self.hub.wait_until_closed()
            self.close_connection = True
        else:
            self.reply(status, headers, content)
