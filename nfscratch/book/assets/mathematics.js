// Formulas are in the page as TeX. KaTeX, which lies beside this file, sets them when the page is there.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  for (const element of document.querySelectorAll(".math")) {
    const displayMode = element.tagName === "DIV";
    katex.render(element.textContent, element, { displayMode, throwOnError: true, output: "htmlAndMathml" });
  }
});
