// Pointer and keyboard: a mouse, a pen or a finger drags the point or a handle; arrow keys move the point.

const NEAR = 24; // pixels within which a handle is taken, wide enough for a finger
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };
const STEP = 0.1, SMALL = 0.01; // a key's step, and with Shift

// page: {handles(plane name), drag(handle, point), point: z, move(z)}.
export function listen(planes, page) {
  for (const [name, plane] of Object.entries(planes)) {
    let held = null;
    plane.over.addEventListener("pointerdown", (event) => {
      held = taken(plane, name, page, event);
      if (!held) return;
      plane.over.setPointerCapture(event.pointerId);
      held(plane.toPoint(event));
    });
    plane.over.addEventListener("pointermove", (event) => held?.(plane.toPoint(event)));
    for (const end of ["pointerup", "pointercancel"]) plane.over.addEventListener(end, () => { held = null; });
  }
  planes.z.over.addEventListener("keydown", (event) => {
    const way = KEYS[event.key], step = event.shiftKey ? SMALL : STEP;
    if (!way) return;
    event.preventDefault();
    page.move([page.point[0] + step * way[0], page.point[1] + step * way[1]]);
  });
}

// What the pointer takes: the nearest of the handles and the point; on the left, the point comes to the pointer.
function taken(plane, name, page, event) {
  const { left, top } = plane.over.getBoundingClientRect();
  const distance = (at) => {
    const [x, y] = plane.toPixel(at);
    return Math.hypot(event.clientX - left - x, event.clientY - top - y);
  };
  const found = page.handles(name).map((handle) => ({ far: distance(handle.at), take: (at) => page.drag(handle, at) }));
  if (name === "z") found.push({ far: distance(page.point) - 6, take: page.move });
  const nearest = found.sort((a, b) => a.far - b.far)[0];
  if (nearest?.far < NEAR) return nearest.take;
  return name === "z" ? page.move : null;
}
