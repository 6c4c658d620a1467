// Small helpers that build and update elements; text is always set as text.

export const $ = (id) => document.getElementById(id);

/** Builds an element: `h("p.note", { title }, "text", child)`; nullish children are left out. */
export function h(selector, attributes = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

/** Sets text only where it differs, so that nothing is announced or selected away twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `parent` follow `items`: new ones are built, gone ones removed, kept ones updated in place.
 *
 * `build(item)` makes an element, `update(element, item, isNew)` fills it, `remove(element)` may defer the removal.
 */
export function follow(parent, items, key, { build, update, remove = (element) => element.remove() }) {
  const known = (parent.known ??= new Map());
  const seen = new Set();
  let previous = null;
  for (const item of items) {
    const id = String(key(item));
    if (seen.has(id)) continue;
    seen.add(id);
    let element = known.get(id);
    const isNew = !element;
    if (isNew) {
      element = build(item);
      known.set(id, element);
    }
    const place = previous ? previous.nextSibling : parent.firstChild;
    if (place !== element) parent.insertBefore(element, place);
    update(element, item, isNew);
    previous = element;
  }
  for (const [id, element] of known) {
    if (seen.has(id)) continue;
    known.delete(id);
    remove(element);
  }
}

/** Restarts a CSS animation that a class carries. */
export function flash(element, name) {
  element.classList.remove(name);
  void element.offsetWidth;
  element.classList.add(name);
  element.addEventListener("animationend", () => element.classList.remove(name), { once: true });
}

/** A round picture: the wheel for bots, initials on the person's own colour for people. */
export function avatar(person) {
  if (person.is_bot) return h("img.avatar", { src: "/assets/wheel.svg", alt: "" });
  return h(`span.avatar.tone-${tone(person.name ?? "")}`, { "aria-hidden": "true" }, initials(person.name ?? ""));
}

const tones = { person: { order: [6, 4, 1, 2, 5, 3, 0], given: new Map() }, version: { order: [5, 2, 6, 4], given: new Map() } };

/** A colour of the palette for a person's name or a version: different ones as long as there are any left. */
export function tone(key, palette = "person") {
  const { order, given } = tones[palette];
  if (!given.has(key)) given.set(key, order[given.size % order.length]);
  return given.get(key);
}

function initials(name) {
  const parts = name.trim().split(/\s+/).filter(Boolean).map((part) => [...part][0].toUpperCase());
  return parts.length > 1 ? parts[0] + parts[parts.length - 1] : (parts[0] ?? "?");
}

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether the visitor asked for less motion. */
export const calm = () => still.matches;

let fading = 0;

/** A short notice above the composer. */
export function toast(text) {
  const place = $("toast");
  setText(place, text);
  place.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => {
    place.hidden = true;
    setText(place, "");
  }, Math.max(4000, text.length * 60));
}
