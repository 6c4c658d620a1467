// The conversation: bubbles that change in place, quotes, inline buttons.

import { post } from "./connection.js";
import { $, avatar, calm, flash, follow, h, setText, toast, tone } from "./dom.js";
import { markup, plain } from "./markup.js";
import { clock, day, instant, moment, words } from "./words.js";

const SUGGESTIONS = ["/deploy 0.10.5", "/set_replicas 3", "/status"];
const NEAR_END = 80; // pixels that still count as "at the end"

const log = $("log");
let speaker = null;
let chat = { messages: [] };
let actions = {};
let following = true; // the newest message stays in view until the visitor scrolls up
let scrolledTo = 0;
let unread = 0;
let toasted = null;
let aloud = 0;

/** `onCommand(text)` puts a clicked /command into the input, `onSay(text)` sends a suggestion. */
export function start(callbacks) {
  actions = callbacks;
  log.addEventListener("scroll", onScroll, { passive: true });
  new ResizeObserver(() => following && toEnd(true)).observe(log);
  $("to-end").addEventListener("click", () => toEnd());
}

/** Whose messages are one's own. */
export function setSpeaker(person) {
  speaker = person;
  renderMessages(true);
}

export function render(state, relabelled) {
  chat = { messages: [], ...state.chat };
  const people = (state.me ?? []).filter((person) => person.allowed !== false);
  setText($("chat-title"), chat.title ?? state.title ?? "tiphys");
  setText($("chat-people"), people.map((person) => person.name).join(", "));
  $("to-end").setAttribute("aria-label", words.toEnd);
  log.setAttribute("aria-label", words.chat);
  renderMessages(relabelled);
  renderEmpty(state.suggestions ?? SUGGESTIONS);
  renderToasts();
}

function renderMessages(relabelled) {
  const known = log.known?.size ?? 0;
  const items = withDays(chat.messages);
  let added = 0;
  let own = false;
  let news = false;
  follow(log, items, (item) => item.key, {
    build: (item) => (item.day ? h("p.day", {}, h("span")) : buildMessage()),
    update(element, item, isNew) {
      if (item.day) return setText(element.firstChild, item.day);
      if (isNew) {
        added += 1;
        own ||= isOwn(item.message);
        if (known) element.classList.add("arriving");
      }
      if (updateMessage(element, item, isNew, relabelled)) news = true;
    },
  });
  // The cluster's ticks come in between; they must not pull back a visitor who is just scrolling up.
  if (!news) return;
  if (following || own) toEnd(known === 0 || calm());
  else count(added);
}

/** The messages with a separator before each day's first, and the place of each in its sender's run. */
function withDays(messages) {
  const items = [];
  messages.forEach((message, index) => {
    const today = day(message.date);
    const before = messages[index - 1];
    const after = messages[index + 1];
    const newDay = !before || day(before.date) !== today;
    if (newDay && today) items.push({ key: `day ${today}`, day: today });
    const first = newDay || before.from?.id !== message.from?.id;
    const last = !after || after.from?.id !== message.from?.id || day(after.date) !== today;
    items.push({ key: message.id, message, first, last });
  });
  return items;
}

function buildMessage() {
  const text = h("span.text");
  const edited = h("span.edited");
  const time = h("time");
  const name = h("b");
  const role = h("span.role");
  const from = h("div.from", {}, name, role);
  const quote = h("button.quote", { type: "button", hidden: true });
  const file = h("a.file", { hidden: true });
  const picture = h("div.picture");
  const bubble = h("div.bubble", {}, from, quote, file, h("div.body", {}, text, h("span.meta", {}, edited, time)));
  const keyboard = h("div.keyboard", { hidden: true });
  const element = h("article.message", {}, picture, h("div.column", {}, bubble, keyboard));
  element.parts = { text, edited, time, name, role, quote, file, picture, bubble, keyboard };
  return element;
}

/** Brings the element in line with the message; says whether there was anything to change. */
function updateMessage(element, { message, first, last }, isNew, relabelled) {
  const own = isOwn(message);
  const signature = JSON.stringify([message, first, last, own]);
  if (element.signature === signature && !relabelled) return false;
  element.signature = signature;
  const parts = element.parts;
  const from = message.from ?? { id: 0, name: "?" };
  element.id = `message-${message.id}`;
  element.classList.toggle("own", own);
  element.classList.toggle("first", first);
  element.classList.toggle("last", last);
  element.classList.toggle("bot", Boolean(from.is_bot));
  if (element.sender !== from.id) {
    element.sender = from.id;
    parts.picture.replaceChildren(avatar(from));
    parts.name.className = from.is_bot ? "tone-bot" : `tone-${tone(from.name ?? "")}`;
  }
  setText(parts.name, from.name ?? "");
  setText(parts.role, from.is_bot ? words.bot : "");
  setText(parts.edited, message.edited ? words.edited : "");
  setText(parts.time, clock(message.date));
  parts.time.title = moment(message.date);
  parts.time.dateTime = instant(message.date)?.toISOString() ?? "";
  updateQuote(parts.quote, message.reply_to);
  updateFile(parts.file, message.document);
  const html = String(message.html ?? "");
  if (element.html !== html) {
    parts.text.replaceChildren(markup(html, actions.onCommand));
    element.html = html;
    if (!isNew) changed(parts.bubble, html);
  }
  updateKeyboard(parts.keyboard, message, parts.bubble, isNew);
  return true;
}

