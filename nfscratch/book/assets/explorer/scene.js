// What the two planes show: the grid and its image, the cell and its image, the columns of J as arrows.

import { Density } from "./density.js";
import { Lattice } from "./lattice.js";
import { SIZE, identity } from "./result.js";

const EDGE = 24; // points on each side of the cell, enough for a bent one

export class Scene {
  constructor(planes) {
    this.planes = planes;
    this.density = new Density();
    this.lattice = new Lattice();
    this.out = new Float64Array(SIZE);
  }

  // The image of a path under the map.
  imageOf(map, path) {
    return path.map(([z1, z2]) => {
      map(z1, z2, this.out);
      return [this.out[0], this.out[1]];
    });
  }

  // The plane's density and grid, below what moves. The noise is its own image.
  drawPlane(name, map, look) {
    const plane = this.planes[name];
    this.lattice.evaluate(map ?? identity);
    plane.drawDensity(this.density, this.lattice, look.colours);
    for (const { first, last, at } of this.lattice.lines) {
      plane.polyline(this.lattice, first, last, at === 0 ? look.axis : look.grid, at === 0 ? 1.4 : 0.8);
    }
  }

  // The cell of side h around z, its image, and what was measured: {at: the map's result, counted: area ratio}.
  drawCell(map, z, h, look) {
    const cell = outline(z, h), image = this.imageOf(map, cell), { z: left, x: right } = this.planes;
    map(...z, this.out);
    const at = Array.from(this.out), x = at.slice(0, 2), [a, b, c, d] = at.slice(2, 6);
    left.path(left.over, cell, { line: look.cell, fill: look.cellFill, width: 2 }, true);
    right.path(right.over, image, { line: look.cell, fill: look.cellFill, width: 2 }, true);
    right.path(right.over, parallelogram(x, [a, c], [b, d], h), { line: look.text, width: 1.2, dash: [4, 3] }, true);
    arrows(left, z, [[1, 0], [0, 1]], h, look);
    arrows(right, x, [[a, c], [b, d]], h, look);
    left.dot(z, 7, look.point, look.ring);
    right.dot(x, 5, look.point, look.ring);
    return { at, counted: area(image.map((p) => right.toPixel(p))) / area(cell.map((p) => left.toPixel(p))) };
  }

  drawHandles(handles, look) {
    for (const { plane: name, from, at, label } of handles) {
      const plane = this.planes[name];
      if (from) plane.arrow(from, at, look.handle, 2);
      plane.dot(at, 6, look.handle, look.ring);
      plane.text(at, label, look.handle, look.paper);
    }
  }
}

function arrows(plane, from, columns, h, look) {
  columns.forEach(([u, v], k) => plane.arrow(from, [from[0] + h / 2 * u, from[1] + h / 2 * v], look.columns[k]));
}

function outline([z1, z2], h) {
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
  return corners.flatMap(([a, b], k) => {
    const [c, d] = corners[(k + 1) % 4];
    return Array.from({ length: EDGE }, (_, i) => {
      const t = i / EDGE;
      return [z1 + h / 2 * (a + t * (c - a)), z2 + h / 2 * (b + t * (d - b))];
    });
  });
}

// What J makes of the cell: the image that it would have if the map were linear.
const parallelogram = ([x1, x2], [a, c], [b, d], h) =>
  [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([s, t]) => [x1 + h / 2 * (s * a + t * b), x2 + h / 2 * (s * c + t * d)]);

// The area of a polygon on the screen, in pixels (the shoelace formula).
export function area(points) {
  let twice = 0;
  points.forEach(([x, y], k) => {
    const [u, v] = points[(k + 1) % points.length];
    twice += x * v - y * u;
  });
  return Math.abs(twice) / 2;
}
