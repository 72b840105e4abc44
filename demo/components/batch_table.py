"""The table of a batch's photos: what is said of each, a link to its result, and a button to compare it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from demo.backend.batch import BatchReport, Entry
from demo.components.viewer import file
from demo.wording import batch as words

# Gradio evaluates this in the browser and changes only what differs, so that a button that has the focus keeps it.
# The words come with the value and are never evaluated.
TEMPLATE = """${value?.rows ? `
  <div class="batch-wide" tabindex="0" role="region" aria-label="Photos of the batch"><table class="batch">
    <thead><tr><td></td><th scope="col">Photo</th><th scope="col">State</th><td></td></tr></thead>
    <tbody>${value.rows.map(row => '<tr>' + row.cells.replace(
      /"[{](thumbnail|result)[}]"/g, (_, name) => '"' + row[name].url + '"') + '</tr>').join('')}</tbody>
  </table></div>` : ''}"""
COMPARE = """element.addEventListener('click', event => {
  const button = event.target.closest('button[data-number]');
  if (button) trigger('click', { number: Number(button.dataset.number) });
});"""


def batch_table(elem_id: str) -> gr.HTML:
    """Make an empty table; the data of its event `click` has the `number` of the photo to compare, from 0."""
    return gr.HTML(None, html_template=TEMPLATE, js_on_load=COMPARE, elem_id=elem_id)


def table_value(report: BatchReport) -> dict[str, Any]:
    """Return what the table shows of a report."""
    return {"rows": [_row(number, entry) for number, entry in enumerate(report.entries)]}


def _row(number: int, entry: Entry) -> dict[str, Any]:
    saved = entry.finished and entry.finished.saved
    files = {"thumbnail": file(saved.thumbnail), "result": file(saved.result)} if saved else {}
    return {"cells": words.row(number, entry), **files}
