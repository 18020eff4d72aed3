// What a map says about one point: x = g(z), J = dx/dz row by row, and log|det J| by the map's own formula.
// [x1, x2, J11, J12, J21, J22, log_det]: one array, written anew for every point, so that a frame makes no garbage.

export const SIZE = 7;

export function identity(z1, z2, out) {
  out[0] = z1; out[1] = z2;
  out[2] = 1; out[3] = 0;
  out[4] = 0; out[5] = 1;
  out[6] = 0;
}

// The map `layer` after what `out` holds already: J = J_layer J, and log-dets add up.
export function then(layer, out, own) {
  layer(out[0], out[1], own);
  const a = out[2], b = out[3], c = out[4], d = out[5];
  out[0] = own[0];
  out[1] = own[1];
  out[2] = own[2] * a + own[3] * c;
  out[3] = own[2] * b + own[3] * d;
  out[4] = own[4] * a + own[5] * c;
  out[5] = own[4] * b + own[5] * d;
  out[6] += own[6];
}

// layers, the first one first, as one map.
export function chained(layers) {
  const own = new Float64Array(SIZE);
  return (z1, z2, out) => {
    identity(z1, z2, out);
    for (const layer of layers) then(layer, out, own);
  };
}
