// Colours, from the style of the page, so that a canvas follows the light and the dark theme.

import { ramp } from "./density.js";

const NAMES = ["grid", "axis", "cell", "cell-fill", "text", "point", "ring", "handle", "column-1", "column-2", "paper"];

export function lookOf(root) {
  const style = getComputedStyle(root), colour = (name) => style.getPropertyValue(`--explorer-${name}`).trim();
  const look = Object.fromEntries(NAMES.map((name) => [name, colour(name)]));
  return {
    ...look, cellFill: look["cell-fill"], columns: [look["column-1"], look["column-2"]],
    colours: ramp(colour("density").split(" ").map(Number)),
  };
}

// Call `changed` when the reader switches the theme.
export function onTheme(changed) {
  new MutationObserver(changed).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}
