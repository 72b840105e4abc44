"""The About tab: what the model is, what to expect of it, how scores are measured, credits."""

from __future__ import annotations

import gradio as gr

from demo.wording import about as words
from demo.wording import network_picture


def about_tab() -> None:
    """Add the tab's texts and pictures to the open Blocks; they have no events."""
    gr.Markdown(words.MODEL)
    gr.HTML(
        f'<div class="network"><figure>{network_picture.network()}<figcaption>The whole network</figcaption></figure>'
        f"<figure>{network_picture.dense_block()}<figcaption>One dense block, with the channels of DRLN-BAM, 34 M"
        "</figcaption></figure></div>",
        elem_id="network",
    )
    for text in (words.LIMITS, words.PROTOCOLS, words.CREDITS):
        gr.Markdown(text)
