//! The whole playground in a real browser: the page's clicks go through the Bot API, the production bot, git and the
//! cluster, and come back.
//!
//! ```sh
//! cargo test --test playground_browser -- --ignored
//! TIPHYS_PLAYGROUND_PICTURE=docs/playground.png cargo test --test playground_browser -- --ignored picture
//! pngquant --quality 80-98 --strip --force --output docs/playground.png docs/playground.png
//! ```
//!
//! `TIPHYS_PLAYGROUND_SCHEME=dark` and `TIPHYS_PLAYGROUND_SIZE=390x844` make other pictures.

#![cfg(feature = "sandbox")]

mod common {
    pub(crate) mod browser;
}

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
};

use common::browser::{Browser, key};
use serde_json::json;
use tempfile::TempDir;
use tiphys::grammar::table::COMMANDS;

/// The speakers of the page.
const ANNA: i64 = 1001;
const BORIS: i64 = 1002;
const STRANGER: i64 = 6666;

/// The playground as a process; killed when dropped.
struct Playground {
    child: Child,
    // Its end would be the playground's.
    _stdin: ChildStdin,
    url: String,
    folder: TempDir,
}

impl Playground {
    fn start(language: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_tiphys"))
            .args(["playground", "--language", language, "--dir"])
            .arg(folder.path().join("playground"))
            .env_clear()
            .env("HOME", folder.path())
            .env("TIPHYS_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take().expect("a pipe");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let url = lines
            .map_while(Result::ok)
            .find_map(|line| line.find("http://").map(|at| line[at..].to_owned()))
            .expect("the playground tells the page's address");
        Self { child, _stdin: stdin, url, folder }
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.folder.path().join("playground/manifests.git"))
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A browser that looks at the playground.
struct Visitor(Browser);

impl Visitor {
    async fn of(playground: &Playground) -> Self {
        let browser = Browser::start().await;
        browser.open(&playground.url).await;
        browser.wait("'live' in document.body.dataset").await;
        // The bot's own list of commands arrives when it has started.
        browser.type_into("#input", "/").await;
        // All but /start, for which Telegram has a button of its own.
        let commands = COMMANDS.len() - 1;
        browser.wait(&format!("document.querySelectorAll('#menu [role=option]').length === {commands}")).await;
        browser.keys(key::ESCAPE).await;
        browser.script("document.querySelector('#input').value = ''").await;
        Self(browser)
    }

    async fn speak_as(&self, person: i64) {
        self.0.click(&format!("#speaker label:has([value='{person}'])")).await;
    }

    /// Says it and gives the id of the answer's element once there is one.
    async fn say(&self, text: &str) -> String {
        let answers = "document.querySelectorAll('.message.bot').length";
        let before = self.0.script(&format!("return {answers}")).await;
        self.0.type_into("#input", &format!("{text}{}", key::ENTER)).await;
        let newest = "[...document.querySelectorAll('.message.bot')].at(-1).id";
        let id = self.0.wait(&format!("{answers} > {before} && {newest}")).await;
        id.as_str().expect("an id").to_owned()
    }

    /// Waits until the message's text has all of these pieces.
    async fn reads(&self, id: &str, pieces: &[&str]) {
        let text = format!("document.getElementById('{id}').querySelector('.text').textContent");
        self.0.wait(&format!("{}.every((piece) => {text}.includes(piece))", json!(pieces))).await;
    }

    /// Waits until the cluster has settled with so many ready pods of a version, and no other pods.
    async fn settled(&self, version: &str, pods: usize) {
        self.0
            .wait(&format!(
                "document.querySelectorAll('.pod').length === {pods} \
                 && [...document.querySelectorAll('.pod')].every((pod) => pod.dataset.phase === 'ready' \
                    && pod.querySelector('.pod-tag').textContent === '{version}') \
                 && document.querySelector('.badge[data-kind=sync]').textContent === 'Synced' \
                 && document.querySelector('.badge[data-kind=health]').textContent === 'Healthy'"
            ))
            .await;
    }

    async fn assert_quiet(&self) {
        let complaints = self.0.complaints().await;
        assert!(complaints.is_empty(), "the console complains: {complaints:#?}");
        let over = self.0.script("return document.documentElement.scrollWidth - innerWidth").await;
        assert!(over.as_i64().expect("a width") <= 0, "the page is {over} px too wide");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn a_command_goes_all_the_way_and_its_message_follows() {
    let playground = Playground::start("ru");
    let visitor = Visitor::of(&playground).await;
    let browser = &visitor.0;
    assert_eq!(browser.text("#chat-title").await, "Эксплуатация");
    visitor.settled("0.10.4", 2).await;

    // The menu is what the bot set with setMyCommands.
    browser.type_into("#input", "/").await;
    let offered = "[...document.querySelectorAll('#menu [role=option] b')].map((name) => name.textContent)";
    let offered = browser.script(&format!("return {offered}")).await;
    assert_eq!(
        offered,
        json!([
            "/deploy",
            "/set_replicas",
            "/status",
            "/showcontainers",
            "/get_pods",
            "/get_nodes",
            "/cordon",
            "/uncordon",
            "/get_logs",
            "/events",
            "/describe",
            "/apps",
            "/whoami",
            "/help",
        ])
    );
    assert!(browser.text("#menu").await.contains("Развернуть версию"));
    browser.keys(&format!("depl{}", key::TAB)).await;
    browser.wait("document.querySelector('#input').value === '/deploy '").await;

    // Every text that the answer goes through, and every number of ready pods of the new version.
    browser
        .script(
            "window.texts = []; window.phases = new Set(); \
             new MutationObserver(() => { \
               const text = document.querySelector('.message.bot .text')?.textContent; \
               if (text && window.texts.at(-1) !== text) window.texts.push(text); \
               for (const pod of document.querySelectorAll('.pod')) \
                 window.phases.add(`${pod.querySelector('.pod-tag').textContent} ${pod.dataset.phase}`); \
             }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true })",
        )
        .await;
    let answer = visitor.say("0.10.5").await;
    browser.script(&format!("window.bubble = document.getElementById('{answer}')")).await;
    visitor.reads(&answer, &["0.10.4 → 0.10.5", "работает: 2/2 пода"]).await;
    assert_eq!(browser.script("return document.querySelectorAll('.message.bot').length").await, 1, "one message");
    assert_eq!(browser.script(&format!("return window.bubble === document.getElementById('{answer}')")).await, true);
    assert_eq!(browser.text(&format!("#{answer} .edited")).await, "изменено");
    assert!(browser.text(&format!("#{answer} .quote")).await.contains("/deploy 0.10.5"));
    visitor.settled("0.10.5", 2).await;
    let texts = browser.script("return window.texts").await;
    let texts: Vec<_> = texts.as_array().expect("texts").iter().filter_map(|text| text.as_str()).collect();
    let mut rest = texts.iter();
    for stage in ["принято, проверяю", "записан, жду Argo CD", "поды 1/2", "работает: 2/2 пода"]
    {
        assert!(rest.any(|text| text.contains(stage)), "no {stage:?} (in this order) in {texts:#?}");
    }
    let phases = browser.script("return [...window.phases]").await;
    for phase in ["0.10.4 ready", "0.10.4 leaving", "0.10.5 starting", "0.10.5 ready"] {
        assert!(phases.as_array().expect("phases").contains(&json!(phase)), "no {phase:?} in {phases}");
    }

    // The commit lies open with its one changed line, and is where the cluster is.
    assert_eq!(browser.text(".commit:first-child .author").await, "Анна Иванова");
    assert_eq!(browser.text(".commit:first-child .removed mark").await, "0.10.4");
    assert_eq!(browser.text(".commit:first-child .added mark").await, "0.10.5");
    assert_eq!(
        browser
            .script("return document.querySelectorAll('.commit:first-child .line:is(.added, .removed)').length")
            .await,
        2
    );
    browser.wait("document.querySelector('.commit:first-child .marker').textContent === 'работает'").await;
    let head = playground.git(&["rev-parse", "main"]);
    assert!(browser.text(".commit:first-child .trailers").await.contains("Requested-By\nАнна Иванова (telegram 1001)"));
    assert_eq!(browser.text(".app .revision").await, head[..8]);
    assert_eq!(playground.git(&["rev-list", "--count", "main"]), "2");
    // The message's link leads to it.
    browser.script("document.querySelector('.commit details').open = false").await;
    browser.click(&format!("#{answer} .text a")).await;
    browser.wait("document.querySelector('.commit details').open").await;
    visitor.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn buttons_are_commands_and_the_stranger_gets_nowhere() {
    let playground = Playground::start("en");
    let visitor = Visitor::of(&playground).await;
    let browser = &visitor.0;

    // The stranger is told so, and nothing comes of it, whether typed or pressed.
    visitor.speak_as(STRANGER).await;
    let answer = visitor.say("/deploy 0.10.5").await;
    visitor.reads(&answer, &["🚫"]).await;
    visitor.speak_as(ANNA).await;

    // A tag that isn't there: the nearest ones are buttons.
    let answer = visitor.say("/deploy 0.10.55").await;
    visitor.reads(&answer, &["No such version", "0.10.55"]).await;
    let nearest = format!("#{answer} .keyboard button");
    assert!(browser.text(&nearest).await.contains("0.10.5"));
    assert_eq!(playground.git(&["rev-list", "--count", "main"]), "1");
    visitor.speak_as(STRANGER).await;
    let answers = "document.querySelectorAll('.message.bot').length";
    let before = browser.script(&format!("return {answers}")).await;
    browser.click(&nearest).await;
    browser.wait(&format!("{answers} > {before} || document.querySelector('#toast').textContent")).await;
    assert_eq!(playground.git(&["rev-list", "--count", "main"]), "1");

    // Pressed by a person of the list it is that person's command.
    visitor.speak_as(BORIS).await;
    let before = browser.script(&format!("return {answers}")).await;
    browser.click(&nearest).await;
    browser.wait(&format!("{answers} > {before}")).await;
    let newest = browser.script("return [...document.querySelectorAll('.message.bot')].at(-1).id").await;
    visitor.reads(newest.as_str().expect("an id"), &["0.10.4 → 0.10.5", "live: 2/2 pods"]).await;
    visitor.settled("0.10.5", 2).await;
    assert_eq!(playground.git(&["log", "-1", "--format=%an", "main"]), "Boris Petrov");

    // And from the list of tags.
    let list = visitor.say("/showcontainers").await;
    visitor.reads(&list, &["0.10.6", "0.10.5"]).await;
    let deploy = format!(
        "[...document.querySelectorAll('#{list} .keyboard button')].find((one) => one.textContent.includes('0.10.6'))"
    );
    browser.wait(&deploy).await;
    let before = browser.script(&format!("return {answers}")).await;
    browser.script(&format!("{deploy}.click()")).await;
    browser.wait(&format!("{answers} > {before}")).await;
    let newest = browser.script("return [...document.querySelectorAll('.message.bot')].at(-1).id").await;
    visitor.reads(newest.as_str().expect("an id"), &["0.10.5 → 0.10.6", "live: 2/2 pods"]).await;
    visitor.settled("0.10.6", 2).await;
    assert_eq!(playground.git(&["rev-list", "--count", "main"]), "3");
    playground.git(&["fsck", "--strict", "--no-progress"]);
    visitor.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn picture() {
    let playground = Playground::start("ru");
    let visitor = Visitor::of(&playground).await;
    let browser = &visitor.0;
    let size = env::var("TIPHYS_PLAYGROUND_SIZE").unwrap_or_else(|_| "1400x900".into());
    let (width, height) = size.split_once('x').expect("WIDTHxHEIGHT");
    let scheme = env::var("TIPHYS_PLAYGROUND_SCHEME").unwrap_or_else(|_| "light".into());
    browser.screen(width.parse().expect("a width"), height.parse().expect("a height"), &scheme).await;

    // Without motion the moment is as sharp as it gets.
    let features = json!([
        { "name": "prefers-color-scheme", "value": scheme },
        { "name": "prefers-reduced-motion", "value": "reduce" },
    ]);
    browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;

    // A change that is done, a stranger, a version that isn't there, and the nearest one on its way.
    let answer = visitor.say("/set_replicas 4").await;
    visitor.reads(&answer, &["работает: 4/4"]).await;
    visitor.settled("0.10.4", 4).await;
    visitor.speak_as(STRANGER).await;
    let answer = visitor.say("/set_replicas 0").await;
    visitor.reads(&answer, &["🚫"]).await;
    visitor.speak_as(BORIS).await;
    let answer = visitor.say("/deploy 0.10.55").await;
    visitor.reads(&answer, &["🚫"]).await;
    browser.click(&format!("#{answer} .keyboard button")).await;
    browser.wait("[...document.querySelectorAll('.message.bot')].at(-1).textContent.includes('поды 2/4')").await;
    visitor.assert_quiet().await;

    let path = env::var_os("TIPHYS_PLAYGROUND_PICTURE")
        .map_or_else(|| playground.folder.path().join("playground.png"), PathBuf::from);
    browser.picture(&path).await;
    let png = fs::read(&path).expect("the picture");
    assert_eq!(png[16..24], [width, height].map(|n| n.parse::<u32>().expect("a size").to_be_bytes()).concat());
}
