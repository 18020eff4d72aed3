// Formulas that were not set when the page was written are in it as TeX. KaTeX, which lies beside this file, sets them.
"use strict";

function setFormulas(elements) {
  for (const element of elements) {
    const displayMode = element.tagName === "DIV";
    katex.render(element.textContent, element, { displayMode, throwOnError: true, output: "htmlAndMathml" });
  }
}

const beside = document.currentScript.src;
document.addEventListener("DOMContentLoaded", () => {
  const unset = [...document.querySelectorAll(".math")].filter((element) => !element.querySelector(".katex"));
  if (!unset.length) return;
  const script = document.createElement("script");
  script.src = new URL("katex/katex.min.js", beside).href;
  script.onload = () => setFormulas(unset);
  document.head.append(script);
});
