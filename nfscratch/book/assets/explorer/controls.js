// The choice of the map, and a slider with its number for each parameter.

const STEPS = 400; // of a slider from end to end

export function chooser(box, maps, chosen, choose) {
  for (const [key, { name }] of Object.entries(maps)) {
    const input = Object.assign(document.createElement("input"), {
      type: "radio", name: "explorer-map", value: key, checked: key === chosen,
    });
    const label = document.createElement("label");
    label.append(input, Object.assign(document.createElement("span"), { textContent: name }));
    input.addEventListener("change", () => choose(key));
    box.append(label);
  }
}

export class Sliders {
  constructor(box, changed) {
    this.box = box;
    this.changed = changed;
  }

  // A slider for each of the map's parameters, at the values p.
  build(sliders, p) {
    this.rows = sliders.map((slider) => this.row(slider));
    this.box.replaceChildren(...this.rows.map(({ label }) => label));
    this.set(p);
  }

  row({ key, label: name, min, max, unit = "" }) {
    const input = Object.assign(document.createElement("input"), { type: "range", min, max, step: (max - min) / STEPS });
    const label = document.createElement("label"), number = document.createElement("output");
    label.append(Object.assign(document.createElement("span"), { textContent: name }), input, number);
    input.addEventListener("input", () => this.changed({ [key]: Number(input.value) }));
    return { key, label, input, number, unit };
  }

  set(p) {
    for (const { key, input, number, unit } of this.rows) {
      input.value = p[key];
      number.textContent = p[key].toFixed(unit ? 0 : 2).replace("-", "−") + unit;
    }
  }
}

export const valuesOf = (sliders) => Object.fromEntries(sliders.map(({ key, value }) => [key, value]));

// p with `changes`, each within the ends of its slider.
export function within(sliders, p, changes) {
  const next = { ...p };
  for (const { key, min, max } of sliders) {
    if (key in changes) next[key] = Math.min(max, Math.max(min, changes[key]));
  }
  return next;
}
