// The input: who speaks, the text, and the command menu that a slash opens.

import { post } from "./connection.js";
import { $, avatar, h, toast } from "./dom.js";
import { words } from "./words.js";

const input = $("input");
const menu = $("menu");
const sent = [];
let commands = [];
let people = [];
let speaker = null;
let onSpeaker = () => {};
let offered = [];
let chosen = 0;
let moved = false;
let closed = false;
let recalled = 0;
let peopleShown = "";
let queue = Promise.resolve();

/** `onSpeaker(person)` is told who speaks, at first and after every switch. */
export function start(callbacks) {
  onSpeaker = callbacks.onSpeaker;
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  input.addEventListener("input", () => {
    moved = closed = false;
    chosen = 0;
    refresh();
  });
  input.addEventListener("keydown", onKey);
  input.addEventListener("blur", () => hide());
  input.addEventListener("focus", refresh);
  // A press on the menu must not take the focus (and with it the menu) away first.
  for (const part of [menu, $("menu-button")]) part.addEventListener("pointerdown", (event) => event.preventDefault());
  $("menu-button").addEventListener("click", toggle);
}

export function render(state) {
  commands = state.commands ?? [];
  people = state.me ?? [];
  renderSpeakers();
  input.setAttribute("aria-label", words.message);
  input.placeholder = words.message;
  $("send").setAttribute("aria-label", words.send);
  $("menu-button").setAttribute("aria-label", words.menu);
  menu.setAttribute("aria-label", words.menu);
  if (document.activeElement === input) refresh();
}

/** Puts a text into the input, ready to be finished or sent. */
export function put(text) {
  input.value = text;
  input.focus();
  input.setSelectionRange(text.length, text.length);
  closed = true;
  refresh();
}

/** Says `text` in the speaker's name; what couldn't be sent comes back into an empty input. */
export async function say(text) {
  if (!speaker) return;
  const body = { person: speaker.id, text };
  // One after the other: what was typed first is said first.
  const said = queue.then(() => post("/api/say", body)).catch(() => words.failed);
  queue = said;
  const problem = await said;
  if (problem === null) return;
  toast(problem);
  if (!input.value) put(text);
}

function send() {
  const text = input.value.trim();
  if (!text || !speaker) return;
  sent.push(text);
  recalled = sent.length;
  input.value = "";
  refresh();
  say(text);
}

function onKey(event) {
  if (event.isComposing) return;
  const open = !menu.hidden;
  const { key } = event;
  if (open && (key === "ArrowDown" || key === "ArrowUp")) {
    event.preventDefault();
    const step = key === "ArrowDown" ? 1 : -1;
    chosen = (chosen + step + offered.length) % offered.length;
    moved = true;
    refresh();
  } else if (open && key === "Tab" && !event.shiftKey) {
    event.preventDefault();
    choose(offered[chosen]);
  } else if (open && key === "Escape") {
    event.preventDefault();
    closed = true;
    refresh();
  } else if (key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    const whole = offered.some(({ command }) => `/${command}` === input.value);
    if (open && (moved || !whole)) choose(offered[chosen]);
    else send();
  } else if (key === "ArrowUp" || key === "ArrowDown") {
    recall(event, key === "ArrowUp" ? -1 : 1);
  }
}

/** The arrows walk through what was said before, as in a shell, while the input holds nothing else. */
function recall(event, step) {
  if (input.value && input.value !== sent[recalled]) return;
  const next = recalled + step;
  if (next < 0 || next > sent.length) return;
  event.preventDefault();
  recalled = next;
  put(sent[recalled] ?? "");
}

function choose({ command }) {
  put(`/${command} `);
}

function toggle() {
  if (!menu.hidden) {
    input.value = "";
    input.focus();
    return refresh();
  }
  input.value = "/";
  moved = closed = false;
  chosen = 0;
  input.focus();
  refresh();
}

/** Brings the menu and the height of the input in line with the text. */
function refresh() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, 140)}px`;
  const word = /^\/([a-z0-9_]*)$/i.exec(input.value)?.[1]?.toLowerCase();
  offered = word === undefined || closed ? [] : commands.filter(({ command }) => command.startsWith(word));
  if (!offered.length) return hide();
  chosen = Math.min(chosen, offered.length - 1);
  menu.hidden = false;
  menu.replaceChildren(...offered.map(option));
  input.setAttribute("aria-expanded", "true");
  input.setAttribute("aria-activedescendant", `option-${chosen}`);
  $("menu-button").setAttribute("aria-expanded", "true");
  menu.children[chosen].scrollIntoView({ block: "nearest" });
}

function option(item, index) {
  return h("div.option", {
    role: "option",
    id: `option-${index}`,
    "aria-selected": String(index === chosen),
    onclick: () => choose(item),
  }, h("b", {}, `/${item.command}`), h("span", {}, item.description ?? ""));
}

function hide() {
  menu.hidden = true;
  menu.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  $("menu-button").setAttribute("aria-expanded", "false");
}

function renderSpeakers() {
  const shown = JSON.stringify([people, words.speakAs]);
  if (shown === peopleShown) return;
  peopleShown = shown;
  const remembered = speaker?.id ?? Number(sessionStorage.getItem("speaker"));
  speaker = people.find(({ id }) => id === remembered) ?? people[0] ?? null;
  $("speaker").setAttribute("aria-label", words.speakAs);
  $("speaker").replaceChildren(h("span.speak-as", { "aria-hidden": "true" }, words.speakAs), ...people.map(personChip));
  onSpeaker(speaker);
}

function personChip(person) {
  const stranger = person.allowed === false;
  const radio = h("input.only-read", {
    type: "radio",
    name: "speaker",
    value: person.id,
    onchange: () => speakAs(person),
  });
  radio.checked = person.id === speaker?.id;
  const note = stranger && h("small", { title: words.stranger }, words.strangerNote);
  return h("label.person", {}, radio, avatar(person), h("span", {}, person.name), note);
}

function speakAs(person) {
  speaker = person;
  sessionStorage.setItem("speaker", person.id);
  onSpeaker(person);
}
