// A cell of a page: a field with code, its button, and what a run of it prints and draws.
"use strict";

const SLOWER = 8; // a training step in a browser against a native one
const SLOW = 5; // seconds in a browser from which a cell says so

function makeButton(words, label, action) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: words, onclick: action, className: "live-button" });
  button.setAttribute("aria-label", label);
  return button;
}

// The name of a figure's file, also when a run has drawn it anew.
function figureOf(image) {
  return image.dataset.name ?? new URL(image.src).pathname.split("/").pop();
}

class Cell {
  static verb = "Run";

  constructor(page, box, number) {
    Object.assign(this, { page, box, number });
    this.source = box.querySelector("pre");
    this.seconds = page.settings.seconds?.[number] ?? 0;
  }

  get code() {
    return this.field ? this.field.value : this.source.textContent;
  }

  // What the worker is asked.
  get request() {
    return { run: { id: this.number, code: this.code } };
  }

  get name() {
    return `cell ${this.number + 1}`;
  }

  open() {
    if (this.field) return;
    this.field = document.createElement("textarea");
    this.field.value = this.source.textContent.trimEnd();
    this.field.rows = this.field.value.split("\n").length;
    this.field.spellcheck = false;
    this.field.setAttribute("aria-label", `Code of ${this.name}`);
    this.field.className = "live-code";
    this.field.addEventListener("keydown", (event) => this.typed(event));
    this.field.addEventListener("input", () => (this.field.rows = this.field.value.split("\n").length));
    const row = document.createElement("div");
    row.className = "live-row";
    const { verb } = this.constructor;
    row.append(makeButton(verb, `${verb} ${this.name}`, () => this.page.run([this])), this.warning());
    this.source.closest('div[class*="highlight-"]').replaceWith(this.field);
    this.field.after(row);
  }

  // Shift+Enter runs the cell. Enter keeps the indentation. Tab leaves the field, as everywhere.
  typed(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (event.shiftKey) return this.page.run([this]);
    const { value, selectionStart } = this.field;
    const line = value.slice(value.lastIndexOf("\n", selectionStart - 1) + 1, selectionStart);
    this.field.setRangeText("\n" + line.match(/^ */)[0], selectionStart, this.field.selectionEnd, "end");
    this.field.dispatchEvent(new Event("input"));
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
      this.text.tabIndex = 0; // what is wider than the page is scrolled by the keyboard
      this.output.append(this.text);
    }
    this.text.textContent += text.replace(/^ *figure: .*\n?/gm, "");
  }

  // A figure that stands in the page, with its caption, is drawn anew in its place.
  draw(bytes, name) {
    const source = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    const standing = [...document.querySelectorAll("figure img")].find((image) => figureOf(image) === name);
    if (standing) {
      standing.dataset.name = name;
      standing.src = source;
      return;
    }
    const picture = document.createElement("img");
    picture.src = source;
    picture.alt = `The figure ${name}, as this run draws it`;
    picture.className = "live-picture";
    this.output.append(picture);
    this.text = null;
  }
}

// A task of the course: the field holds one function, and its checks judge it.
class Exercise extends Cell {
  static verb = "Check";

  get task() {
    return this.box.id.replace("task-", "").replace("-", ".");
  }

  get name() {
    return `task ${this.task}`;
  }

  get request() {
    return { check: { id: this.number, chapter: this.page.settings.exercises, task: this.task, code: this.code } };
  }
}
