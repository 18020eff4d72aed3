// A dense network of one number: out = W_K tanh(... tanh(W_1 v + b_1) ...) + b_K, and its derivative beside it.

export class Net {
  // layers: [{W: rows of numbers, b: numbers}, ...], as the package stores an nf.MLP.
  constructor(layers) {
    this.layers = layers.map(({ W, b }) => ({ W: Float64Array.from(W.flat()), b: Float64Array.from(b) }));
    this.values = layers.map(({ b }) => new Float64Array(b.length));
    this.slopes = layers.map(({ b }) => new Float64Array(b.length));
    this.input = new Float64Array(1);
    this.one = Float64Array.of(1);
    this.value = this.values.at(-1);
    this.slope = this.slopes.at(-1);
  }

  // Puts out(v) into `value` and d out / dv into `slope`.
  at(v) {
    const { layers, values, slopes, input, one } = this, last = layers.length - 1;
    input[0] = v;
    for (let k = 0; k <= last; k++) {
      pass(layers[k], k ? values[k - 1] : input, k ? slopes[k - 1] : one, values[k], slopes[k]);
      if (k < last) activate(values[k], slopes[k]);
    }
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
