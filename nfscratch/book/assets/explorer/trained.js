// A RealNVP that the package has trained on moons (nfscratch/book/explorer.py): its couplings one after the other.
// A part of a layer is the straight way to it: (1 - p) x + p g(x). For a coupling that is again a coupling.

import { couplingLayer } from "./coupling.js";
import { chained } from "./result.js";

export function partly(layer, part) {
  const whole = new Float64Array(7), rest = 1 - part;
  return (z1, z2, out) => {
    layer(z1, z2, whole);
    for (let k = 0; k < 6; k++) out[k] = part * whole[k];
    out[0] += rest * z1;
    out[1] += rest * z2;
    out[2] += rest;
    out[5] += rest;
    out[6] = Math.log(rest + part * Math.exp(whole[6]));
  };
}

// layers: those of moons.json.
export function trainedOn(layers) {
  const made = layers.map(couplingLayer);
  return {
    name: "Trained on moons",
    formula: `x = g_{${layers.length}}(\\cdots g_2(g_1(z)))`,
    words: "Eight small couplings whose networks have learned the two moons. Move the slider to see the layers at work "
      + "one after the other.",
    sliders: [{ key: "layers", label: "layers applied", min: 0, max: layers.length, value: layers.length }],
    parameters: (p) => p,
    make({ layers: count }) {
      const whole = Math.floor(count), part = count - whole;
      const last = part > 0 ? [partly(made[whole], part)] : [];
      return chained([...made.slice(0, whole), ...last]);
    },
    handles: () => [],
  };
}
