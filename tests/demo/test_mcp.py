"""The app as an MCP server, with the real client."""

import asyncio
import base64
from ast import literal_eval
from concurrent.futures import ThreadPoolExecutor

import httpx2
from live_app import App
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image

TOOLS = {"upscale", "estimate", "batch", "evaluate", "benchmark"}


def speak(app: App, ask):
    """Return what `ask` makes of a session."""

    async def session():
        async with streamable_http_client(f"{app.address}gradio_api/mcp/") as (read, write, _):
            async with ClientSession(read, write) as session:
                await session.initialize()
                return await ask(session)

    with ThreadPoolExecutor(1) as thread:    # in this one the browser's client may have a loop of its own
        return thread.submit(asyncio.run, session()).result()


def test_every_endpoint_is_a_tool_with_described_arguments(app):
    tools = speak(app, lambda session: session.list_tools()).tools

    named = {name: next(tool for tool in tools if tool.name.endswith(name)) for name in TOOLS}
    assert len(tools) == len(TOOLS)
    assert "Upscale a photo" in named["upscale"].description
    assert "2, 3 or 4" in named["upscale"].inputSchema["properties"]["scale"]["description"]


def test_a_photo_is_estimated_and_upscaled_by_tools(app, tmp_path):
    Image.effect_noise((40, 30), 60).convert("RGB").save(tmp_path / "photo.png")
    content = base64.b64encode((tmp_path / "photo.png").read_bytes()).decode()
    arguments = {"image": f"data:image/png;base64,{content}", "scale": 2, "model": "drln-bam-compact"}

    async def ask(session):
        tools = {tool.name.split("_")[-1]: tool.name for tool in (await session.list_tools()).tools}
        estimate = await session.call_tool(tools["estimate"], arguments)
        return estimate, await session.call_tool(tools["upscale"], arguments)

    estimate, upscaled = speak(app, ask)

    assert not estimate.isError, app.output.read_text()
    answer = literal_eval(next(part.text for part in estimate.content if part.type == "text"))    # Gradio writes Python
    assert (answer["width"], answer["height"]) == (80, 60)
    assert not upscaled.isError
    address = next(part.text for part in upscaled.content if part.type == "text" and "http" in part.text)
    content = httpx2.get(address[address.index("http"):].split()[0]).content
    (tmp_path / "result.png").write_bytes(content)
    assert Image.open(tmp_path / "result.png").size == (80, 60)
