// What the page does beside Gradio: it reads progress out, names the sample photos, and looks after jobs.
() => {
  for (const part of document.querySelectorAll('.spoken')) {
    part.setAttribute('role', 'status');
    part.setAttribute('aria-live', 'polite');
  }

  // Gradio gives the pictures of examples no text; tabs are filled when they are opened.
  const nameSamples = () => {
    for (const image of document.querySelectorAll('.gallery-item img:not([alt^="Sample photo"])')) {
      const name = decodeURIComponent(image.src.split('/').pop()).replace(/\.\w+$/, '');
      image.alt = `Sample photo: ${name}`;
    }
  };
  new MutationObserver(nameSamples).observe(document.body, { childList: true, subtree: true });
  nameSamples();

  // A page that was away, or had no connection, asks for its job, if it showed one.
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
