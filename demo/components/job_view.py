"""The buttons that start and stop a job, and its progress; a page that was away finds its job again.

Knows gradio and jobs; the tabs know what the work is and how to show its results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import gradio as gr
from gradio.context import Context

from demo.backend import errors
from demo.backend.jobs import Job, Jobs, Stopped, UnknownJob
from demo.components.payloads import DEVICE, Update, html_update
from demo.wording import notes
from drln import Progress

UPDATE_SECONDS = 0.25    # between two updates of the progress bar
# Of events that only the page uses.
PAGE: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}

# The job's key lives in the browser's tab: it survives a reload, and no other tab sees it.
REMEMBER = "key => { sessionStorage.setItem('drln-%s', key); }"
RECALL = "() => sessionStorage.getItem('drln-%s') || ''"
# The button exists once its tab has been opened.
WATCH = """key => {
  const watched = () => { const back = document.getElementById('%s-back'); back?.click(); return back; };
  if (key && !watched()) new MutationObserver((_, page) => { if (watched()) page.disconnect(); })
    .observe(document.body, { childList: true, subtree: true });
}"""
SCROLL = "() => document.getElementById('%s')?.scrollIntoView()"

Steps = Generator[Any, None, None]


class JobView:
    """A job's buttons and progress in the open Blocks, and their events.

    Args:
        jobs: of the app.
        name: the components' ids begin with it.
        label: of the button that starts the job.
        ready: whether the button can be pressed at first.
    """

    def __init__(self, jobs: Jobs, name: str, label: str, ready: bool = False) -> None:
        self._jobs = jobs
        self._name = name
        self.go = gr.Button(label, variant="primary", interactive=ready, elem_id=f"{name}-go")
        self.stop = gr.Button("Stop", variant="stop", visible=False, elem_id=f"{name}-stop")
        self.progress = gr.HTML(visible=False, elem_id=f"{name}-progress", elem_classes="job-progress")
        # For screen readers, which would read every change of the bar itself.
        self.spoken = gr.HTML(elem_id=f"{name}-spoken", elem_classes="spoken", padding=False)
        self.key = gr.Textbox(visible="hidden", elem_id=f"{name}-key", label="Job")
        self.key_to_watch = gr.Textbox(visible="hidden", elem_id=f"{name}-found", label="Job to watch")
        self.back = gr.Button("Watch the job", visible="hidden", elem_id=f"{name}-back", elem_classes="watch-again")

    def connect(
        self,
        inputs: list[Any],
        result: gr.Column,
        outputs: list[Any],
        work: Callable[..., Steps],
        show: Callable[[Any], Update],
        *,
        begin: Callable[[], Update] = dict,
        failed: Callable[[Exception], Update] | None = None,
        stopped: Callable[[Job], Update] = lambda job: {},
        done: Callable[[Job], Update] = lambda job: {},
    ) -> None:
        """Add the events.

        Args:
            inputs: the components whose payloads `work` gets.
            result: shown by `show`, hidden when a job begins, and scrolled to at its end.
            outputs: the other components that the functions below update.
            work: checks the payloads and makes the job's steps, `Progress` among them.
            show: shows a step that is not `Progress`.
            begin: more updates for when a job begins.
            failed: shows an error; by default below the buttons.
            stopped: more updates for a job that was stopped.
            done: more updates for a job that has come to its end.
        """
        self._work, self._show, self._result, self._when_begun = work, show, result, begin
        self._failed, self._when_stopped, self._when_done = failed or self.alert, stopped, done
        job = [self.progress, self.spoken, self.go, self.stop, result, *outputs]
        look: dict[str, Any] = {"inputs": self.key, "outputs": [self.key_to_watch, *job], "queue": False, **PAGE}
        watch: dict[str, Any] = {"js": WATCH % self._name, "api_visibility": "private"}

        begun = self.go.click(self.begin, None, [self.key, *job], queue=False, **PAGE)
        begun.then(None, self.key, None, js=REMEMBER % self._name, api_visibility="private")
        # "minimal" shows the place in the queue.
        minimal: dict[str, Any] = {**PAGE, "show_progress": "minimal", "show_progress_on": self.progress}
        running = begun.success(
            self.run, [self.key, *inputs], job, concurrency_id=DEVICE, concurrency_limit=1, **minimal
        )
        running.success(None, js=SCROLL % result.elem_id, api_visibility="private")
        # Also fires when a cancel is complete; whatever started to watch before that would be cancelled too.
        # Not queued, as a full queue may be the reason.
        running.failure(self.look, **look).success(None, self.key_to_watch, **watch)

        again = self.back.click(self.watch, self.key, job, trigger_mode="once", concurrency_limit=None, **PAGE)
        page = Context.root_block
        assert page
        recalled = page.load(None, None, self.key, js=RECALL % self._name, api_visibility="private")
        found = recalled.then(self.recall, self.key, self.key_to_watch, queue=False, **PAGE)
        found.success(None, self.key_to_watch, **watch)
        stopping = self.stop.click(
            self.request_stop, self.key, self.progress, cancels=[running, again], queue=False, **PAGE
        )
        stopping.then(self.look, **look)

    def begin(self) -> Update:
        """Show at once that the job waits."""
        waiting = self._busy(Progress("Waiting in the queue", 0.0))
        return {self.key: Jobs.new_key(), self._result: gr.update(visible=False), **self._when_begun(), **waiting}

    def run(self, key: str, *payloads: Any) -> Iterator[Update]:
        """Start the job, whose turn in the queue has come, and watch it."""
        try:
            self._jobs.start(key, lambda: self._work(*payloads))
        except Stopped:
            pass    # before it began
        yield from self.watch(key)

    def watch(self, key: str) -> Iterator[Update]:
        """Show what the job does until it ends, and any error.

        Where updates follow quickly, a page may show only the last one. So they are collected for a while, and the
        last update holds everything shown so far.
        """
        updated, last_spoken = 0.0, ""
        shown: Update = {}
        pending: Update = {}
        try:
            job = self._jobs.find(key)
            for step in job.watch():
                if isinstance(step, Progress):
                    pending |= self._busy(step)
                elif step is not None:
                    update = self._show(step)
                    shown |= update
                    pending |= update
                if pending and time.monotonic() - updated > UPDATE_SECONDS:
                    updated = time.monotonic()
                    if pending.get(self.spoken) == last_spoken:
                        del pending[self.spoken]
                    last_spoken = pending.get(self.spoken, last_spoken)
                    yield pending
                    pending = {}
                elif step is None:
                    yield {self.progress: gr.skip()}    # a chance to cancel
            yield {**shown, **self.idle(), self.spoken: "Done.", **self._when_done(job)}
        except UnknownJob:
            yield self.idle(notes.alert(notes.LOST_JOB))
        except Stopped:
            yield {**shown, **self._after_stop(job)}
        except Exception as error:
            yield {**shown, **self.idle(), **self._failed(error)}

    def look(self, key: str) -> Update:
        """Give the key of a job that can still be watched, or say why there is none."""
        try:
            job = self._jobs.find(key)
        except UnknownJob:
            return {self.key_to_watch: "", **self.idle(notes.alert(notes.LOST_JOB))}
        if not job.was_stopped:
            return {self.key_to_watch: key}
        return {self.key_to_watch: "", **self._after_stop(job)}

    def recall(self, key: str) -> str:
        """Give the key like `look`, for a page that was just opened: without a job it says nothing."""
        try:
            return "" if self._jobs.find(key).was_stopped else key
        except UnknownJob:
            return ""

    def request_stop(self, key: str) -> str:
        """Stop the job after the step that is running."""
        self._jobs.stop(key)
        return notes.note("Stopping.")

    def alert(self, error: Exception, advice: str = "") -> Update:
        """Show an error's message below the buttons."""
        return {self.progress: html_update(notes.alert(errors.message(error) + advice))}

    def idle(self, progress: str = "") -> Update:
        """Show the page without a job, with this HTML in place of the progress."""
        return {
            self.progress: html_update(progress),
            self.spoken: "",
            self.go: gr.update(visible=True),
            self.stop: gr.update(visible=False),
        }

    def _after_stop(self, job: Job) -> Update:
        stopped = self.idle(notes.note("Stopped."))
        try:
            return {**stopped, **self._when_stopped(job)}
        except Exception as error:    # it may have to write files
            return {**stopped, **self._failed(error)}

    def _busy(self, step: Progress) -> Update:
        return {
            self.progress: html_update(notes.progress(step)),
            self.spoken: notes.spoken(step),
            self.go: gr.update(visible=False),
            self.stop: gr.update(visible=True),
        }
