// "Run this page": every cell becomes a field to edit, with its own button; output appears where it stands.
"use strict";

const SLOWER = 8; // a training step in a browser against a native one
const SLOW = 5; // seconds in a browser from which a cell says so

class Page {
  constructor(settings) {
    const absolute = (path) => new URL(path, document.baseURI).href;
    this.settings = { ...settings, pyodide: absolute(settings.pyodide), wheels: settings.wheels.map(absolute) };
    this.cells = [...document.querySelectorAll("div.cell")].map((box, k) => new Cell(this, box, k));
    this.queue = [];
    this.running = null;
    this.bar = makeBar(this);
    this.cells[0]?.box.before(this.bar.element);
  }

  async start() {
    if (this.worker) return;
    this.bar.state("loading");
    this.cells.forEach((cell) => cell.open());
    this.worker = new Worker(this.settings.worker);
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.interrupts = self.crossOriginIsolated ? new Uint8Array(new SharedArrayBuffer(1)) : null;
    this.worker.postMessage({ start: { ...this.settings, interrupts: this.interrupts } });
  }

  hear(data) {
    if (data.progress) this.bar.say(data.progress);
    if (data.failed) this.bar.state("failed", data.failed);
    if (data.ready) {
      this.isReady = true;
      this.bar.state("ready");
      this.next();
    }
    if (data.id === undefined) return;
    this.cells[data.id].hear(data);
    if (data.done) {
      this.running = null;
      if (data.error) this.queue = [];
      this.next();
    }
  }

  run(cells) {
    this.start();
    this.queue.push(...cells.filter((cell) => !this.queue.includes(cell)));
    this.next();
  }

  next() {
    if (!this.isReady || this.running) return;
    this.running = this.queue.shift() ?? null;
    this.bar.state(this.running ? "running" : "ready");
    if (!this.running) return;
    this.running.clear();
    this.worker.postMessage({ run: { id: this.running.number, code: this.running.code } });
  }

  // With shared memory Python raises KeyboardInterrupt, and the names that are defined stay. Without it, Python ends.
  stop() {
    this.queue = [];
    if (this.interrupts) {
      this.interrupts[0] = 2;
      return;
    }
    this.worker?.terminate();
    this.running?.hear({ done: true, error: "Stopped. Python was ended: run the cells from the first one again." });
    Object.assign(this, { worker: null, running: null, isReady: false });
    this.bar.state("asleep");
  }
}

class Cell {
  constructor(page, box, number) {
    Object.assign(this, { page, box, number });
    this.source = box.querySelector(".cell_input pre");
    this.seconds = page.settings.seconds?.[number] ?? 0;
  }

  get code() {
    return this.field ? this.field.value : this.source.textContent;
  }

  open() {
    if (this.field) return;
    this.field = document.createElement("textarea");
    this.field.value = this.source.textContent.trimEnd();
    this.field.rows = this.field.value.split("\n").length;
    this.field.spellcheck = false;
    this.field.setAttribute("aria-label", `Code of cell ${this.number + 1}`);
    this.field.className = "live-code";
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.shiftKey) return;
      event.preventDefault();
      this.page.run([this]);
    });
    this.source.closest(".highlight").replaceWith(this.field);
    const button = makeButton("Run", `Run cell ${this.number + 1}`, () => this.page.run([this]));
    const row = document.createElement("div");
    row.className = "live-row";
    row.append(button, this.warning());
    this.field.after(row);
  }

  warning() {
    const words = document.createElement("span");
    const seconds = Math.round(this.seconds * SLOWER);
    words.textContent = seconds >= SLOW ? `about ${seconds} seconds in a browser` : "";
    return words;
  }

  clear() {
    this.box.querySelector(".cell_output")?.remove();
    this.output = document.createElement("div");
    this.output.className = "cell_output docutils container";
    this.output.setAttribute("aria-live", "polite");
    this.box.append(this.output);
    this.text = null;
  }

  hear({ stream, text, picture, name, error }) {
    if (stream) this.write(text, stream === "stderr" ? "live-warning" : "");
    if (picture) this.draw(picture, name);
    if (error) this.write(error, "live-error");
  }

  write(text, kind) {
    if (!this.text || this.text.dataset.kind !== kind) {
      this.text = document.createElement("pre");
      this.text.dataset.kind = kind;
      this.text.className = `live-text ${kind}`;
      this.output.append(this.text);
    }
    this.text.textContent += text.replace(/^ *figure: .*\n?/gm, "");
  }

  draw(bytes, name) {
    const picture = document.createElement("img");
    picture.src = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    picture.alt = `The figure ${name}, as this run draws it`;
    this.output.append(picture);
    this.text = null;
  }
}

function makeButton(words, label, action) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: words, onclick: action, className: "live-button" });
  button.setAttribute("aria-label", label);
  return button;
}

function makeBar(page) {
  const element = document.createElement("div");
  element.className = "live-bar";
  element.setAttribute("role", "status");
  const start = makeButton("Run this page", "Run this page in your browser", () => page.run(page.cells));
  const stop = makeButton("Stop", "Stop the cell that runs", () => page.stop());
  const words = document.createElement("span");
  element.append(start, stop, words);
  const say = (text) => (words.textContent = text);
  const texts = {
    asleep: "Python, NumPy and the package are loaded into your browser: with few steps (--fast), some 10 times slower.",
    loading: "loading",
    ready: "Ready. Edit a cell, and press Run or Shift+Enter.",
    running: "running",
  };
  const state = (name, text) => {
    element.dataset.state = name;
    stop.disabled = name !== "running" && name !== "loading";
    say(name === "running" ? `running cell ${page.running.number + 1} of ${page.cells.length}` : text ?? texts[name]);
  };
  queueMicrotask(() => state("asleep"));
  return { element, say, state };
}

document.addEventListener("DOMContentLoaded", () => {
  const settings = document.getElementById("live-settings");
  if (settings) self.livePage = new Page(JSON.parse(settings.textContent));
});
