// The manifests repository: commits, newest first, with their trailers and coloured diffs.

import { $, avatar, calm, flash, follow, h, setText } from "./dom.js";
import { clock, day, moment, words } from "./words.js";
import { diff } from "./diff.js";

const TRAILER = /^[A-Za-z][A-Za-z0-9-]*: \S/;

const list = $("commits");
let commits = [];
let onShow = () => {};
let wanted = /^\/-\/commit\/([0-9a-f]{4,64})$/i.exec(location.pathname)?.[1] ?? null;

/** `onShow()` is called when a commit is to be shown from elsewhere on the page. */
export function start(callbacks) {
  onShow = callbacks.onShow;
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const id = /\/commit\/([0-9a-f]{4,64})$/i.exec(new URL(link.href).pathname)?.[1];
    // A commit that is on this page is shown here, whatever forge the link leads to.
    if (id && find(id)) {
      event.preventDefault();
      show(id);
    }
  });
}

export function render(state, relabelled) {
  commits = state.commits ?? [];
  const known = list.known?.size ?? 0;
  setText($("commit-count"), commits.length ? String(commits.length) : "");
  follow(list, commits, (commit) => commit.id, {
    build: buildCommit,
    update(element, commit, isNew) {
      const mark = marker(commit, state.apps ?? []);
      const signature = JSON.stringify([commit, mark]);
      if (element.signature === signature && !relabelled) return;
      element.signature = signature;
      updateCommit(element, commit, mark);
      if (isNew && known) flash(element, "arriving");
    },
  });
  renderNewest();
  renderNothing();
  if (wanted && find(wanted)) {
    show(wanted);
    wanted = null;
  }
}

/** Opens the commit and brings it into view. */
function show(id) {
  onShow();
  const element = list.known.get(find(id).id);
  const details = element.parts.details;
  details.open = true;
  fill(element);
  element.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  element.parts.summary.focus({ preventScroll: true });
  flash(element, "arriving");
}

function find(id) {
  return commits.find((commit) => commit.id.startsWith(id.toLowerCase()));
}

/** The newest commit lies open until a newer one comes; what the visitor opened stays as it is. */
function renderNewest() {
  const newest = list.firstElementChild;
  if (!newest?.parts || list.newest === newest) return;
  list.newest = newest;
  for (const element of list.children) {
    if (element.openedByItself) element.parts.details.open = element.openedByItself = false;
  }
  newest.openedByItself = true;
  newest.parts.details.open = true;
  fill(newest);
}

function renderNothing() {
  let note = list.parentElement.querySelector(".nothing");
  if (commits.length) return note?.remove();
  if (!note) list.after((note = h("p.nothing")));
  setText(note, words.noCommits);
}

function buildCommit() {
  const parts = {
    picture: h("span.picture"),
    subject: h("span.subject"),
    marker: h("span.marker", { hidden: true }),
    meta: h("span.commit-meta"),
    body: h("div.commit-body"),
  };
  parts.summary = h("summary", {}, parts.picture, h("span.headline", {}, parts.subject, parts.meta), parts.marker);
  parts.details = h("details", {}, parts.summary, parts.body);
  const element = h("li.commit", {}, parts.details);
  element.parts = parts;
  parts.details.addEventListener("toggle", () => parts.details.open && fill(element));
  parts.summary.addEventListener("click", () => (element.openedByItself = false));
  return element;
}

function updateCommit(element, commit, mark) {
  const { picture, subject, marker, meta, details } = element.parts;
  element.commit = commit;
  element.filled = false;
  // "Name <address>" and a bare name both give the name.
  const name = String(commit.author ?? "").replace(/\s*<[^>]*>\s*$/, "");
  picture.replaceChildren(avatar({ name }));
  subject.replaceChildren(...headline(String(commit.subject ?? "")));
  meta.replaceChildren(
    h("span.author", { title: commit.author }, name),
    h("time", { title: moment(commit.date) }, `${day(commit.date)}, ${clock(commit.date)}`),
    h("code", { title: commit.id }, commit.id.slice(0, 8)),
  );
  marker.hidden = mark === null;
  marker.className = `marker ${mark ?? ""}`;
  setText(marker, mark === null ? "" : words[mark]);
  if (details.open) fill(element);
}

/** `deploy(application/environment): what` in its parts; any other subject as it is. */
function headline(subject) {
  const [, kind, scope, rest] = /^([a-z_-]+)\(([^)]+)\): (.+)$/.exec(subject) ?? [];
  if (!kind) return [h("b", {}, subject)];
  return [h("span.kind", { "data-kind": kind }, kind), h("b", {}, rest), h("span.scope", {}, scope)];
}

/** Whether an application runs at this commit, or is on its way to it. */
function marker(commit, apps) {
  const here = apps.filter((app) => app.revision && app.revision === commit.id);
  if (!here.length) return null;
  return here.every((app) => app.sync === "Synced" && app.health === "Healthy") ? "here" : "headingHere";
}

/** Builds the inside of a commit when it is first looked at. */
function fill(element) {
  if (element.filled) return;
  element.filled = true;
  const { commit, parts } = element;
  const { prose, trailers } = message(commit);
  parts.body.replaceChildren(
    ...prose.map((paragraph) => h("p.prose", {}, paragraph)),
    ...(trailers.length ? [h("dl.trailers", {}, ...trailers.map(trailer))] : []),
    ...diff(String(commit.diff ?? "")),
  );
}

function trailer([name, value]) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

/** A commit's body as paragraphs and the trailers of the last one. */
function message({ subject, body }) {
  const paragraphs = String(body ?? "").replaceAll("\r", "").trim().split(/\n{2,}/).filter(Boolean);
  if (paragraphs[0] === subject) paragraphs.shift();
  const lines = paragraphs.at(-1)?.split("\n") ?? [];
  if (!lines.length || !TRAILER.test(lines[0]) || !lines.every((line) => TRAILER.test(line) || /^\s/.test(line))) {
    return { prose: paragraphs, trailers: [] };
  }
  const trailers = [];
  for (const line of lines) {
    if (/^\s/.test(line)) trailers.at(-1)[1] += ` ${line.trim()}`;
    else trailers.push([line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]);
  }
  return { prose: paragraphs.slice(0, -1), trailers };
}
