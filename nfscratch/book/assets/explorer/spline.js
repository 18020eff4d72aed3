// A rational-quadratic spline on each coordinate, the same one on both (chapter 06).
//
//   widths and heights  m + (1 - K m) softmax,   slopes at the knots  m + softplus(t + c),   K bins on [-B, B]
//   in a bin, xi = u / w, s = h / w, q = xi (1 - xi):   r = h (s xi² + d0 q) / den,   den = s + (d0 + d1 - 2 s) q,
//   dr/du = (d1 xi² + 2 s q + d0 (1 - xi)²) (s / den)²;   outside of the box x = z

const B = 3, K = 3, M = 1e-3;
const OFFSET = Math.log(Math.expm1(1 - M)); // c: t = 0 is slope 1
const LEAST = 0.02; // of a bin that a drag may make, as a share of the box

const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));

function shares(logits) {
  const top = Math.max(...logits), e = logits.map((a) => Math.exp(a - top));
  const sum = e.reduce((a, b) => a + b);
  return e.map((v) => M + (1 - K * M) * v / sum);
}

const lefts = (widths) => widths.map((_, k) => widths.slice(0, k).reduce((a, b) => a + b, 0));

// theta, 3 K - 1 numbers -> one function of a number: (v) -> [value, slope].
export function curve(theta) {
  const w = shares(theta.slice(0, K)), h = shares(theta.slice(K, 2 * K));
  const d = [1, ...theta.slice(2 * K).map((t) => M + softplus(t + OFFSET)), 1];
  const left = lefts(w), low = lefts(h), result = [0, 0];
  return (z) => {
    if (Math.abs(z) >= B) {
      result[0] = z; result[1] = 1;
      return result;
    }
    const v = (z + B) / (2 * B);
    let k = 0;
    while (k + 1 < K && left[k + 1] <= v) k++;
    const s = h[k] / w[k], xi = (v - left[k]) / w[k], q = xi * (1 - xi), rest = 1 - xi;
    const den = s + (d[k] + d[k + 1] - 2 * s) * q;
    result[0] = 2 * B * (low[k] + h[k] * (s * xi * xi + d[k] * q) / den) - B;
    result[1] = (d[k + 1] * xi * xi + 2 * s * q + d[k] * rest * rest) * (s / den) ** 2;
    return result;
  };
}

// The logits of two inner knots at a and b.
function logits(a, b) {
  const knots = [-B, ...[Math.min(a, b), Math.max(a, b)], B].map((v) => (v + B) / (2 * B));
  const widths = [0, 1, 2].map((k) => Math.max(knots[k + 1] - knots[k], LEAST));
  const sum = widths.reduce((x, y) => x + y);
  return widths.map((v) => Math.log((v / sum - M) / (1 - K * M)));
}

const middle = ([x, y]) => (x + y) / 2;

export const spline = {
  name: "Spline",
  formula: "x_1 = h(z_1), \\qquad x_2 = h(z_2), \\qquad h(z') = x', \\; h(z'') = x''",
  words: "One curve h moves both coordinates. You set its two knots and its slopes there. Where it is steep, points spread "
    + "out. J is diagonal.",
  sliders: [
    { key: "z1", label: "knot z′", min: -2.9, max: 2.9, value: -0.5 },
    { key: "x1", label: "its image x′", min: -2.9, max: 2.9, value: -1.2 },
    { key: "d1", label: "slope there", min: 0.05, max: 5, value: 0.8 },
    { key: "z2", label: "knot z″", min: -2.9, max: 2.9, value: 0.5 },
    { key: "x2", label: "its image x″", min: -2.9, max: 2.9, value: 1.2 },
    { key: "d2", label: "slope there ", min: 0.05, max: 5, value: 0.8 },
  ],
  parameters: (p) => ({
    theta: [...logits(p.z1, p.z2), ...logits(p.x1, p.x2), ...[p.d1, p.d2].map((d) => Math.log(Math.expm1(d - M)) - OFFSET)],
  }),
  make({ theta }) {
    const h = curve(theta);
    return (z1, z2, out) => {
      [out[0], out[2]] = h(z1);
      [out[1], out[5]] = h(z2);
      out[3] = 0;
      out[4] = 0;
      out[6] = Math.log(out[2]) + Math.log(out[5]);
    };
  },
  handles: (p) => [
    { plane: "z", label: "z′", at: [p.z1, p.z1], set: (at) => ({ z1: Math.min(middle(at), p.z2 - 0.12) }) },
    { plane: "z", label: "z″", at: [p.z2, p.z2], set: (at) => ({ z2: Math.max(middle(at), p.z1 + 0.12) }) },
    { plane: "x", label: "x′", at: [p.x1, p.x1], set: (at) => ({ x1: Math.min(middle(at), p.x2 - 0.12) }) },
    { plane: "x", label: "x″", at: [p.x2, p.x2], set: (at) => ({ x2: Math.max(middle(at), p.x1 + 0.12) }) },
  ],
};
