// Radial: every point moves on its ray, away from a centre or towards it (chapter 03).
//
//   x = c + f d,   d = z - c,   r = |d|,   f = (gamma + r) / (alpha + r)
//   J = f I + (f' / r) d d^T,   f' = (alpha - gamma) / (alpha + r)²,   log_det = log f + log g,
//   g = (r² + 2 alpha r + alpha gamma) / (alpha + r)²

const MARGIN = 1e-3;

const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
const free = (positive) => Math.log(Math.expm1(positive - MARGIN)); // the number that the package stores for it

export const radial = {
  name: "Radial",
  formula: "x = c + \\frac{\\gamma + r}{\\alpha + r}\\,(z - c), \\qquad r = |z - c|",
  words: "γ larger than α pushes points away from the centre c and makes a hole; γ smaller than α pulls them in.",
  sliders: [
    { key: "c1", label: "centre c₁", min: -3, max: 3, value: 0.3 },
    { key: "c2", label: "centre c₂", min: -3, max: 3, value: 0.2 },
    { key: "alpha", label: "reach α", min: 0.1, max: 3, value: 0.6 },
    { key: "gamma", label: "push γ", min: 0.05, max: 5, value: 2 },
  ],
  parameters: (p) => ({ centre: [p.c1, p.c2], alpha: [free(p.alpha)], gamma: [free(p.gamma)] }),
  make({ centre: [c1, c2], alpha: [freeAlpha], gamma: [freeGamma] }) {
    const alpha = MARGIN + softplus(freeAlpha), gamma = MARGIN + softplus(freeGamma);
    return (z1, z2, out) => {
      const d1 = z1 - c1, d2 = z2 - c2, r = Math.hypot(d1, d2), far = alpha + r;
      const f = (gamma + r) / far, bend = r > 0 ? (alpha - gamma) / (far * far * r) : 0;
      out[0] = c1 + f * d1;
      out[1] = c2 + f * d2;
      out[2] = f + bend * d1 * d1;
      out[3] = bend * d1 * d2;
      out[4] = out[3];
      out[5] = f + bend * d2 * d2;
      out[6] = Math.log(f) + Math.log((r * r + 2 * alpha * r + alpha * gamma) / (far * far));
    };
  },
  handles: (p) => [{ plane: "z", label: "c", at: [p.c1, p.c2], set: ([c1, c2]) => ({ c1, c2 }) }],
};
