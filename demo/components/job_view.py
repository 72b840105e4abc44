"""The buttons that start and stop a job, and its progress; a page that was away finds its job again.

Knows gradio and jobs; the tabs know what the work is and how to show its results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import gradio as gr
from gradio.context import Context

from demo.backend.jobs import Job, Jobs, Stopped, UnknownJob
from demo.components.payloads import PAGE, Update, html_update
from demo.wording import notes
from drln import Progress

UPDATE_SECONDS = 0.25    # between two updates of the progress bar

# The keys of the jobs of this visit, the newest first, live in the browser's tab: they survive a reload, and no other
# tab sees them.
REMEMBER = "keys => { sessionStorage.setItem('drln-%s', keys); }"
RECALL = "() => sessionStorage.getItem('drln-%s') || ''"
# The button exists once its tab has been opened.
WATCH = """key => {
  const watched = () => { const back = document.getElementById('%s-back'); back?.click(); return back; };
  if (key && !watched()) new MutationObserver((_, page) => { if (watched()) page.disconnect(); })
    .observe(document.body, { childList: true, subtree: true });
}"""
SCROLL = "() => document.getElementById('%s')?.scrollIntoView({ block: 'nearest' })"
VISIT = 6    # jobs that a page remembers

Steps = Generator[Any, None, None]


class JobView:
    """A job's buttons and progress in the open Blocks, and their events.

    Args:
        jobs: of the app.
        name: the components' ids begin with it.
        label: of the button that starts the job.
        ready: whether the button can be pressed at first.
        below: whether progress and Stop stand below the button; else the caller renders `display` where they belong.
    """

    def __init__(self, jobs: Jobs, name: str, label: str, ready: bool = False, below: bool = True) -> None:
        self._jobs, self._name, self._tab = jobs, name, _open_tab()
        self.go = gr.Button(label, variant="primary", interactive=ready, elem_id=f"{name}-go")
        with gr.Column(render=False, elem_id=f"{name}-job", elem_classes="job") as self.display:
            self.progress = gr.HTML(visible=False, elem_id=f"{name}-progress", elem_classes="job-progress")
            self.stop = gr.Button(
                "Stop", variant="stop", size="sm", visible=False, elem_id=f"{name}-stop", elem_classes="job-stop"
            )
        if below:
            self.display.render()
        # For screen readers, which would read every change of the bar itself.
        self.spoken = gr.HTML(elem_id=f"{name}-spoken", elem_classes="spoken", padding=False)
        self.keys = gr.Textbox(visible="hidden", elem_id=f"{name}-key", label="Jobs")
        self.key_to_watch = gr.Textbox(visible="hidden", elem_id=f"{name}-found", label="Job to watch")
        self.back = gr.Button("Watch the job", visible="hidden", elem_id=f"{name}-back", elem_classes="watch-again")

    def connect(
        self,
        inputs: list[Any],
        outputs: list[Any],
        work: Callable[..., Steps],
        show: Callable[[Any], Update],
        *,
        begin: Callable[[], Update] = dict,
        failed: Callable[[Exception], Update] | None = None,
        stopped: Callable[[Job], Update] = lambda job: {},
        done: Callable[[Job, str], Update] = lambda job, keys: {},
        scroll_to: str = "",
    ) -> Any:
        """Add the events, and return the one that has recalled the keys when the page is opened.

        Args:
            inputs: the components whose payloads `work` gets.
            outputs: the other components that the functions below update.
            work: checks the payloads and makes the job's steps, `Progress` among them.
            show: shows a step that is not `Progress`.
            begin: more updates for when a job begins.
            failed: shows an error; by default in place of the progress.
            stopped: more updates for a job that was stopped.
            done: more updates for a job that has come to its end; gets the keys of the visit too.
            scroll_to: the id of what is scrolled to at its end.
        """
        self._work, self._show, self._when_begun = work, show, begin
        self._failed, self._when_stopped, self._when_done = failed or self.alert, stopped, done
        job = [self.progress, self.spoken, self.go, self.stop, *outputs]
        look: dict[str, Any] = {"inputs": self.keys, "outputs": [self.key_to_watch, *job], "queue": False, **PAGE}
        watch: dict[str, Any] = {"js": WATCH % self._name, "api_visibility": "private"}

        begun = self.go.click(self.begin, [self.keys, *inputs], [self.keys, *job], queue=False, **PAGE)
        begun.then(None, self.keys, None, js=REMEMBER % self._name, api_visibility="private")
        running = begun.success(self.watch, self.keys, job, concurrency_limit=None, **PAGE)
        running.success(None, js=SCROLL % scroll_to, api_visibility="private")
        # Also fires when a cancel is complete; whatever started to watch before that would be cancelled too.
        running.failure(self.look, **look).success(None, self.key_to_watch, **watch)

        again = self.back.click(self.watch, self.keys, job, trigger_mode="once", concurrency_limit=None, **PAGE)
        page = Context.root_block
        assert page
        recalled = page.load(None, None, self.keys, js=RECALL % self._name, api_visibility="private")
        tabs = [self._tab.parent] if self._tab else []
        found = recalled.then(self.recall, self.keys, [self.key_to_watch, *tabs], queue=False, **PAGE)
        found.success(None, self.key_to_watch, **watch)
        stopping = self.stop.click(
            self.request_stop, self.keys, self.progress, cancels=[running, again], queue=False, **PAGE
        )
        stopping.then(self.look, **look)
        return recalled

    def begin(self, keys: str, *payloads: Any) -> Update:
        """Start the job, and show at once that it runs."""
        key = Jobs.new_key()
        self._jobs.start(key, lambda: self._work(*payloads))
        earlier = keys.split()[: VISIT - 1] if isinstance(keys, str) else []
        started = self._busy(Progress("Starting", 0.0))
        return {self.keys: " ".join((key, *earlier)), **self._when_begun(), **started}

    def watch(self, keys: str) -> Iterator[Update]:
        """Show what the newest job does until it ends, and any error.

        Where updates follow quickly, a page may show only the last one. So they are collected for a while, and the
        last update holds everything shown so far.
        """
        updated, last_spoken = 0.0, ""
        shown: Update = {}
        pending: Update = {}
        try:
            job = self._jobs.find(_newest(keys))
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
            yield {**shown, **self.idle(), self.spoken: "Done.", **self._when_done(job, keys)}
        except UnknownJob:
            yield self.idle(notes.alert(notes.LOST_JOB))
        except Stopped:
            yield {**shown, **self._after_stop(job)}
        except Exception as error:
            yield {**shown, **self.idle(), **self._failed(error)}

    def look(self, keys: str) -> Update:
        """Give the newest key if its job can still be watched, or say why there is none."""
        key = _newest(keys)
        try:
            job = self._jobs.find(key)
        except UnknownJob:
            return {self.key_to_watch: "", **self.idle(notes.alert(notes.LOST_JOB))}
        if not job.was_stopped:
            return {self.key_to_watch: key}
        return {self.key_to_watch: "", **self._after_stop(job)}

    def recall(self, keys: str) -> Any:
        """Give the newest key like `look`, for a page that was just opened: without a job it says nothing.

        The tab of a job that runs is opened.
        """
        key, tab = _newest(keys), gr.skip()
        try:
            job = self._jobs.find(key)
        except UnknownJob:
            job = None
        if job and job.ended is None and self._tab:
            tab = gr.Tabs(selected=self._tab.id)
        found = key if job else ""
        return (found, tab) if self._tab else found

    def request_stop(self, keys: str) -> str:
        """Stop the newest job after the step that is running."""
        self._jobs.stop(_newest(keys))
        return notes.note("Stopping.")

    def alert(self, error: Exception) -> Update:
        """Show an error in place of the progress."""
        return {self.progress: html_update(notes.trouble(error))}

    def last(self, keys: str, kind: type) -> Any:
        """Return the last step of that type that the newest job made, or None."""
        try:
            return self._jobs.find(_newest(keys)).last(kind)
        except UnknownJob:
            return None

    def is_running(self, keys: str) -> bool:
        """Whether the newest job has neither ended nor been stopped."""
        try:
            job = self._jobs.find(_newest(keys))
        except UnknownJob:
            return False
        return job.ended is None and not job.was_stopped

    def without_alert(self, keys: str) -> Update:
        """Remove what was said about an earlier job; the progress of a running one stays."""
        return {} if self.is_running(keys) else {self.progress: html_update("")}

    def idle(self, progress: str = "") -> Update:
        """Show the page without a job, with this HTML in place of the progress."""
        return {
            self.progress: html_update(progress),
            self.spoken: "",
            self.go: gr.update(interactive=True),
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
            self.go: gr.update(interactive=False),
            self.stop: gr.update(visible=True),
        }


def _newest(keys: Any) -> str:
    return keys.split()[0] if isinstance(keys, str) and keys.strip() else ""


def _open_tab() -> gr.Tab | None:
    """Return the tab in which components are being made."""
    block: Any = Context.block
    while block and not isinstance(block, gr.Tab):
        block = block.parent
    return block