function changed(bubble, html) {
  flash(bubble, "changed");
  clearTimeout(aloud);
  aloud = setTimeout(() => setText($("announcer"), `${words.editedAloud}: ${plain(html)}`), 1000);
}

function updateQuote(quote, id) {
  quote.hidden = id == null;
  if (id == null) return;
  const target = chat.messages.find((message) => message.id === id);
  const name = h(`b.tone-${target?.from?.is_bot ? "bot" : tone(target?.from?.name ?? "")}`, {}, target?.from?.name ?? "");
  const text = target ? plain(String(target.html ?? "")).slice(0, 160) : words.deleted;
  const signature = `${name.textContent}\n${text}`;
  if (quote.signature === signature) return;
  quote.signature = signature;
  quote.replaceChildren(...(target ? [name] : []), h("span", {}, text));
  quote.onclick = () => {
    const original = $(`message-${id}`);
    original?.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    if (original) flash(original.parts.bubble, "changed");
  };
}

/** A file of text, which is saved when it is clicked. */
function updateFile(link, file) {
  link.hidden = !file;
  if (!file || link.shown === file.text) return;
  link.shown = file.text;
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([file.text], { type: "text/plain;charset=utf-8" }));
  link.download = file.file_name;
  setText(link, `📄 ${file.file_name}`);
}

function updateKeyboard(keyboard, message, bubble, isNew) {
  const rows = message.buttons ?? [];
  const signature = JSON.stringify(rows);
  if (keyboard.signature === signature) return;
  keyboard.signature = signature;
  const held = keyboard.contains(document.activeElement);
  keyboard.replaceChildren(
    ...rows.map((row) => h("div.row", {}, ...row.map((button) => buildButton(message.id, button)))),
  );
  keyboard.hidden = rows.length === 0;
  if (held) (keyboard.querySelector("button") ?? $("input")).focus();
  if (!isNew) flash(bubble, "changed");
}

function buildButton(messageId, { text, data }) {
  const button = h("button", { type: "button" }, String(text));
  button.addEventListener("click", async () => {
    if (!speaker || button.getAttribute("aria-disabled") === "true") return;
    // Not `disabled`: the focus would be lost to those who go without a mouse.
    button.setAttribute("aria-disabled", "true");
    try {
      const reason = await post("/api/press", { person: speaker.id, message_id: messageId, data });
      if (reason !== null) toast(reason);
    } catch {
      toast(words.pressFailed);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
  return button;
}

function renderEmpty(suggestions) {
  const frame = log.parentElement;
  const empty = frame.querySelector(".empty");
  if (chat.messages.length) return empty?.remove();
  const signature = JSON.stringify([suggestions, words.emptyTitle]);
  if (empty?.dataset.signature === signature) return;
  empty?.remove();
  const chips = suggestions.map((text) =>
    h("button.chip", { type: "button", onclick: () => actions.onSay(text) }, String(text)),
  );
  const card = h("div.card", {},
    h("img", { src: "/assets/wheel.svg", alt: "", width: 64, height: 64 }),
    h("h2", {}, words.emptyTitle),
    h("p", {}, words.emptyText),
    h("div.chips", {}, ...chips));
  frame.append(h("div.empty", { "data-signature": signature }, card));
}

/** Answers to button presses; those from before the page was opened are old news. */
function renderToasts() {
  const toasts = chat.toasts ?? [];
  // A server that was started anew counts from the beginning.
  const newest = toasts.reduce((most, { id }) => Math.max(most, id), 0);
  if (toasted !== null) {
    for (const { id, text } of toasts) if (id > toasted && text) toast(String(text));
  }
  toasted = newest;
}

function isOwn(message) {
  return speaker !== null && message.from?.id === speaker.id;
}

/** Only a visitor scrolls up; gliding down to a new message doesn't count as leaving the end. */
function onScroll() {
  const nearEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
  if (nearEnd) seen();
  else if (log.scrollTop < scrolledTo) following = false;
  scrolledTo = log.scrollTop;
}

function toEnd(atOnce = false) {
  log.scrollTo({ top: log.scrollHeight, behavior: atOnce || calm() ? "instant" : "smooth" });
  seen();
}

function count(added) {
  unread += added;
  if (!unread) return;
  $("to-end").hidden = false;
  $("unread").hidden = false;
  setText($("unread"), String(unread));
}

function seen() {
  following = true;
  unread = 0;
  $("to-end").hidden = true;
  $("unread").hidden = true;
}
