// Planar: everything moves along u, by an amount that depends on the position along w (chapter 03).
//
//   x = z + û tanh(w.z + b),   J = I + û psi^T,   psi = (1 - tanh²) w,   det J = tanh² + (1 - tanh²) (1 + w.û)
//   û = u + k w with w.û > -1, so that no map folds: nfscratch/ops/u_hat.py, whose letters these are

const MARGIN = 1e-3, LEAST = 1e-2;

const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));

// û, and s = 1 + w.û.
export function uHat([w1, w2], [u1, u2]) {
  const a = w1 * u1 + w2 * u2, q = w1 * w1 + w2 * w2;
  const tau = Math.min(Math.max(q, Number.EPSILON ** 2), LEAST) / LEAST;
  const y = (a + (1 - tau) * (1 - MARGIN)) / tau;
  const k = (softplus(-y) - (1 - MARGIN)) / Math.max(q, LEAST);
  return { hat: [u1 + k * w1, u2 + k * w2], s: MARGIN + tau * softplus(y) };
}

export const planar = {
  name: "Planar",
  formula: "x = z + \\hat u \\, \\tanh(w \\cdot z + b)",
  words: "Points move along û on one side of a line, and against it on the other. Drag w on the left, u on the right. Where "
    + "u would fold the plane, û is u corrected.",
  sliders: [
    { key: "angle", label: "direction of w", min: -180, max: 180, value: 35, unit: "°" },
    { key: "length", label: "length of w", min: 0.1, max: 4, value: 1.6 },
    { key: "b", label: "offset b", min: -3, max: 3, value: 0 },
    { key: "u1", label: "u₁", min: -3, max: 3, value: 1.6 },
    { key: "u2", label: "u₂", min: -3, max: 3, value: -0.4 },
  ],
  parameters(p) {
    const angle = p.angle * Math.PI / 180;
    return { w: [p.length * Math.cos(angle), p.length * Math.sin(angle)], u: [p.u1, p.u2], b: [p.b] };
  },
  make({ w: [w1, w2], u, b: [b] }) {
    const { hat: [h1, h2], s } = uHat([w1, w2], u);
    return (z1, z2, out) => {
      const t = Math.tanh(w1 * z1 + w2 * z2 + b), slope = 1 - t * t;
      out[0] = z1 + h1 * t;
      out[1] = z2 + h2 * t;
      out[2] = 1 + h1 * slope * w1;
      out[3] = h1 * slope * w2;
      out[4] = h2 * slope * w1;
      out[5] = 1 + h2 * slope * w2;
      out[6] = Math.log(t * t + slope * s);
    };
  },
  handles(p) {
    const { w } = planar.parameters(p);
    const toW = ([x, y]) => ({ angle: Math.atan2(y, x) * 180 / Math.PI, length: Math.hypot(x, y) });
    return [
      { plane: "z", label: "w", from: [0, 0], at: w, set: toW },
      { plane: "x", label: "u", from: [0, 0], at: [p.u1, p.u2], set: ([u1, u2]) => ({ u1, u2 }) },
    ];
  },
};
