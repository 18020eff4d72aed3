// The places at which a plane is drawn: the corners of small quads for the density, and points along the grid's lines.
// `evaluate` fills in where a map sends all of them, and its log-dets.

import { SIZE } from "./result.js";

const REACH = 4.2; // of the quads; e^(-REACH² / 2) is 1.5e-4
const GRID = 3, STEP = 0.5, FINE = 12; // lines at -3, -2.5, ..., 3, with FINE points per unit
export const CELLS = 76; // quads in a row
export const SIDE = CELLS + 1;

export class Lattice {
  constructor() {
    const corners = Array.from({ length: SIDE * SIDE }, (_, k) => [k % SIDE, Math.floor(k / SIDE)].map(place));
    this.lines = []; // {first, last, at}: the points of one line, which lies at z1 = `at` or z2 = `at`
    const points = [...corners, ...this.linePoints(corners.length)];
    this.z1 = Float64Array.from(points, (p) => p[0]);
    this.z2 = Float64Array.from(points, (p) => p[1]);
    [this.x1, this.x2, this.logDet] = [0, 1, 2].map(() => new Float64Array(points.length));
    this.out = new Float64Array(SIZE);
  }

  linePoints(first) {
    const along = Array.from({ length: 2 * GRID * FINE + 1 }, (_, k) => -GRID + k / FINE), points = [];
    for (let at = -GRID; at <= GRID; at += STEP) {
      for (const turn of [(w) => [at, w], (w) => [w, at]]) {
        this.lines.push({ first: first + points.length, last: first + points.length + along.length, at });
        points.push(...along.map(turn));
      }
    }
    return points;
  }

  evaluate(map) {
    if (map.onLattice) {
      map.onLattice(this);
      return;
    }
    for (let k = 0; k < this.z1.length; k++) {
      map(this.z1[k], this.z2[k], this.out);
      this.x1[k] = this.out[0];
      this.x2[k] = this.out[1];
      this.logDet[k] = this.out[6];
    }
  }
}

const place = (k) => REACH * (2 * k / CELLS - 1);
