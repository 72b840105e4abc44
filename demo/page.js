// What the page does besides Gradio: announce progress, name the sample photos, and find its jobs again.
() => {
  for (const region of document.querySelectorAll('.spoken')) {
    region.setAttribute('role', 'status');
    region.setAttribute('aria-live', 'polite');
  }

  // Gradio gives the sample photos no text; each tab has its own, once it is opened.
  const nameSamples = () => {
    for (const image of document.querySelectorAll('.gallery-item img:not([alt^="Sample photo"])')) {
      const name = decodeURIComponent(image.src.split('/').pop()).replace(/\.\w+$/, '');
      image.alt = `Sample photo: ${name}`;
    }
  };
  new MutationObserver(nameSamples).observe(document.body, { childList: true, subtree: true });
  nameSamples();

  // A page that was hidden or offline while a job ran watches the job again.
  const watchAgain = () => {
    if (document.hidden) return;
    for (const button of document.querySelectorAll('.watch-again')) {
      const stop = document.getElementById(button.id.replace('-back', '-stop'));
      if (stop && stop.offsetParent !== null) button.click();
    }
  };
  document.addEventListener('visibilitychange', watchAgain);
  window.addEventListener('online', watchAgain);
  window.addEventListener('pageshow', watchAgain);
}
