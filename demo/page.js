// What the page does besides Gradio and the viewer: paste and drop, focus, names, and finding its jobs again.
() => {
  for (const region of document.querySelectorAll('.spoken')) {
    region.setAttribute('role', 'status');
    region.setAttribute('aria-live', 'polite');
  }
  const shown = part => part && part.offsetParent !== null;

  // An image that is pasted or dropped anywhere goes to the open tab's place for photos.
  const give = (transfer, event) => {
    const panel = [...document.querySelectorAll('[role=tabpanel]')].find(shown);
    const input = panel?.querySelector('input[type=file]');
    if (!input || !transfer?.files.length || event.target.closest?.('input, textarea, .photo-place')) return;
    event.preventDefault();
    input.files = transfer.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  };
  document.addEventListener('paste', event => give(event.clipboardData, event));
  document.addEventListener('dragover', event => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  document.addEventListener('drop', event => give(event.dataTransfer, event));

  // When what has the focus goes or is disabled, what takes its place gets it.
  let last = null;
  const keepFocus = () => {
    if (!last || document.activeElement !== document.body || document.hidden) return;
    const [tab, part] = [last.id.replace(/-\w+$/, ''), last.id.match(/-(go|stop)$/)?.[1]];
    if (!part) return;
    const next = [`${tab}-stop`, `${tab}-go`].map(id => document.getElementById(id))
      .find(button => shown(button) && !button.disabled);
    next?.focus({ preventScroll: true });
  };
  document.addEventListener('focusin', event => { last = event.target; });
  document.addEventListener('pointerdown', event => { if (!event.target.closest('button')) last = null; });
  // A key that is held down on Upscale does not press Stop.
  document.addEventListener('keydown', event => {
    if (event.repeat && event.target.classList?.contains('job-stop')) event.preventDefault();
  }, true);

  // An error is read where it stands.
  const readAlerts = () => {
    for (const alert of document.querySelectorAll('[role=alert]:not([data-seen])')) {
      alert.dataset.seen = '';
      alert.scrollIntoView({ block: 'nearest' });
    }
  };

  // Gradio gives each choice of a group a name of its own, so that arrows would not lead from one to the next.
  const group = () => {
    for (const fieldset of document.querySelectorAll('fieldset[id]')) {
      for (const radio of fieldset.querySelectorAll('input[type=radio]')) {
        if (radio.name !== fieldset.id) radio.name = fieldset.id;
      }
    }
  };

  // Gradio gives the sample photos no text; each tab has its own, once it is opened.
  const nameSamples = () => {
    for (const image of document.querySelectorAll('.samples img:not([alt^="Sample"])')) {
      image.alt = `Sample: ${decodeURIComponent(image.src.split('/').pop()).replace(/\.\w+$/, '')}`;
    }
  };
  // Once in each tab, which has its parts when it is opened, and a moment later they take clicks.
  const fold = () => {
    for (const label of document.querySelectorAll('.folded-on-phones .label-wrap:not([data-seen])')) {
      label.dataset.seen = '';
      setTimeout(() => { if (window.innerWidth < 768 && label.classList.contains('open')) label.click(); });
    }
  };
  new MutationObserver(() => { nameSamples(); keepFocus(); fold(); group(); readAlerts(); })
    .observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled', 'name'] });
  nameSamples();
  fold();
  group();

  // A page that was hidden or offline while a job ran watches the job again.
  const watchAgain = () => {
    if (document.hidden) return;
    for (const button of document.querySelectorAll('.watch-again')) {
      if (shown(document.getElementById(button.id.replace('-back', '-stop')))) button.click();
    }
  };
  document.addEventListener('visibilitychange', watchAgain);
  window.addEventListener('online', watchAgain);
  window.addEventListener('pageshow', watchAgain);
}
