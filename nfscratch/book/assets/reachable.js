// What is wider than the page can be scrolled by the keyboard, and the captions of the contents have a heading's level.
"use strict";

function reachable() {
  for (const box of document.querySelectorAll("pre, div.math, .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  for (const caption of document.querySelectorAll('p.caption[role="heading"]')) caption.setAttribute("aria-level", "2");
});
addEventListener("load", reachable);
addEventListener("resize", reachable);
