// A density as colour: the grid's quads, each split into two triangles, filled with p(x) = p_Z(z) / |det J|.
// No inverse is needed: the corners carry p, and pixels between them take what lies between.

import { CELLS, SIDE } from "./lattice.js";

const FULL = 0.35; // the p that has the full colour; p_Z(0) is 0.16

export class Density {
  constructor() {
    this.p = new Float64Array(SIDE * SIDE);
    this.px = new Float64Array(SIDE * SIDE);
    this.py = new Float64Array(SIDE * SIDE);
  }

  // Draw into pixels (Uint32Array, side * side) of the window [-range, range]²; colours: 256 of them.
  draw(lattice, pixels, side, range, colours) {
    pixels.fill(0);
    this.place(lattice, side / (2 * range), range);
    for (let row = 0; row < CELLS; row++) {
      for (let column = 0; column < CELLS; column++) {
        const a = row * SIDE + column, b = a + 1, c = a + SIDE, d = c + 1;
        this.triangle(pixels, side, colours, a, b, c);
        this.triangle(pixels, side, colours, b, d, c);
      }
    }
  }

  // Corners in pixels, and p there.
  place({ z1, z2, x1, x2, logDet }, scale, range) {
    for (let k = 0; k < SIDE * SIDE; k++) {
      this.px[k] = (x1[k] + range) * scale;
      this.py[k] = (range - x2[k]) * scale;
      this.p[k] = noise(z1[k], z2[k]) * Math.exp(-logDet[k]);
    }
  }

  triangle(pixels, side, colours, a, b, c) {
    const { px, py } = this, pa = this.p[a], pb = this.p[b], pc = this.p[c];
    if (pa + pb + pc < 1e-4) return;
    const ax = px[a], ay = py[a], ux = px[b] - ax, uy = py[b] - ay, vx = px[c] - ax, vy = py[c] - ay;
    const area = ux * vy - uy * vx;
    if (area === 0) return;
    const left = Math.max(0, Math.ceil(Math.min(ax, px[b], px[c]) - 0.5));
    const right = Math.min(side - 1, Math.floor(Math.max(ax, px[b], px[c]) - 0.5));
    const top = Math.max(0, Math.ceil(Math.min(ay, py[b], py[c]) - 0.5));
    const bottom = Math.min(side - 1, Math.floor(Math.max(ay, py[b], py[c]) - 0.5));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const dx = x + 0.5 - ax, dy = y + 0.5 - ay;
        const s = (dx * vy - dy * vx) / area, t = (ux * dy - uy * dx) / area;
        if (s < 0 || t < 0 || s + t > 1) continue;
        pixels[y * side + x] = colours[shade(pa + s * (pb - pa) + t * (pc - pa))];
      }
    }
  }
}

export const noise = (z1, z2) => Math.exp(-0.5 * (z1 * z1 + z2 * z2)) / (2 * Math.PI);

const shade = (p) => Math.min(255, Math.floor(255 * Math.sqrt(Math.min(p / FULL, 1))));

// 256 colours from nothing to `rgb`, as the 32-bit numbers of an ImageData.
export function ramp([red, green, blue]) {
  const bytes = new Uint8ClampedArray(4 * 256);
  for (let k = 0; k < 256; k++) bytes.set([red, green, blue, 0.9 * k], 4 * k);
  return new Uint32Array(bytes.buffer);
}
