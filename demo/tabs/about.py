"""The About tab: what to expect, what happens to photos, the models, how scores are measured, credits."""

from __future__ import annotations

import gradio as gr

from demo.wording import about as words
from demo.wording import network_picture


def about_tab() -> None:
    """Add the tab's texts and pictures to the open Blocks; they have no events."""
    gr.Markdown(words.LIMITS)
    gr.HTML(words.models_table())
    gr.Markdown(words.MODEL)
    pictures = {
        "The whole network": network_picture.network(),
        "One dense block of DRLN-BAM": network_picture.dense_block(),
    }
    figures = "".join(f"<figure>{svg}<figcaption>{text}</figcaption></figure>" for text, svg in pictures.items())
    gr.HTML(f'<div class="network">{figures}</div>', elem_id="network")
    gr.Markdown(words.PROTOCOLS)
    gr.Markdown(words.CREDITS, elem_id="credits")
