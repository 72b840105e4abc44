"""The user's last choices, stored in their own browser and restored at the next visit."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.context import Context

from demo.components.payloads import PAGE

STORED_AS = "drln-settings"


def keep(tab: str, components: dict[str, Any]) -> None:
    """Add the events that store and restore choices to the open Blocks.

    Args:
        tab: each tab has settings of its own.
        components: radios, sliders and checkboxes, by the names under which they are stored.
    """
    # Gradio encrypts the store; its default key changes at every start of the server.
    stored = gr.BrowserState({}, storage_key=f"{STORED_AS}-{tab}", secret=STORED_AS)
    inputs = list(components.values())
    gr.on(
        [component.input for component in inputs],
        lambda *values: dict(zip(components, values)),
        inputs,
        stored,
        queue=False,
        **PAGE,
    )
    page = Context.root_block
    assert page
    page.load(lambda settings: _restored(settings, components), stored, inputs, queue=False, **PAGE)


def _restored(settings: Any, components: dict[str, Any]) -> dict[Any, Any]:
    """Update the components whose stored value is still offered; the browser's store may hold anything."""
    known = settings if isinstance(settings, dict) else {}
    return {
        component: known[name] if name in known and _is_offered(component, known[name]) else gr.skip()
        for name, component in components.items()
    }


def _is_offered(component: Any, value: Any) -> bool:
    match component:
        case gr.Radio() | gr.Dropdown():
            return any(value == choice and type(value) is type(choice) for _, choice in component.choices)
        case gr.Slider():
            return type(value) in (int, float) and component.minimum <= value <= component.maximum
        case gr.Number():
            return type(value) in (int, float) and value > 0
        case gr.Checkbox():
            return isinstance(value, bool)
    return False
