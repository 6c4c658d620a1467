// Wires the panels together: state in, actions out, tabs on narrow screens.

import * as chat from "./chat.js";
import * as cluster from "./cluster.js";
import * as composer from "./composer.js";
import { connect } from "./connection.js";
import { $, setText } from "./dom.js";
import * as repository from "./repository.js";
import { language, use, words } from "./words.js";

const TABS = ["chat", "cluster", "repository"];

let before = {};

composer.start({ onSpeaker: (person) => chat.setSpeaker(person) });
chat.start({ onCommand: composer.put, onSay: composer.say });
repository.start({ onShow: () => show("repository") });

connect({
  onState(state) {
    const relabelled = use(state.language) || !before.language;
    if (relabelled) label();
    document.title = state.title ?? "tiphys";
    composer.render(state);
    chat.render(state, relabelled);
    cluster.render(state, relabelled);
    repository.render(state, relabelled);
    mark("chat", state.chat?.messages, before.chat?.messages);
    mark("cluster", [state.apps, state.nodes, phases(state)], [before.apps, before.nodes, phases(before)]);
    mark("repository", state.commits, before.commits);
    before = state;
    document.body.dataset.live = "";
  },
  onLost() {
    $("banner").hidden = false;
    setText($("banner"), words.lost);
  },
  onFound() {
    $("banner").hidden = true;
    setText($("banner"), "");
  },
});

/** Ages tick for ever; they are no news. */
function phases(state) {
  return state.pods?.map(({ name, status, ready }) => [name, status, ready]);
}

function label() {
  document.documentElement.lang = language;
  for (const tab of TABS) setText($(`tab-${tab}`), words[tab]);
  setText($("cluster-title"), words.cluster);
  setText($("repository-title"), words.repository);
}

/** A dot on the tab of a panel that changed while it was out of sight. */
function mark(tab, now, then) {
  if (before.language && document.body.dataset.tab !== tab && JSON.stringify(now) !== JSON.stringify(then)) {
    $(`tab-${tab}`).classList.add("news");
  }
}

function show(tab) {
  document.body.dataset.tab = tab;
  for (const name of TABS) {
    const button = $(`tab-${name}`);
    button.setAttribute("aria-selected", String(name === tab));
    button.tabIndex = name === tab ? 0 : -1;
  }
  $(`tab-${tab}`).classList.remove("news");
}

for (const tab of TABS) $(`tab-${tab}`).addEventListener("click", () => show(tab));

$("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = TABS[(TABS.indexOf(document.body.dataset.tab) + step + TABS.length) % TABS.length];
  show(next);
  $(`tab-${next}`).focus();
});
