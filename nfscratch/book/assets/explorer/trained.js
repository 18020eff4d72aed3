// A RealNVP that the package has trained on moons (nfscratch/book/explorer.py): its couplings one after the other.
// A part of a layer is the straight way to it: (1 - p) x + p g(x). For a coupling that is again a coupling.

import { couplingLayer } from "./coupling.js";
import { SIZE, chained } from "./result.js";

export function partly(layer, part) {
  const whole = new Float64Array(SIZE), rest = 1 - part;
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

// A lattice's image after 0, 1, ... layers is computed once: then a part of a layer costs no network.
class Stages {
  constructor(layers) {
    this.layers = layers;
  }

  of(lattice) {
    if (this.lattice !== lattice) {
      this.lattice = lattice;
      this.stages = [{ x1: lattice.z1, x2: lattice.z2, logDet: new Float64Array(lattice.z1.length) }];
      for (const layer of this.layers) this.stages.push(after(layer, this.stages.at(-1)));
    }
    return this.stages;
  }

  fill(lattice, count) {
    const stages = this.of(lattice), whole = Math.min(Math.floor(count), this.layers.length - 1), part = count - whole;
    const from = stages[whole], to = stages[whole + 1];
    for (let k = 0; k < lattice.z1.length; k++) {
      lattice.x1[k] = from.x1[k] + part * (to.x1[k] - from.x1[k]);
      lattice.x2[k] = from.x2[k] + part * (to.x2[k] - from.x2[k]);
      lattice.logDet[k] = from.logDet[k] + Math.log(1 - part + part * Math.exp(to.logDet[k] - from.logDet[k]));
    }
  }
}

function after(layer, { x1, x2, logDet }) {
  const n = x1.length, out = new Float64Array(SIZE), next = {};
  for (const name of ["x1", "x2", "logDet"]) next[name] = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    layer(x1[k], x2[k], out);
    next.x1[k] = out[0];
    next.x2[k] = out[1];
    next.logDet[k] = logDet[k] + out[6];
  }
  return next;
}

// layers: those of moons.json.
export function trainedOn(layers) {
  const made = layers.map(couplingLayer), stages = new Stages(made);
  return {
    name: "Trained on moons",
    formula: `x = g_{${layers.length}}(\\cdots g_2(g_1(z)))`,
    words: "Eight small couplings whose networks have learned the two moons. Move the slider, or play the layers, to see "
      + "them at work one after the other.",
    sliders: [{ key: "layers", label: "layers applied", min: 0, max: layers.length, value: layers.length }],
    play: "layers",
    parameters: (p) => p,
    make({ layers: count }) {
      const whole = Math.floor(count), part = count - whole;
      const last = part > 0 ? [partly(made[whole], part)] : [];
      const map = chained([...made.slice(0, whole), ...last]);
      map.onLattice = (lattice) => stages.fill(lattice, count);
      return map;
    },
    handles: () => [],
  };
}
