"""What was chosen last, kept in the visitor's own browser and chosen again at the next visit."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.context import Context

from demo.components.job_view import PAGE

STORED_AS = "drln-settings"


def keep(tab: str, components: dict[str, Any]) -> None:
    """Add the events to the Blocks that are open.

    Args:
        tab: a name for the tab's own settings.
        components: radios, sliders and checkboxes by the names that they are stored under.
    """
    # Gradio encrypts it; with a key of each start of the server it could not be read after the next one.
    stored = gr.BrowserState({}, storage_key=f"{STORED_AS}-{tab}", secret=STORED_AS)
    chosen, names = list(components.values()), list(components)
    gr.on(
        [component.input for component in chosen],
        lambda *values: dict(zip(names, values)),
        chosen,
        stored,
        queue=False,
        **PAGE,
    )
    page = Context.root_block
    assert page
    page.load(lambda settings: restored(settings, components), stored, chosen, queue=False, **PAGE)


def restored(settings: Any, components: dict[str, Any]) -> dict[Any, Any]:
    """Updates for what was stored and is still offered; the browser's store may hold anything."""
    known = settings if isinstance(settings, dict) else {}
    return {
        component: known[name] if name in known and _is_offered(component, known[name]) else gr.skip()
        for name, component in components.items()
    }


def _is_offered(component: Any, value: Any) -> bool:
    match component:
        case gr.Radio():
            return any(value == choice and type(value) is type(choice) for _, choice in component.choices)
        case gr.Slider():
            return type(value) in (int, float) and component.minimum <= value <= component.maximum
        case gr.Checkbox():
            return isinstance(value, bool)
    return False
