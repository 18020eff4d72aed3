// Affine coupling: one variable is kept, and says how the other is scaled and shifted (chapter 04).
//
//   x_k = z_k,   x_c = exp(s) z_c + t,   (a, t) = network(z_k),   s = C tanh(a / C)
//   J: dx_c/dz_c = exp(s),   dx_c/dz_k = z_c exp(s) s' + t',   log_det = s

import { Net } from "./net.js";
import { chained } from "./result.js";

const MOST = 3; // C: nf.Affine's max_log_scale

// keep: 0 where z1 is kept, 1 where z2 is; net: the network's layers.
export function couplingLayer({ keep, net }) {
  const network = new Net(net), { value, slope } = network;
  return (z1, z2, out) => {
    const kept = keep === 0 ? z1 : z2, moved = keep === 0 ? z2 : z1;
    network.at(kept);
    const bent = Math.tanh(value[0] / MOST);
    const s = MOST * bent, scale = Math.exp(s);
    const across = moved * scale * slope[0] * (1 - bent * bent) + slope[1];
    const x = scale * moved + value[1];
    if (keep === 0) write(out, z1, x, 1, 0, across, scale);
    else write(out, x, z2, scale, across, 0, 1);
    out[6] = s;
  };
}

function write(out, x1, x2, a, b, c, d) {
  out[0] = x1; out[1] = x2; out[2] = a; out[3] = b; out[4] = c; out[5] = d;
}

// A network of two tanh units, one switching at -1 and one at 1: a rises from -scale to scale, t is a hill of height
// 2 shift tanh(steep).
function hill(scale, shift, steep) {
  const hidden = { W: [[steep], [steep]], b: [steep, -steep] };
  return [hidden, { W: [[scale / 2, scale / 2], [shift, -shift]], b: [0, 0] }];
}

const rise = (v, steep) => Math.tanh(steep * (v + 1)) - Math.tanh(steep * (v - 1));

const STEEP = { key: "steep", label: "steepness", min: 0.4, max: 4, value: 1.2 };

export const coupling = {
  name: "Coupling",
  formula: "x_1 = z_1, \\qquad x_2 = e^{s(z_1)}\\, z_2 + t(z_1)",
  words: "z₁ stays where it is, and decides how z₂ is stretched (s) and shifted (t). So J has a 0 and a 1.",
  sliders: [
    { key: "scale", label: "stretch s", min: -2, max: 2, value: 0.7 },
    { key: "shift", label: "shift t", min: -1.5, max: 1.5, value: 0.8 },
    STEEP,
  ],
  parameters: (p) => ({ layers: [{ keep: 0, net: hill(p.scale, p.shift, p.steep) }] }),
  make: ({ layers }) => chained(layers.map(couplingLayer)),
  handles: (p) => [{
    plane: "x", label: "t", at: [0, p.shift * rise(0, p.steep)],
    set: ([, y]) => ({ shift: y / rise(0, p.steep) }),
  }],
};

export const couplings = {
  name: "Two couplings",
  formula: "y_2 = e^{s(z_1)} z_2 + t(z_1), \\qquad x_1 = e^{s'(y_2)} z_1 + t'(y_2)",
  words: "First z₁ moves z₂; then the new second coordinate moves the first. Now every entry of J can change.",
  sliders: [
    { key: "scale", label: "stretch s", min: -2, max: 2, value: 0.5 },
    { key: "shift", label: "shift t", min: -1.5, max: 1.5, value: 0.9 },
    { key: "scale2", label: "stretch s′", min: -2, max: 2, value: -0.6 },
    { key: "shift2", label: "shift t′", min: -1.5, max: 1.5, value: -0.8 },
    STEEP,
  ],
  parameters: (p) => ({
    layers: [{ keep: 0, net: hill(p.scale, p.shift, p.steep) }, { keep: 1, net: hill(p.scale2, p.shift2, p.steep) }],
  }),
  make: ({ layers }) => chained(layers.map(couplingLayer)),
  handles(p) {
    const y = p.shift * rise(0, p.steep);
    return [{
      plane: "x", label: "t, t′", at: [p.shift2 * rise(y, p.steep), y],
      set: ([x, y2]) => ({ shift: y2 / rise(0, p.steep), shift2: x / Math.max(rise(y2, p.steep), 0.3) }),
    }];
  },
};
