"""The buttons that start and stop a job, and its progress; a page that was away goes on watching its job.

Knows gradio and jobs; what the work is, and how its results are shown, is the tab's matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import gradio as gr
from gradio.context import Context

from demo.backend.jobs import Job, Jobs, Stopped, UnknownJob
from demo.components.payloads import DEVICE, Update, html_update
from demo.wording import notes
from drln import Progress

UPDATE_SECONDS = 0.25    # between two updates of the progress bar
PAGE: dict[str, Any] = {"api_visibility": "private", "preprocess": False, "show_progress": "hidden"}

# The key of the job lives in the browser's tab: it survives a reload, and no other tab sees it.
REMEMBER = "key => { sessionStorage.setItem('drln-%s', key); }"
RECALL = "() => sessionStorage.getItem('drln-%s') || ''"
# The button comes with its tab, and that when it is first opened.
WATCH = """key => {
  const watched = () => { const back = document.getElementById('%s-back'); back?.click(); return back; };
  if (key && !watched()) new MutationObserver((_, page) => { if (watched()) page.disconnect(); })
    .observe(document.body, { childList: true, subtree: true });
}"""
SHOW = "() => document.getElementById('%s')?.scrollIntoView()"

Steps = Generator[Any, None, None]


class JobView:
    """Components in the Blocks that are open, and what happens to them.

    Args:
        jobs: the app's.
        name: of the tab; the components' ids begin with it.
        label: of the button that starts the work.
        ready: whether it can be pressed at first.
    """

    def __init__(self, jobs: Jobs, name: str, label: str, ready: bool = False) -> None:
        self._jobs = jobs
        self._name = name
        self.go = gr.Button(label, variant="primary", interactive=ready, elem_id=f"{name}-go")
        self.stop = gr.Button("Stop", variant="stop", visible=False, elem_id=f"{name}-stop")
        self.progress = gr.HTML(visible=False, elem_id=f"{name}-progress", elem_classes="job-progress")
        # Read out by a screen reader, at every tenth of the work: the bar itself would talk without end.
        self.spoken = gr.HTML(elem_id=f"{name}-spoken", elem_classes="spoken", padding=False)
        self.key = gr.Textbox(visible="hidden", elem_id=f"{name}-key", label="Job")
        self.found = gr.Textbox(visible="hidden", elem_id=f"{name}-found", label="Job to watch")
        self.back = gr.Button("Watch the job", visible="hidden", elem_id=f"{name}-back", elem_classes="watch-again")

    def connect(
        self,
        chosen: list[Any],
        outputs: list[Any],
        work: Callable[..., Steps],
        show: Callable[[Any], Update],
        hide: Callable[[], Update],
        failed: Callable[[Exception], Update],
        stopped: Callable[[Job | None], Update] = lambda job: {},
        done: Callable[[Job], Update] = lambda job: {},
        result: str = "result",
    ) -> None:
        """Add the events.

        Args:
            chosen: the components that `work` gets the payloads of.
            outputs: whatever `show`, `hide`, `failed` and `stopped` update, beside this view's own.
            work: the steps of a job, `Progress` among them; checks what it gets.
            show: for every step that is no `Progress`.
            hide: when a job begins.
            failed: for an error; it says so, here or elsewhere.
            stopped: for a job that was stopped, where it is known.
            done: for a job that has come to its end.
            result: the id of what is scrolled to when the job is done.
        """
        self._work, self._show, self._hide, self._failed = work, show, hide, failed
        self._when_stopped, self._when_done = stopped, done
        job = [self.progress, self.spoken, self.go, self.stop, *outputs]
        begun = self.go.click(self.begin, None, [self.key, *job], queue=False, **PAGE)
        begun.then(None, self.key, None, js=REMEMBER % self._name, api_visibility="private")
        # "minimal" tells the place in the queue.
        shown: dict[str, Any] = {**PAGE, "show_progress": "minimal", "show_progress_on": self.progress}
        running = begun.success(
            self.run, [self.key, *chosen], job, concurrency_id=DEVICE, concurrency_limit=1, **shown
        )
        running.success(None, js=SHOW % result, api_visibility="private")
        watching: dict[str, Any] = {"inputs": self.key, "outputs": job, "concurrency_limit": None, **PAGE}
        # Fired when a cancel is through, too, and not before: a job begun earlier would be forgotten with it.
        # Without the line at first, which may be the one that is full.
        lost = running.failure(self.look, [self.key], [self.found, *job], queue=False, **PAGE)
        lost.success(None, self.found, js=WATCH % self._name, api_visibility="private")
        again = self.back.click(self.watch, trigger_mode="once", **watching)
        page = Context.root_block
        assert page
        recalled = page.load(None, None, self.key, js=RECALL % self._name, api_visibility="private")
        seen = recalled.then(self.recall, self.key, self.found, queue=False, **PAGE)
        seen.success(None, self.found, js=WATCH % self._name, api_visibility="private")
        stopping = self.stop.click(
            self.stopping, self.key, self.progress, cancels=[running, again], queue=False, **PAGE
        )
        stopping.then(self.look, [self.key], [self.found, *job], queue=False, **PAGE)

    def begin(self) -> Update:
        """At once after the click; the job itself may have to wait in line."""
        waiting = Progress("Waiting for its turn", 0.0)
        return {self.key: self._jobs.new_key(), **self._hide(), **self._busy(waiting)}

    def run(self, key: str, *chosen: Any) -> Iterator[Update]:
        """Start the job when it is its turn, and watch it; the turn ends with the job or with the watching."""
        try:
            self._jobs.start(key, lambda: self._work(*chosen))
        except Stopped:
            pass    # before it began
        yield from self.watch(key)

    def watch(self, key: str) -> Iterator[Update]:
        """What the job does, to its end; whatever goes wrong is said on the page.

        Of several updates in quick succession a page may show just the last: so they are gathered for a while, and the
        last one holds all that was shown.
        """
        job, updated, said = None, 0.0, ""
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
                    if pending.get(self.spoken) == said:
                        del pending[self.spoken]
                    said = pending.get(self.spoken, said)
                    yield pending
                    pending = {}
                elif step is None:
                    yield {self.progress: gr.skip()}    # a cancel comes through here
            yield {**shown, **self.idle(), self.spoken: "Done.", **self._when_done(job)}
        except UnknownJob:
            yield self.idle(notes.alert(notes.LOST_JOB))
        except Stopped:
            yield {**shown, **self.idle(notes.note("Stopped.")), **self._after_stop(job)}
        except Exception as error:
            yield {**shown, **self.idle(), **self._failed(error)}

    def look(self, key: str) -> Update:
        """At once, why a job is not watched any more, or was not begun; the key, if there is one to watch."""
        try:
            job = self._jobs.find(key)
        except UnknownJob:
            return {self.found: "", **self.idle(notes.alert(notes.LOST_JOB))}
        if not job.was_stopped:
            return {self.found: key}
        return {self.found: "", **self.idle(notes.note("Stopped.")), **self._after_stop(job)}

    def recall(self, key: str) -> str:
        """As `look`, for a page that has just been opened: it may have had no job, or one of long ago."""
        try:
            return "" if self._jobs.find(key).was_stopped else key
        except UnknownJob:
            return ""

    def stopping(self, key: str) -> str:
        """At once after the click; the step that is being computed is the last one."""
        self._jobs.stop(key)
        return notes.note("Stopping.")

    def idle(self, progress: str = "") -> Update:
        """Updates for a page with no job; what `progress` says stays to be read."""
        return {
            self.progress: html_update(progress),
            self.spoken: "",
            self.go: gr.update(visible=True),
            self.stop: gr.update(visible=False),
        }

    def _after_stop(self, job: Job | None) -> Update:
        try:
            return self._when_stopped(job)
        except Exception as error:    # it may have to write files
            return self._failed(error)

    def _busy(self, step: Progress) -> Update:
        return {
            self.progress: html_update(notes.progress(step)),
            self.spoken: notes.spoken(step),
            self.go: gr.update(visible=False),
            self.stop: gr.update(visible=True),
        }
