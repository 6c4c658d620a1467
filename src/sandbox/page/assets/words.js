// The page's own words in Russian and English; what the bot says comes with the state.

const WORDS = {
  en: {
    chat: "Chat",
    cluster: "Cluster",
    repository: "Repository",
    commits: "commits",
    bot: "bot",
    edited: "edited",
    message: "Message",
    send: "Send",
    menu: "Commands",
    toEnd: "To the newest message",
    speakAs: "Speak as",
    stranger: "not on the list of people",
    strangerNote: "a stranger",
    emptyTitle: "Give the first order",
    emptyText: "A command becomes a commit, Argo\u00a0CD brings it live, and the answer here follows it to the end.",
    today: "Today",
    yesterday: "Yesterday",
    lost: "Connection lost. Reconnecting…",
    failed: "The playground is out of reach; the message was not sent.",
    pressFailed: "The playground is out of reach; the button was not pressed.",
    deleted: "deleted message",
    editedAloud: "Message edited",
    node: "node",
    cordoned: "cordoned",
    notReady: "not ready",
    noNode: "waiting for a node",
    noPods: "no pods",
    steers: "control plane",
    takesNoPods: "takes no application pods",
    noCommits: "No commits yet.",
    noCluster: "No nodes yet.",
    tag: "version",
    pods: "pods",
    revision: "revision",
    restarts: "restarts",
    here: "live here",
    headingHere: "on its way",
    noChanges: "No changed lines.",
    showCommit: "Show commit",
    ago: { second: "s", minute: "min", hour: "h", day: "d" },
    phase: { pending: "pending", starting: "starting", ready: "ready", unready: "not ready", leaving: "leaving", failed: "failed", done: "done" },
  },
  ru: {
    chat: "Чат",
    cluster: "Кластер",
    repository: "Репозиторий",
    commits: "коммиты",
    bot: "бот",
    edited: "изменено",
    message: "Сообщение",
    send: "Отправить",
    menu: "Команды",
    toEnd: "К последнему сообщению",
    speakAs: "Говорит",
    stranger: "нет в списке людей",
    strangerNote: "чужой",
    emptyTitle: "Отдайте первую команду",
    emptyText: "Команда станет коммитом, Argo\u00a0CD выведет его в кластер, а ответ здесь проследит за ним до конца.",
    today: "Сегодня",
    yesterday: "Вчера",
    lost: "Связь потеряна. Переподключаемся…",
    failed: "Площадка недоступна, сообщение не отправлено.",
    pressFailed: "Площадка недоступна, нажатие не передано.",
    deleted: "сообщение удалено",
    editedAloud: "Сообщение изменено",
    node: "узел",
    cordoned: "выведен",
    notReady: "не готов",
    noNode: "ждёт узла",
    noPods: "подов нет",
    steers: "управляющий",
    takesNoPods: "подов приложений не берёт",
    noCommits: "Коммитов пока нет.",
    noCluster: "Узлов пока нет.",
    tag: "версия",
    pods: "поды",
    revision: "ревизия",
    restarts: "перезапуски",
    here: "работает",
    headingHere: "в пути",
    noChanges: "Изменённых строк нет.",
    showCommit: "Показать коммит",
    ago: { second: "с", minute: "мин", hour: "ч", day: "д" },
    phase: { pending: "ожидает", starting: "запускается", ready: "готов", unready: "не готов", leaving: "уходит", failed: "сбой", done: "завершён" },
  },
};

/** The words of the language in use; `use` swaps them. */
export let words = WORDS.en;
export let language = "en";

/** Takes a language into use; says whether it is another one than before. */
export function use(code) {
  const next = code in WORDS ? code : "en";
  const changed = next !== language;
  language = next;
  words = WORDS[next];
  return changed;
}

/** A date of the state: Unix seconds or RFC 3339. */
export function instant(date) {
  if (typeof date === "number") return new Date(date * 1000);
  const parsed = new Date(date ?? NaN);
  return Number.isNaN(parsed.getTime()) ? null : parsed;
}

export function clock(date) {
  const at = instant(date);
  return at ? new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at) : "";
}

export function day(date) {
  const at = instant(date);
  if (!at) return "";
  const days = Math.round((midnight(new Date()) - midnight(at)) / 86_400_000);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  return new Intl.DateTimeFormat(language, { day: "numeric", month: "long" }).format(at);
}

/** The moment in full, for tooltips. */
export function moment(date) {
  const at = instant(date);
  return at ? new Intl.DateTimeFormat(language, { dateStyle: "long", timeStyle: "medium" }).format(at) : "";
}

/** An age in its largest unit. */
export function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const { second, minute, hour, day } = words.ago;
  if (whole < 60) return `${whole} ${second}`;
  if (whole < 3600) return `${Math.floor(whole / 60)} ${minute}`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} ${hour}`;
  return `${Math.floor(whole / 86_400)} ${day}`;
}

function midnight(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}
