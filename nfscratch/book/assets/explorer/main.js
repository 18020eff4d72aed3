// The page: what is chosen, and one drawing a frame of what has changed.

import { chooser, Sliders, valuesOf, within } from "./controls.js";
import { listen } from "./drag.js";
import { lookOf, onTheme } from "./look.js";
import { maps as allMaps } from "./maps.js";
import { Numbers } from "./numbers.js";
import { Plane, RANGE } from "./plane.js";
import { Scene } from "./scene.js";

const PLAY = 6000; // milliseconds that all layers take

class Explorer {
  constructor(root, maps) {
    Object.assign(this, { root, maps, point: [-1, 0.7], size: 0.8, touched: false, values: {} });
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.part = part;
    this.planes = { z: new Plane(part("z")), x: new Plane(part("x")) };
    this.scene = new Scene(this.planes);
    this.numbers = new Numbers(root);
    this.sliders = new Sliders(part("sliders"), (changes) => this.change(changes));
    this.move = this.move.bind(this);
    chooser(part("maps"), maps, "coupling", (key) => this.choose(key));
    part("size").addEventListener("input", ({ target }) => this.resize(Number(target.value)));
    part("reset").addEventListener("click", () => this.choose(this.key, true));
    part("play").addEventListener("click", () => this.play());
    listen(this.planes, this);
    onTheme(() => this.restyle());
    new ResizeObserver(() => this.restyle()).observe(part("x"));
    this.restyle();
    this.choose("coupling");
  }

  choose(key, anew = false) {
    this.key = key;
    this.chosen = this.maps[key];
    if (anew || !this.values[key]) this.values[key] = valuesOf(this.chosen.sliders);
    this.sliders.build(this.chosen.sliders, this.values[key]);
    this.part("play").hidden = !this.chosen.play;
    this.part("words").textContent = this.chosen.words;
    setFormula(this.part("formula"), this.chosen.formula);
    this.change({});
  }

  // Move one slider from end to end, until the reader takes over.
  play() {
    const { key, min, max } = this.chosen.sliders.find((slider) => slider.key === this.chosen.play);
    const start = performance.now(), step = (now) => {
      if (this.playing !== start) return;
      const share = Math.min(Math.max((now - start) / PLAY, 0), 1);
      this.change({ [key]: min + share * (max - min) }, start);
      if (share < 1) requestAnimationFrame(step);
    };
    this.playing = start;
    requestAnimationFrame(step);
  }

  change(changes, player = null) {
    this.playing = player;
    const p = within(this.chosen.sliders, this.values[this.key], changes);
    this.values[this.key] = p;
    this.map = this.chosen.make(this.chosen.parameters(p));
    this.sliders.set(p);
    this.later("image");
  }

  move([z1, z2]) {
    const inside = (v) => Math.min(RANGE, Math.max(-RANGE, v));
    Object.assign(this, { point: [inside(z1), inside(z2)], touched: true });
    this.later("cell");
  }

  resize(size) {
    this.size = size;
    this.part("size-shown").textContent = size.toFixed(2);
    this.later("cell");
  }

  handles(plane) {
    return this.chosen.handles(this.values[this.key]).filter((handle) => handle.plane === plane);
  }

  drag(handle, at) {
    const found = this.handles(handle.plane).find(({ label }) => label === handle.label);
    this.change(found.set(at));
  }

  restyle() {
    this.look = lookOf(this.root);
    this.planes.z.fit();
    this.planes.x.fit();
    if (this.map) this.later("noise");
  }

  // What has to be drawn anew in the next frame: "noise" (everything), "image" (right) or "cell" (what moves).
  later(what) {
    if (!this.waiting) requestAnimationFrame(() => this.draw());
    this.waiting = { ...this.waiting, [what]: true };
  }

  draw() {
    const { noise, image } = this.waiting;
    this.waiting = null;
    if (noise) this.scene.drawPlane("z", null, this.look);
    if (noise || image) this.scene.drawPlane("x", this.map, this.look);
    this.planes.z.clear();
    this.planes.x.clear();
    const measured = this.scene.drawCell(this.map, this.point, this.size, this.look);
    this.scene.drawHandles(this.chosen.handles(this.values[this.key]), this.look);
    if (!this.touched) this.planes.z.text(this.point, "drag me", this.look.text, this.look.paper);
    this.numbers.show(this.point, measured);
  }
}

function setFormula(place, tex) {
  if (globalThis.katex) globalThis.katex.render(tex, place, { throwOnError: false });
  else place.textContent = tex;
}

async function start() {
  const root = document.querySelector(".explorer");
  const moons = await (await fetch(new URL("moons.json", import.meta.url))).json();
  root.querySelector("[data-part='unstarted']").remove();
  root.querySelector("[data-part='started']").hidden = false;
  root.page = new Explorer(root, allMaps(moons)); // for tests
}

if (document.readyState === "complete") start();
else addEventListener("load", start); // katex is there by then
