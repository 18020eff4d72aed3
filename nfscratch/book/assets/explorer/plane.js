// A square window on a plane: two canvases, one above the other. The lower one holds what a map's parameters change,
// the upper one what follows the pointer.

export const RANGE = 3.6; // both planes show [-RANGE, RANGE]², so that areas can be compared by eye

export class Plane {
  constructor(box) {
    [this.under, this.over] = box.querySelectorAll("canvas");
    this.side = 0;
  }

  // Fit the canvases to their place on the page; true if that has changed.
  fit() {
    const side = Math.round(this.over.clientWidth), ratio = globalThis.devicePixelRatio || 1;
    if (side === this.side && ratio === this.ratio) return false;
    Object.assign(this, { side, ratio });
    for (const canvas of [this.under, this.over]) {
      canvas.width = canvas.height = Math.round(side * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.image = new ImageData(side, side);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.shadow = Object.assign(document.createElement("canvas"), { width: side, height: side });
    return true;
  }

  toPixel([x, y]) {
    const scale = this.side / (2 * RANGE);
    return [(x + RANGE) * scale, (RANGE - y) * scale];
  }

  // The point of the plane under a pointer.
  toPoint({ clientX, clientY }) {
    const { left, top, width } = this.over.getBoundingClientRect(), scale = 2 * RANGE / width;
    return [(clientX - left) * scale - RANGE, RANGE - (clientY - top) * scale];
  }

  drawDensity(density, lattice, colours) {
    density.draw(lattice, this.pixels, this.side, RANGE, colours);
    this.shadow.getContext("2d").putImageData(this.image, 0, 0);
    const context = this.under.getContext("2d");
    context.clearRect(0, 0, this.side, this.side);
    context.drawImage(this.shadow, 0, 0, this.side, this.side);
  }

  clear() {
    this.over.getContext("2d").clearRect(0, 0, this.side, this.side);
  }

  // points: places in the plane. look: {line, fill, width, dash}.
  path(canvas, points, { line, fill, width = 1, dash = [] }, closed = false) {
    const context = canvas.getContext("2d");
    context.beginPath();
    for (const point of points) context.lineTo(...this.toPixel(point));
    if (closed) context.closePath();
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    context.setLineDash(dash);
    context.lineWidth = width;
    context.strokeStyle = line;
    context.stroke();
    context.setLineDash([]);
  }

  // Points `first` to `last` of a lattice's image, joined.
  polyline({ x1, x2 }, first, last, line, width) {
    const context = this.under.getContext("2d"), scale = this.side / (2 * RANGE);
    context.beginPath();
    for (let k = first; k < last; k++) context.lineTo((x1[k] + RANGE) * scale, (RANGE - x2[k]) * scale);
    context.lineWidth = width;
    context.strokeStyle = line;
    context.stroke();
  }

  arrow(from, to, colour, width = 3) {
    const [x0, y0] = this.toPixel(from), [x1, y1] = this.toPixel(to);
    const length = Math.hypot(x1 - x0, y1 - y0), head = Math.min(11, 0.6 * length);
    if (length < 1) return;
    const [ex, ey] = [(x1 - x0) / length, (y1 - y0) / length], [bx, by] = [x1 - head * ex, y1 - head * ey];
    const context = this.over.getContext("2d");
    context.lineWidth = width;
    context.strokeStyle = context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(bx, by);
    context.stroke();
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(bx - 0.5 * head * ey, by + 0.5 * head * ex);
    context.lineTo(bx + 0.5 * head * ey, by - 0.5 * head * ex);
    context.fill();
  }

  dot(at, radius, fill, ring) {
    const context = this.over.getContext("2d");
    context.beginPath();
    context.arc(...this.toPixel(at), radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = ring;
    context.stroke();
  }

  text(at, words, colour, halo) {
    const context = this.over.getContext("2d"), [x, y] = this.toPixel(at);
    context.font = "italic 600 15px Georgia, serif";
    context.fillStyle = colour;
    context.strokeStyle = halo;
    context.lineWidth = 4;
    context.lineJoin = "round";
    const place = [Math.min(x + 11, this.side - 9 * words.length - 4), Math.max(y - 11, 14)];
    context.strokeText(words, ...place);
    context.fillText(words, ...place);
  }
}
