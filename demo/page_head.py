"""The head of the page as link previews and browsers read it: title, description, picture, and one language.

Gradio puts its own name and picture there, and its words would be in the visitor's language, beside ours in English.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from pathlib import Path
from typing import Any

from gradio.route_utils import get_root_url
from starlette.requests import Request

IMAGES = Path(__file__).with_name("images")
PICTURE, ICON = IMAGES / "link.jpg", IMAGES / "icon.svg"
# Before Gradio asks for the language.
ENGLISH = "<script>for (const [key, value] of [['language', 'en'], ['languages', ['en']]]) \
Object.defineProperty(navigator, key, { get: () => value });</script>"
GRADIOS = re.compile(rb'\s*<meta\s+(?:property="og:|name="(?:twitter:|description))[^>]*/>')

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class PageHead:
    """An ASGI application around the app's.

    Args:
        app: the app's.
        title, description: of the page.
    """

    def __init__(self, app: Any, title: str, description: str) -> None:
        self._app, self._title, self._description = app, title, description

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        """Answer a request; the page's own is answered with this head."""
        if scope["type"] != "http" or scope["path"].removeprefix(scope.get("root_path", "")) not in ("", "/"):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            changed = self._changed(bytes(body), Request(scope)) if b"<head>" in body else bytes(body)
            headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            if body:
                headers.append((b"content-length", str(len(changed)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": changed})

        await self._app(scope, receive, collect)

    def _changed(self, page: bytes, request: Request) -> bytes:
        root = get_root_url(request, "/", None)
        tags = {
            "og:type": "website",
            "og:url": f"{root}/",
            "og:title": self._title,
            "og:description": self._description,
            "og:image": f"{root}/gradio_api/file={PICTURE}",
            "twitter:card": "summary_large_image",
        }
        metas = "".join(f'<meta property="{name}" content="{escape(value)}" />' for name, value in tags.items())
        head = f'<head>{ENGLISH}<meta name="description" content="{escape(self._description)}" />{metas}'
        return GRADIOS.sub(b"", page).replace(b"<head>", head.encode(), 1)
