// The maps that the page offers. Each one has
//   name, formula (TeX), words;   sliders: [{key, label, min, max, value}];
//   parameters(p): what the sliders say, as the package's parameters;   make(parameters): (z1, z2, out) -> out filled;
//   play: the slider that a button moves from end to end, where there is one;
//   handles(p): what can be dragged in a plane, and what a drag sets.

import { coupling, couplings } from "./coupling.js";
import { planar } from "./planar.js";
import { radial } from "./radial.js";
import { spline } from "./spline.js";
import { trainedOn } from "./trained.js";

export function maps(moons) {
  return { coupling, couplings, planar, radial, spline, trained: trainedOn(moons.layers) };
}
