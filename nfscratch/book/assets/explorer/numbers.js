// The numbers beside the planes, and the sentences that say them to a screen reader.

import { noise } from "./density.js";

const QUIET = 500; // milliseconds without a change, after which the sentences are said
const shown = (v, digits = 3) => (Object.is(v, -0) || Math.abs(v) < 0.5 * 10 ** -digits ? 0 : v).toFixed(digits).replace("-", "−");

export class Numbers {
  constructor(root) {
    this.fields = Object.fromEntries([...root.querySelectorAll("[data-number]")].map((e) => [e.dataset.number, e]));
    this.said = root.querySelector("[aria-live]");
  }

  show(z, { at, counted }) {
    const [x1, x2, a, b, c, d, logDet] = at, p = noise(...z) * Math.exp(-logDet);
    const values = {
      z1: z[0], z2: z[1], x1, x2, a, b, c, d, counted, logCounted: Math.log(counted), det: Math.exp(logDet), logDet,
      pz: noise(...z), px: p,
    };
    for (const [name, field] of Object.entries(this.fields)) field.textContent = shown(values[name]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.said.textContent = sentences(values); }, QUIET);
  }
}

function sentences(v) {
  const s = (name) => shown(v[name]);
  return `The point z = (${s("z1")}, ${s("z2")}) goes to x = (${s("x1")}, ${s("x2")}). The Jacobian has the rows `
    + `(${s("a")}, ${s("b")}) and (${s("c")}, ${s("d")}). The area of the cell grows by the factor ${s("counted")} on `
    + `the screen, and by ${s("det")} in the formula; its logarithm is ${s("logDet")}. The density at x is ${s("px")}.`;
}
