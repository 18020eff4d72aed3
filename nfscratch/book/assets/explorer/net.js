// A dense network of one number: out = W_K tanh(... tanh(W_1 v + b_1) ...) + b_K, and its derivative beside it.

export class Net {
  // layers: [{W: rows of numbers, b: numbers}, ...], as the package stores an nf.MLP.
  constructor(layers) {
    this.layers = layers.map(({ W, b }) => ({ W: Float64Array.from(W.flat()), b: Float64Array.from(b) }));
    this.values = layers.map(({ b }) => new Float64Array(b.length));
    this.slopes = layers.map(({ b }) => new Float64Array(b.length));
  }

  // out(v) and d out / dv. The arrays are used again by the next call.
  at(v) {
    let value = [v], slope = [1];
    this.layers.forEach((layer, k) => {
      pass(layer, value, slope, this.values[k], this.slopes[k]);
      if (k + 1 < this.layers.length) activate(this.values[k], this.slopes[k]);
      [value, slope] = [this.values[k], this.slopes[k]];
    });
    return [value, slope];
  }
}

function pass({ W, b }, value, slope, newValue, newSlope) {
  const n = value.length;
  for (let i = 0; i < b.length; i++) {
    let sum = b[i], rate = 0;
    for (let j = 0; j < n; j++) {
      sum += W[i * n + j] * value[j];
      rate += W[i * n + j] * slope[j];
    }
    newValue[i] = sum;
    newSlope[i] = rate;
  }
}

function activate(value, slope) {
  for (let i = 0; i < value.length; i++) {
    value[i] = Math.tanh(value[i]);
    slope[i] *= 1 - value[i] * value[i];
  }
}
