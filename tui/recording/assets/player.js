"use strict";
// Plays the film that stands in the page itself. Nothing is fetched; texts only ever become text.
(async () => {
  const STEP_MS = 5000, KEY_SHOWN_MS = 1500;
  const FONTS = 'ui-monospace, "DejaVu Sans Mono", "Cascadia Mono", Menlo, Consolas, monospace';
  const BOLD = 1, ITALIC = 2, UNDERLINE = 4, STRIKE = 8;
  const get = (id) => document.getElementById(id);
  const stage = get("stage"), canvas = get("screen"), text = get("text"), start = get("start");
  const toggle = get("play"), slider = get("seek"), time = get("time"), key = get("key");
  const speed = get("speed"), full = get("full");
  const chapters = [...document.querySelectorAll("button[data-at]")];

  const film = await unpacked(get("film").textContent.trim());
  const frames = unfolded(film);
  const pen = canvas.getContext("2d", { alpha: false });
  let cellW = 0, cellH = 0, size = 0, baseline = 0;
  let at = film.poster, playing = false, fresh = true, before = 0, shown = [];

  async function unpacked(base64) {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  }

  // Frames hold [row, number of its content, ...] of what changed; here each gets all its rows.
  function unfolded({ frames, height }) {
    let rows = new Array(height).fill(0);
    return frames.map(([since, ...changes]) => {
      rows = rows.slice();
      for (let i = 0; i < changes.length; i += 2) rows[changes[i]] = changes[i + 1];
      return { since, rows };
    });
  }

  function frameAt(ms) {
    let low = 0, high = frames.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (frames[middle].since <= ms) low = middle; else high = middle - 1;
    }
    return frames[low];
  }

  const lastBefore = (notes, ms) => notes.findLast(([since]) => since <= ms);
  const clock = (ms) => {
    const s = Math.floor(ms / 1000), two = (n) => String(n).padStart(2, "0");
    const minutes = Math.floor(s / 60) % 60, hours = Math.floor(s / 3600);
    return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
  };

  function fit() {
    const ratio = window.devicePixelRatio || 1;
    const inFull = document.fullscreenElement === stage;
    const room = inFull ? window.innerWidth : stage.parentElement.clientWidth;
    const wide = room * ratio / film.width;
    const high = inFull ? window.innerHeight * ratio / film.height / 2 : Infinity;
    // Whole pixels: only so blocks and lines meet.
    cellW = Math.max(1, Math.floor(Math.min(wide, high)));
    cellH = cellW * 2;
    canvas.width = cellW * film.width;
    canvas.height = cellH * film.height;
    for (const each of [canvas, text]) {
      each.style.width = `${canvas.width / ratio}px`;
      each.style.height = `${canvas.height / ratio}px`;
    }
    stage.style.width = inFull ? "" : canvas.style.width;
    pen.font = `100px ${FONTS}`;
    size = cellW * 100 / pen.measureText("0").width;
    pen.font = `${size}px ${FONTS}`;
    const box = pen.measureText("0");
    baseline = (cellH - box.fontBoundingBoxAscent - box.fontBoundingBoxDescent) / 2
      + box.fontBoundingBoxAscent;
    text.style.font = `${size / ratio}px/${cellH / ratio}px ${FONTS}`;
    shown = [];
    show();
  }

  // The same rule as `snapped` has in shapes.py: lines are equally thick, what touches, touches.
  function edge(part, cell, half) {
    const thick = Math.max(1, Math.round(cellH * film.lines.light));
    const halves = (part - 0.5) / half, far = Math.abs(halves);
    if (far !== 1 && far !== 3 && far !== film.lines.heavy) return Math.floor(part * cell + 0.5);
    const steps = far === film.lines.heavy ? Math.sign(halves) * 2 : halves;
    return Math.floor(Math.floor((cell - thick) / 2) + thick * (steps + 1) / 2);
  }
  const edgeX = (part) => edge(part, cellW, film.lines.light);
  const edgeY = (part) => edge(part, cellH, film.lines.light / 2);

  function box([left, top, right, bottom], x, y, cells = 1) {
    const x0 = x + edgeX(left), x1 = x + (cells - 1) * cellW + edgeX(right);
    const y0 = y + edgeY(top), y1 = y + edgeY(bottom);
    pen.fillRect(x0, y0, Math.max(1, x1 - x0), Math.max(1, y1 - y0));
  }

  function corner([right, down], x, y) {
    const [left, top, far] = film.lines.cross;
    const thick = edgeX(far) - edgeX(left);
    const cx = x + edgeX(left) + thick / 2, cy = y + edgeY(top) + thick / 2;
    pen.lineWidth = thick;
    pen.beginPath();
    pen.moveTo(cx, y + (down > 0 ? cellH : 0));
    pen.lineTo(cx, cy + down * cellW / 2);
    pen.quadraticCurveTo(cx, cy, cx + right * cellW / 2, cy);
    pen.lineTo(x + (right > 0 ? cellW : 0), cy);
    pen.stroke();
  }

  function character(char, x, y) {
    const shape = film.shapes[char];
    if (!shape) return pen.fillText(char, x, y + baseline);
    pen.globalAlpha = shape.opacity;
    if (shape.corner) corner(shape.corner, x, y);
    for (const rectangle of shape.rectangles) box(rectangle, x, y);
    pen.globalAlpha = 1;
  }

  // A row is [look, what, look, what, ...]: a text with one character to a cell, or [text, cells].
  function drawRow(row, y) {
    for (const letters of [false, true]) {
      let x = 0;
      for (let i = 0; i < row.length; i += 2) {
        const [ink, ground, style] = film.looks[row[i]], what = row[i + 1];
        const cells = typeof what === "string" ? what.length : what[1];
        pen.fillStyle = letters ? ink : ground;
        if (!letters) pen.fillRect(x, y, cells * cellW, cellH);
        else {
          pen.strokeStyle = ink;
          pen.font = `${style & ITALIC ? "italic " : ""}${style & BOLD ? "bold " : ""}`
            + `${size}px ${FONTS}`;
          if (typeof what !== "string") character(what[0], x, y);
          else for (let n = 0; n < cells; n++) {
            if (what[n] !== " ") character(what[n], x + n * cellW, y);
          }
          if (style & UNDERLINE) box(film.lines.underline, x, y, cells);
          if (style & STRIKE) box(film.lines.strike, x, y, cells);
        }
        x += cells * cellW;
      }
    }
  }

  function textOf(row) {
    let line = "";
    for (let i = 1; i < row.length; i += 2) {
      line += typeof row[i] === "string" ? row[i] : row[i][0];
    }
    return line.trimEnd();
  }

  function show() {
    const { rows } = frameAt(at);
    let changed = false;
    rows.forEach((number, y) => {
      if (shown[y] === number) return;
      drawRow(film.rows[number], y * cellH);
      changed = true;
    });
    shown = rows;
    // A selection would be lost if the text were set anew without need.
    if (changed) {
      const now = rows.map((number) => textOf(film.rows[number])).join("\n");
      if (text.textContent !== now) text.textContent = now;
    }
    slider.value = at;
    slider.setAttribute("aria-valuetext", `${clock(at)} of ${clock(film.duration)}`);
    time.textContent = `${clock(at)} / ${clock(film.duration)}`;
    const pressed = lastBefore(film.keys, at);
    key.textContent = pressed && at - pressed[0] < KEY_SHOWN_MS ? pressed[1] : "";
    const chapter = chapters.findLast((each) => Number(each.dataset.at) <= at);
    for (const each of chapters) {
      if (each === chapter) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
  }

  function tick(now) {
    if (!playing) return;
    at = Math.min(film.duration, at + (now - before) * Number(speed.value));
    before = now;
    if (at >= film.duration && wish.has("loop")) at = 0;
    show();
    if (at >= film.duration) return pause();
    requestAnimationFrame(tick);
  }

  function play() {
    if (playing) return;
    if (fresh || at >= film.duration) at = 0;
    begun();
    playing = true;
    toggle.textContent = "Pause";
    before = performance.now();
    requestAnimationFrame(tick);
  }

  function pause() {
    playing = false;
    toggle.textContent = "Play";
  }

  function begun() {
    fresh = false;
    start.hidden = true;
  }

  function seek(ms) {
    begun();
    at = Math.max(0, Math.min(film.duration, ms));
    show();
  }

  function step(forward) {
    pause();
    const now = frames.indexOf(frameAt(at));
    seek(frames[Math.max(0, Math.min(frames.length - 1, now + forward))].since);
  }

  function chapter(forward) {
    const times = chapters.map((each) => Number(each.dataset.at));
    // Just behind a chapter's start "back" means the one before it.
    const next = forward > 0 ? times.find((ms) => ms > at) : times.findLast((ms) => ms < at - 1000);
    seek(next ?? (forward > 0 ? film.duration : 0));
  }

  const toggled = () => (playing ? pause() : play());
  const fullscreen = () =>
    document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen();
  const deeds = {
    " ": toggled, k: toggled, f: fullscreen,
    ArrowLeft: () => seek(at - STEP_MS), ArrowRight: () => seek(at + STEP_MS),
    Home: () => seek(0), End: () => seek(film.duration),
    ",": () => step(-1), ".": () => step(1), "[": () => chapter(-1), "]": () => chapter(1),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const own = event.target.tagName;
    // A focused button takes the space key itself; a list takes all keys.
    if (own === "SELECT" || (event.key === " " && (own === "BUTTON" || own === "SUMMARY"))) return;
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
  toggle.addEventListener("click", toggled);
  start.addEventListener("click", play);
  text.addEventListener("click", () => { if (getSelection().isCollapsed) toggled(); });
  slider.addEventListener("input", () => seek(Number(slider.value)));
  full.addEventListener("click", fullscreen);
  for (const each of chapters) {
    each.addEventListener("click", () => seek(Number(each.dataset.at)));
  }
  window.addEventListener("resize", fit);
  document.addEventListener("fullscreenchange", fit);

  // ?t=75 or ?t=1:15 starts there; ?autoplay, ?loop, ?speed=2; ?embed shows the player alone.
  const wish = new URLSearchParams(location.search);
  const wished = wish.get("t");
  const seconds = (wished ?? "").split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  if (wish.has("embed")) document.body.classList.add("embed");
  if ([...speed.options].some((each) => each.value === wish.get("speed"))) {
    speed.value = wish.get("speed");
  }
  slider.max = film.duration;
  document.body.classList.add("ready");
  fit();
  if (wished !== null && Number.isFinite(seconds)) {
    seek(seconds * 1000);
  }
  if (wish.has("autoplay")) play();
})();
