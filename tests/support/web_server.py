"""A small server of large files over HTTP, with the faults that such servers have."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WebServer:
    """Serves `files` by name at `address`.

    Attributes:
        log: the file and the Range header of each request.
        cut_after: bytes after which each answer breaks off, None for never.
        knows_ranges: whether a Range is heeded, else the whole file is sent.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.log = files, []
        self.cut_after: int | None = None
        self.knows_ranges = True
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"web": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/DIV2K/"

    def close(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    web: WebServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        name, wanted = self.path.removeprefix("/DIV2K/"), self.headers.get("Range")
        self.web.log.append((name, wanted))
        content = self.web.files.get(name)
        if content is None:
            return self.reply(404, {}, b"")
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.web.knows_ranges else None
        if start is None:
            return self.reply(200, {}, content)
        if start >= len(content):
            return self.reply(416, {"Content-Range": f"bytes */{len(content)}"}, b"")
        self.reply(206, {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}, content[start:])

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        cut = self.web.cut_after
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None and cut < len(body):
            self.close_connection = True
