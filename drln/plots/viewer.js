// Compare pictures of one view: with a slider, side by side, in turn, or as a map of their changes.
// `drlnViewer(element, options).show(view)` may be called again. All pictures are stretched to the largest one.
window.drlnViewer = (root, { region, full: FULL = 32, colours: COLOURS = [ // FULL: levels of 255, for the last colour
  [0, 0, 0], [62, 22, 110], [178, 42, 84], [244, 132, 34], [255, 246, 170]] } = {}) => {
  const LARGEST_FIT = 4, LARGEST_ZOOM = 16, MAP_SIDE = 2048, REGION_SIDE = 2500, REST_MS = 150, GAP = 2;
  const ALL = [0, 0, 1, 1]; // boxes are left, top, right and bottom, in fractions of the view
  const WAYS = { Left: [-1, 0], Right: [1, 0], Up: [0, -1], Down: [0, 1], Home: [-50, 0], End: [50, 0] }; // in steps
  const choices = (name, all) => `<div class="viewer-choices" role="group" aria-label="${name}">${Object.entries(all)
    .map(([text, value]) => `<button type="button" value="${value}">${text}</button>`).join('')}</div>`;
  root.classList.add('viewer');
  root.innerHTML = `<div class="viewer-bar">
      ${choices('How to compare', { Slider: 'slider', 'Side by side': 'side', Flip: 'flip', Changes: 'changes' })}
      ${choices('Zoom', { Fit: 0, '100%': 1, '200%': 2, '400%': 4 })}
      <button class="viewer-full" aria-label="Full screen" ${document.fullscreenEnabled ? '' : 'hidden'}></button></div>
    <div class="viewer-stage" role="group" tabindex="0" aria-label="Pictures. Plus, minus and 0 zoom, arrows move.">
      <canvas class="viewer-picture viewer-map" role="img"></canvas>
      <div class="viewer-handle" role="slider" tabindex="0" aria-valuemin="0" aria-valuemax="100"></div>
      <div class="viewer-labels"><select class="viewer-label" aria-label="Picture on the left"></select>
        <select class="viewer-label" aria-label="Picture on the right"></select>
        <div class="viewer-chips" role="group" aria-label="Picture"></div>
        <button type="button" class="viewer-label viewer-peek">Hold for the other</button>
        <div class="viewer-label viewer-legend" title="Change of brightness, in grey levels of 255">0
          <span style="background: linear-gradient(90deg, ${COLOURS.map((colour) => `rgb(${colour})`)})"></span>
          ${FULL} and more</div></div><div class="viewer-empty"></div></div>
    <div class="viewer-caption"><span class="viewer-note"></span><span class="viewer-percent"></span></div>`;
  const [full, stage, map, handle, chips, peek, empty, note, percent] = ['full', 'stage', 'map', 'handle', 'chips',
    'peek', 'empty', 'note', 'percent'].map((name) => root.querySelector(`.viewer-${name}`));
  const selects = [...root.querySelectorAll('select')], buttons = [...root.querySelectorAll('.viewer-choices button')];
  let layers = [], pair = [], current; // one for each picture; the left and the right one; the one that "flip" shows
  let look = 'slider', chosen = null, line = 0.5, isPeeking = false, isLineHeld = false, shows = 0, timer = 0;
  let frame = [1, 1], scale = 1, isFitted = true, centre = null; // a place in fractions; null until one was chosen
  let pane = [1, 1], size = [1, 1], origin = [0, 0]; // in CSS pixels: what shows the frame, the frame, its corner
  function image(src, title) { // one that fails shows its title
    const element = Object.assign(new Image(), { src, alt: title, className: 'viewer-picture', decoding: 'sync' });
    return element.decode().then(() => element, () => element);
  }
  async function layerOf(picture) {
    const kept = layers.find((layer) => layer.picture.id === picture.id && layer.picture.src === picture.src);
    if (kept) return kept;
    const box = document.createElement('div'), preview = await image(picture.src, picture.title);
    box.append(preview);
    return { picture, box, preview, part: null, place: ALL, asked: '' };
  }
  async function show(view) {
    const turn = ++shows, loaded = await Promise.all((view.pictures || []).map(layerOf));
    if (turn !== shows) return;
    layers.forEach(({ box }) => loaded.some((layer) => layer.box === box) || box.remove()); // not before: no flash
    layers = loaded.map((layer, index) => Object.assign(layer, { picture: view.pictures[index] }));
    const named = (id, other) => layers.find(({ picture }) => picture.id === id) || other;
    pair = [named(view.left, layers[0]), named(view.right, layers.at(-1))];
    current = named(current?.picture.id, pair[1]);
    look = view.look || chosen || 'slider';
    const sides = layers.map(({ picture }) => [picture.width, picture.height]).sort((one, other) => other[0] - one[0]);
    isFitted ||= `${frame}` !== `${sides[0]}`;
    if (isFitted) [frame, centre] = [sides[0] || [1, 1], null];
    [chips, note, empty].forEach((element) => { element.textContent = ''; });
    (layers.length ? note : empty).textContent = view.note || '';
    selects.forEach((select) => select.replaceChildren(...layers.map(({ picture }) => new Option(picture.title))));
    layers.forEach(({ box, preview, picture: { title } }, index) => {
      map.before(box);
      preview.alt = title;
      const chip = { type: 'button', className: 'viewer-label', onclick: () => { current = layers[index]; place(); } };
      chips.append(Object.assign(document.createElement('button'), chip, { textContent: `${index + 1} ${title}` }));
    });
    place();
  }
  const mode = () => (!layers.length ? 'empty' : pair[0] === pair[1] ? 'single' : look);
  const seen = () => (mode() !== 'flip' ? pair : [isPeeking ? pair[Number(current !== pair[1])] : current]);
  const peekAt = (on) => { if (on !== isPeeking) { isPeeking = on; place(); } };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const moveLine = (share) => { line = clamp(share, 0, 1); place(); };
  const fitScale = () => Math.min(pane[0] / frame[0], pane[1] / frame[1], LARGEST_FIT);
  const isMovable = () => size.some((length, axis) => length > pane[axis] + 0.5);
  const edges = (axis) => [Math.max(0, origin[axis]), Math.min(pane[axis], origin[axis] + size[axis])];
  function place() { // everything, whenever something has changed
    const now = root.dataset.look = mode(), { clientWidth: wide, clientHeight: high } = stage;
    if (now === 'empty' || !wide) return;
    pane = [now === 'side' ? Math.floor((wide - GAP) / 2) : wide, high];
    if (isFitted) scale = fitScale();
    size = frame.map((side) => side * scale);
    const start = size.map((length, axis) => (length <= pane[axis] + 0.5 ? (pane[axis] - length) / 2
      : clamp(pane[axis] / 2 - centre[axis] * length, pane[axis] - length, 0)));
    if (!isFitted) centre = start.map((from, axis) => (pane[axis] / 2 - from) / size[axis]);
    origin = start.map(Math.round);
    const [[x0, x1], [top, bottom]] = [edges(0), edges(1)], x = Math.round(x0 + line * (x1 - x0)), shown = seen();
    const room = Math.max(x1 - x0, Math.min(wide, 320)); // labels may be wider than the picture
    const lengths = { x, top, tall: bottom - top, pane: pane[0], room, begin: (x0 + x1 - room) / 2 };
    for (const [name, length] of Object.entries(lengths)) stage.style.setProperty(`--viewer-${name}`, `${length}px`);
    layers.forEach((layer, index) => {
      const isShown = shown.includes(layer), isUpper = layer === pair[1];
      layer.box.className = `viewer-layer${isShown ? ' viewer-shown' : ''}${isUpper ? ' viewer-upper' : ''}`;
      lay(layer.preview, ALL, layer.preview.naturalWidth, layer.picture);
      if (layer.part) lay(layer.part, layer.place, layer.picture.width, layer.picture);
      chips.children[index].ariaPressed = layer === shown[0];
    });
    if (now === 'changes') drawMap();
    const [from, to] = pair.map(({ picture }) => picture.title), share = Math.round(line * 100);
    [map.ariaLabel, handle.ariaLabel] = [`Changes from ${from} to ${to}`, `Line between ${from} and ${to}`];
    [handle.ariaValueNow, handle.ariaValueText] = [share, `${share}% ${from}`];
    selects.forEach((select, side) => Object.assign(select, { // of two pictures they are mere labels
      selectedIndex: layers.indexOf(pair[side]), disabled: layers.length < 3 }));
    for (const button of buttons) button.ariaPressed = [look, `${isFitted ? 0 : scale}`].includes(button.value);
    percent.textContent = `${Math.round(scale * 100)}%`;
    stage.classList.toggle('viewer-movable', isMovable());
    clearTimeout(timer);
    timer = setTimeout(() => new Set(seen()).forEach(refine), REST_MS);
  }
  // Pixels are squares where they are at least as large as those of the screen; an odd size that only fits is smooth.
  function lay({ style }, [x0, y0, x1, y1], pixels, { width, pixelated }) {
    const isSquare = pixelated ? size[0] > pixels : pixels >= width && scale >= 1 && (!isFitted || scale % 1 === 0);
    style.imageRendering = isSquare ? 'pixelated' : 'auto';
    [style.left, style.top] = [x0, y0].map((start, axis) => `${origin[axis] + start * size[axis]}px`);
    [style.width, style.height] = [x1 - x0, y1 - y0].map((share, axis) => `${share * size[axis]}px`);
  }
  function zoomTo(value, at) { // 0 fits; `at` is a point of the pane, which stays where it is
    isFitted = value <= fitScale() && (!value || fitScale() < 1);
    if (isFitted) return place();
    value = clamp(value, Math.min(fitScale(), 1), LARGEST_ZOOM);
    if (at) centre = at.map((x, axis) => (x - origin[axis]) / size[axis] + (pane[axis] / 2 - x) / frame[axis] / value);
    else centre ||= value >= 1 ? mostChanged() : [0.5, 0.5];
    scale = value;
    place();
  }
  const pan = (by) => { if (!isFitted) { centre = centre.map((at, axis) => at - by[axis] / size[axis]); place(); } };
  // Once the view rests, ask for the own pixels of a picture of which only a preview is there.
  function visible(sides) { // what is seen of a picture with these sides: its size in whole pixels, and its box
    const ends = sides.map((side, axis) => edges(axis).map((edge) => (edge - origin[axis]) / size[axis] * side));
    const [[x0, x1], [y0, y1]] = ends.map(([low, high]) => [Math.floor(low + 0.01), Math.ceil(high - 0.01)]);
    return [[x1 - x0, y1 - y0], [x0 / sides[0], y0 / sides[1], x1 / sides[0], y1 / sides[1]]];
  }
  async function refine(layer) {
    const { picture: { id, title, width, height }, preview: { naturalWidth } } = layer;
    const [sides, box] = visible([width, height]);
    const isCoarse = region && naturalWidth && naturalWidth < width && size[0] > naturalWidth + 1;
    const wanted = isCoarse && Math.max(...sides) <= REGION_SIDE ? `${box}` : '';
    if (wanted === layer.asked) return;
    layer.asked = wanted;
    const src = wanted && await Promise.resolve(region({ id, box, size: sides })).catch(() => null);
    const part = src ? await image(src, title) : null;
    if (layer.asked !== wanted || (wanted && !part?.naturalWidth)) return; // it came too late or not at all
    layer.part?.remove();
    Object.assign(layer, { part, place: box });
    if (part) layer.box.append(part);
    place();
  }
  // The map of changes: how far the brightness of two pictures differs.
  const luma = (data, i) => (data[i] * 19595 + data[i + 1] * 38470 + data[i + 2] * 7471 + 32768) >> 16; // as Pillow's
  function changes([x0, y0, x1, y1], [width, height]) {
    const isFine = pair.every(({ part, preview, picture }) => part || preview.naturalWidth >= picture.width);
    const [first, second] = pair.map(({ preview, part, place: partly, picture }) => {
      const context = Object.assign(document.createElement('canvas'), { width, height }).getContext('2d');
      context.imageSmoothingEnabled = !picture.pixelated;
      context.scale(width / (x1 - x0), height / (y1 - y0));
      for (const [source, [u0, v0, u1, v1]] of [[preview, ALL], [isFine && part, partly]])
        if (source?.naturalWidth) context.drawImage(source, u0 - x0, v0 - y0, u1 - u0, v1 - v0);
      return context.getImageData(0, 0, width, height).data;
    });
    return new Uint8Array(width * height).map((_, i) => Math.abs(luma(first, 4 * i) - luma(second, 4 * i)));
  }
  function loadedSize(sides) { // of a part of the frame
    const loaded = Math.max(...pair.map(({ preview, part }) => (part ? 1 : preview.naturalWidth / frame[0])));
    return sides.map((side) => Math.max(1, Math.round(side * Math.min(1, loaded, MAP_SIDE / Math.max(...sides)))));
  }
  const palette = new Uint32Array(new Uint8Array(Array.from({ length: 256 }, (_, value) => {
    const at = Math.min(1, value / FULL) * (COLOURS.length - 1), low = Math.min(Math.floor(at), COLOURS.length - 2);
    return [...COLOURS[low].map((from, i) => Math.round(from + (at - low) * (COLOURS[low + 1][i] - from))), 255];
  }).flat()).buffer); // one number for each colour
  function drawMap() {
    const [sides, box] = visible(frame), [width, height] = loadedSize(sides);
    lay(map, box, frame[0], { width: frame[0] });
    const pixels = new Uint32Array(changes(box, [width, height])).map((value) => palette[value]);
    const picture = new ImageData(new Uint8ClampedArray(pixels.buffer), width);
    Object.assign(map, { width, height }).getContext('2d').putImageData(picture, 0, 0);
  }
  function mostChanged() { // the middle of the window, an eighth of the shorter side, in which the two differ most
    const [width, height] = loadedSize(frame), cell = Math.ceil(Math.min(width, height) / 16);
    const across = Math.ceil(width / cell), sums = Array(across * Math.ceil(height / cell)).fill(0);
    changes(ALL, [width, height]).forEach((value, i) => {
      sums[Math.floor(i / width / cell) * across + Math.floor(i % width / cell)] += value;
    });
    const column = (i) => (sums[i] || 0) + (sums[i + across] || 0); // two cells, as a window is twice as wide and high
    const windows = sums.map((_, i) => column(i) + ((i + 1) % across ? column(i + 1) : 0));
    const most = Math.max(...windows), best = windows.indexOf(most);
    return most ? [(best % across + 1) * cell / width, (Math.floor(best / across) + 1) * cell / height] : [0.5, 0.5];
  }
  // Mouse, fingers and keys.
  buttons.slice(0, 4).forEach((button) => { button.onclick = () => { look = chosen = button.value; place(); }; });
  buttons.slice(4).forEach((button) => { button.onclick = () => zoomTo(Number(button.value)); });
  full.onclick = () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen());
  selects.forEach((select, side) => { select.onchange = () => {
    if (layers[select.selectedIndex] === pair[1 - side]) pair.reverse();
    else pair[side] = layers[select.selectedIndex];
    place();
  }; });
  peek.onpointerdown = () => peekAt(true);
  peek.onpointerup = peek.onpointerleave = peek.onpointercancel = peek.onblur = () => peekAt(false);
  const fingers = new Map();
  const pointOf = (event) => {
    const { x, y } = stage.getBoundingClientRect(), across = event.clientX - x;
    return [mode() === 'side' && across > pane[0] ? across - stage.clientWidth + pane[0] : across, event.clientY - y];
  };
  const lineTo = (event) => moveLine((pointOf(event)[0] - edges(0)[0]) / (edges(0)[1] - edges(0)[0]));
  stage.onpointerdown = (event) => {
    if (event.button || event.target.closest('button, select')) return;
    fingers.set(event.pointerId, pointOf(event));
    stage.setPointerCapture(event.pointerId);
    isLineHeld = mode() === 'slider' && fingers.size === 1 && (event.target === handle || !isMovable())
      && (event.pointerType === 'mouse' || 'maybe'); // a finger may mean to scroll the page
    if (isLineHeld === true && event.target !== handle) lineTo(event);
  };
  stage.onpointermove = (event) => {
    const from = fingers.get(event.pointerId), to = pointOf(event);
    if (!from) return;
    if (isLineHeld === 'maybe') isLineHeld = Math.abs(to[0] - from[0]) >= Math.abs(to[1] - from[1]);
    if (isLineHeld) return lineTo(event);
    const rest = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    const far = (point) => Math.max(1, Math.hypot(point[0] - rest[0], point[1] - rest[1]));
    if (rest) zoomTo(scale * far(to) / far(from), to.map((x, axis) => (x + rest[axis]) / 2));
    pan(to.map((x, axis) => (x - from[axis]) / fingers.size));
    fingers.set(event.pointerId, to);
  };
  stage.onpointerup = stage.onpointercancel = (event) => {
    if (fingers.delete(event.pointerId) && isLineHeld && event.type === 'pointerup') lineTo(event);
    isLineHeld = false;
  };
  stage.ondblclick = (event) => event.target.closest('button, select') || zoomTo(Number(isFitted), pointOf(event));
  stage.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey && document.fullscreenElement !== root) return; // the page scrolls
    event.preventDefault();
    zoomTo(scale * Math.exp(-clamp(event.deltaY * (event.deltaMode ? 30 : 1), -30, 30) / 120), pointOf(event));
  }, { passive: false });
  root.onkeydown = (event) => {
    const { key, target } = event, ways = WAYS[key.replace('Arrow', '')], half = Math.log2(scale) * 2; // steps of √2
    if (event.ctrlKey || event.metaKey || event.altKey || target.tagName === 'SELECT' || !layers.length) return;
    if (key === '+' || key === '=') zoomTo(2 ** (Math.floor(half + 1.01) / 2));
    else if (key === '-') zoomTo(2 ** (Math.ceil(half - 1.01) / 2));
    else if (key === '0') zoomTo(0);
    else if (mode() === 'flip' && layers[key - 1]) chips.children[key - 1].click();
    else if (mode() === 'flip' && key === ' ' && (target === stage || target === peek)) peekAt(true);
    else if (target === handle && ways) moveLine(line + (ways[0] - ways[1]) * (event.shiftKey ? 0.1 : 0.02));
    else if (target === stage && ways && isMovable()) pan(ways.map((way, axis) => -way * pane[axis] / 8));
    else return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has keys of its own
  };
  root.onkeyup = ({ key }) => { if (key === ' ') peekAt(false); };
  new ResizeObserver(place).observe(stage);
  return { show };
};
