// "Run this page": every cell becomes a field to edit, with its own button; output appears where it stands.
"use strict";

class Page {
  constructor(settings) {
    const absolute = (path) => new URL(path, document.baseURI).href;
    this.settings = { ...settings, pyodide: absolute(settings.pyodide), wheels: settings.wheels.map(absolute) };
    const [Kind, selector] = settings.exercises ? [Exercise, "div.exercise"] : [Cell, "div.cell"];
    const boxes = [...document.querySelectorAll(selector)].filter((box) => box.querySelector("pre"));
    this.cells = boxes.map((box, k) => new Kind(this, box, k));
    this.queue = [];
    this.running = null;
    this.bar = makeBar(this);
    const first = this.cells[0]?.box;
    (settings.exercises ? first?.closest("section") : first)?.before(this.bar.element);
  }

  begin() {
    this.start();
    if (!this.settings.exercises) this.run(this.cells);
  }

  start() {
    if (this.worker) return;
    this.bar.state("loading");
    this.cells.forEach((cell) => cell.open());
    try {
      this.worker = new Worker(this.settings.worker);
    } catch (error) {
      this.fail(`${error}`);
      return;
    }
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = ({ message }) => this.fail(message || "the worker did not start");
    this.interrupts = self.crossOriginIsolated ? new Uint8Array(new SharedArrayBuffer(1)) : null;
    this.worker.postMessage({ start: { ...this.settings, interrupts: this.interrupts } });
  }

  hear(data) {
    if (data.progress) this.bar.say(data.progress);
    if (data.failed) this.fail(data.failed);
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
    if (this.interrupts) this.interrupts[0] = 0;
    this.worker.postMessage(this.running.request);
  }

  // With shared memory Python raises KeyboardInterrupt, and the names that are defined stay. Without it, Python ends.
  stop() {
    this.queue = [];
    if (this.interrupts && this.running) {
      this.interrupts[0] = 2;
      return;
    }
    this.running?.hear({ done: true, error: "Stopped. Python was ended: run the cells from the first one again." });
    this.end();
    this.bar.state("asleep");
  }

  fail(reason) {
    this.end();
    const server = location.protocol === "file:" ? " A page needs a server: nfscratch book serve." : "";
    this.bar.state("failed", `Python did not start: ${reason}.${server}`);
  }

  end() {
    this.worker?.terminate();
    Object.assign(this, { worker: null, running: null, isReady: false, queue: [] });
  }
}

function makeBar(page) {
  const element = document.createElement("div");
  element.className = "live-bar";
  const [verb, label] = page.settings.exercises
    ? ["Begin", "Begin: start Python in your browser"]
    : ["Run this page", "Run this page in your browser"];
  const start = makeButton(verb, label, () => page.begin());
  const stop = makeButton("Stop", "Stop the cell that runs", () => page.stop());
  const words = document.createElement("span");
  words.setAttribute("role", "status");
  element.append(start, stop, words);
  const say = (text) => (words.textContent = text);
  const texts = {
    asleep: "Python, NumPy and the package are loaded into your browser"
      + (page.settings.exercises ? "." : ": with few steps (--fast), some 10 times slower."),
    loading: "loading",
    ready: page.settings.exercises ? "Ready. Write a function, and press Check or Shift+Enter."
      : "Ready. Edit a cell, and press Run or Shift+Enter.",
  };
  const state = (name, text) => {
    element.dataset.state = name;
    stop.disabled = name !== "running" && name !== "loading";
    start.disabled = !stop.disabled;
    say(name === "running" ? `running ${page.running.name} of ${page.cells.length}` : text ?? texts[name]);
  };
  queueMicrotask(() => state("asleep"));
  return { element, say, state };
}

document.addEventListener("DOMContentLoaded", () => {
  const settings = document.getElementById("live-settings");
  if (settings) self.livePage = new Page(JSON.parse(settings.textContent));
});
