"""How scores are measured: the protocol and what is done to LR, explained, and folded away at first."""

from __future__ import annotations

from typing import NamedTuple

import gradio as gr

from demo.wording import scores as words
from drln.evaluation.degradations import CLEAN
from drln.evaluation.protocols import STANDARD


class MeasuringOptions(NamedTuple):
    """The components that decide how scores are measured."""

    protocol: gr.Radio
    degradation: gr.Radio


def measuring_options(elem_id: str) -> MeasuringOptions:
    """Make the choices of protocol and degradation."""
    protocols, degradations = (
        [(label, name) for name, label in labels.items()]
        for labels in (words.PROTOCOL_LABELS, words.DEGRADATION_LABELS)
    )
    with gr.Accordion("How it is measured", open=False, elem_id=f"{elem_id}-how"):
        protocol = gr.Radio(protocols, value=STANDARD, label="Protocol", elem_id=f"{elem_id}-protocol")
        degradation = gr.Radio(
            degradations,
            value=CLEAN,
            label="Small photo",
            info=words.DEGRADATION_INFO,
            elem_id=f"{elem_id}-degradation",
        )
        gr.Markdown(words.HOW)
    return MeasuringOptions(protocol, degradation)


def api_degradation() -> gr.Textbox:
    """Make a degradation for other programs, which may name more of them than the page offers."""
    return gr.Textbox(CLEAN, label="LR image", visible=False)


def without_clean(degradation: str) -> str:
    """Return the name of a degradation, and nothing for "clean"."""
    return "" if degradation == CLEAN else degradation
