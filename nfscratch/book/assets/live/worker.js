// Python in a worker of its own, so that the page stays awake. Messages in:
//   {start: {pyodide, packages, wheels, argv}}   load Python, the packages, and the project's wheels
//   {run: {id, code}}                            run one cell in the page's namespace
//   {check: {id, chapter, task, code}}           judge one function by the checks of a task of the course
// Messages out: {ready}, {progress}, {id, stream, text}, {id, picture}, {id, done, error}.
"use strict";

const FIGURES = "/figures";
const BEGIN = `
import logging, os, sys
sys.argv = list(argv)
os.environ["MPLBACKEND"] = "agg"
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # that it builds a cache is no news
`;
const CHECK = `
from nfscratch.course.in_page import judged
print(judged(given["chapter"], given["task"], given["code"]))
`;
let python = null;
let namespace = null;

self.onmessage = async ({ data }) => {
  try {
    if (data.start) await start(data.start);
    if (data.run) run(data.run);
    if (data.check) run({ id: data.check.id, code: CHECK, given: data.check });
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
};

async function start({ pyodide, packages, wheels, argv, interrupts }) {
  importScripts(new URL("pyodide.js", pyodide).href);
  const say = (text) => self.postMessage({ progress: text });
  say("loading Python");
  python = await loadPyodide({ indexURL: pyodide });
  if (interrupts) python.setInterruptBuffer(interrupts);
  say("loading NumPy, SciPy, Matplotlib and scikit-learn");
  await python.loadPackage(packages, { messageCallback: () => {} });
  say("loading nfscratch");
  for (const wheel of wheels) {
    const answer = await fetch(wheel);
    if (!answer.ok) throw new Error(`${wheel}: ${answer.status}`);
    python.unpackArchive(await answer.arrayBuffer(), "wheel");
  }
  python.FS.mkdirTree(FIGURES);
  namespace = python.toPy({ __name__: "__main__" });
  python.globals.set("argv", python.toPy(["chapter", ...argv, "--figures", FIGURES]));
  python.runPython(BEGIN);
  self.postMessage({ ready: true });
}

function run({ id, code, given }) {
  const shown = pictures();
  const writer = (stream) => ({ batched: (text) => self.postMessage({ id, stream, text: text + "\n" }) });
  python.setStdout(writer("stdout"));
  python.setStderr(writer("stderr"));
  let error = null;
  try {
    const globals = given ? python.toPy({ given }) : namespace;
    const value = python.runPython(code, { globals });
    if (value?.destroy) value.destroy();
  } catch (raised) {
    error = lastLines(raised.message);
  }
  for (const [name, time] of pictures()) {
    if (shown.get(name) === time) continue;
    const bytes = python.FS.readFile(`${FIGURES}/${name}`);
    self.postMessage({ id, picture: bytes, name });
  }
  self.postMessage({ id, done: true, error });
}

function pictures() {
  const names = python.FS.readdir(FIGURES).filter((name) => name.endsWith(".png"));
  return new Map(names.map((name) => [name, python.FS.stat(`${FIGURES}/${name}`).mtime.getTime()]));
}

// A traceback without the lines of Pyodide itself.
function lastLines(message) {
  const lines = message.trimEnd().split("\n");
  const own = lines.findIndex((line) => line.includes('"<exec>"'));
  return own > 0 ? ["Traceback:", ...lines.slice(own)].join("\n") : message;
}
