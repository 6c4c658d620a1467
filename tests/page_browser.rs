//! The page in a real browser: what a visitor sees, types and presses.
//!
//! ```sh
//! cargo test --test page_browser -- --ignored
//! TIPHYS_PAGE_PICTURE=page.png cargo test --test page_browser -- --ignored picture   # and look at it
//! ```
//!
//! `TIPHYS_PAGE_SCHEME=dark` and `TIPHYS_PAGE_SIZE=390x844` make other pictures.

#![cfg(feature = "sandbox")]

mod common {
    pub(crate) mod browser;
    pub(crate) mod page_world;
}

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tiphys::sandbox::page::PageServer;

use common::browser::{Browser, key};
use common::page_world::{ANNA, DEPLOYED, SCALED, STRANGER, World, app, commit, commit_id, pod};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

async fn open(world: &Arc<World>) -> (PageServer, Browser) {
    let server = PageServer::start(ANY_PORT, world.clone()).await.expect("a free port");
    let browser = Browser::start().await;
    browser.open(&server.url()).await;
    browser.wait("'live' in document.body.dataset").await;
    (server, browser)
}

async fn assert_quiet(browser: &Browser) {
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the console complains: {complaints:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn a_command_is_typed_answered_in_place_and_the_world_follows() {
    let world = World::quiet("ru");
    let (_server, browser) = open(&world).await;
    assert_eq!(browser.script("return document.documentElement.lang").await, "ru");
    assert_eq!(browser.script("return document.querySelectorAll('.chip').length").await, 3, "an empty chat suggests");

    // The command menu: a prefix narrows it, Tab completes, Enter sends.
    browser.type_into("#input", "/").await;
    browser.wait("document.querySelectorAll('#menu [role=option]').length === 7").await;
    browser.keys("s").await;
    browser.wait("document.querySelectorAll('#menu [role=option]').length === 3").await;
    browser.keys(key::DOWN).await;
    browser.wait("document.querySelector('#menu [aria-selected=true] b').textContent === '/status'").await;
    browser.keys(key::UP).await;
    browser.keys(key::TAB).await;
    browser.wait("document.querySelector('#input').value === '/set_replicas '").await;
    browser.script("document.querySelector('#input').value = ''").await;
    browser.type_into("#input", "/dep").await;
    browser.keys(key::ENTER).await;
    browser.wait("document.querySelector('#input').value === '/deploy '").await;
    browser.keys("0.10.5").await;
    browser.keys(key::ENTER).await;
    browser.wait("document.querySelector('#message-1.own .text')?.textContent === '/deploy 0.10.5'").await;
    browser.wait("document.querySelector('#input').value === '' && !document.querySelector('.empty')").await;

    // The answer changes in place: the same element, with another text and a mark.
    let cancel = json!([[{ "text": "Отменить", "data": "/cancel 1" }]]);
    let answer = world.bot_says("Принято: <b>0.10.5</b>", Some(1), cancel);
    browser.wait("document.querySelector('#message-2 .text b')?.textContent === '0.10.5'").await;
    assert!(browser.text("#message-2 .quote").await.contains("/deploy 0.10.5"));
    browser.script("window.bubble = document.querySelector('#message-2')").await;
    browser.click("#message-2 .keyboard button").await;
    browser.wait("!document.querySelector('#message-2 .keyboard [aria-disabled]')").await;
    assert_eq!(world.pressed(), [(ANNA, answer, "/cancel 1".to_owned())]);
    world.edit(answer, "В пути: под <code>1/2</code>", json!([]));
    browser.wait("window.bubble.querySelector('.text').textContent === 'В пути: под 1/2'").await;
    assert_eq!(browser.script("return window.bubble === document.querySelector('#message-2')").await, true);
    assert_eq!(browser.text("#message-2 .edited").await, "изменено");
    assert_eq!(browser.script("return document.querySelector('#message-2 .keyboard').hidden").await, true);
    browser.wait("document.querySelector('#announcer').textContent.includes('В пути')").await;

    // The pods follow: one comes, gets ready, an old one goes.
    let new = |status, ready| pod("6c9d7f5b8-t2w8n", "worker-3", status, ready, "0.10.5", 1);
    world.change(|state| state["pods"].as_array_mut().expect("pods").push(new("ContainerCreating", false)));
    browser.wait("document.querySelectorAll('.node')[2].querySelector('.pod')?.dataset.phase === 'starting'").await;
    browser.script("window.pod = document.querySelectorAll('.node')[2].querySelector('.pod')").await;
    world.change(|state| {
        state["pods"][2] = new("Running", true);
        state["pods"][0]["status"] = "Terminating".into();
        state["apps"] = json!([app(2, "0.10.5", "Synced", "Progressing", 1, 2)]);
        let commits = state["commits"].as_array_mut().expect("commits");
        commits.insert(0, deployed());
    });
    browser.wait("window.pod.dataset.phase === 'ready' && window.pod.isConnected").await;
    assert_eq!(browser.script("return document.querySelector('.pod').dataset.phase").await, "leaving");
    world.change(|state| drop(state["pods"].as_array_mut().expect("pods").remove(0)));
    browser.wait("document.querySelectorAll('.pod').length === 2").await;

    // The commit lies open with its trailers and the changed part of its changed line.
    assert!(browser.text(".commit .trailers").await.contains("telegram/1/1"));
    assert_eq!(browser.text(".commit .removed mark").await, "0.10.4");
    assert_eq!(browser.text(".commit .added mark").await, "0.10.5");
    assert_eq!(browser.text(".commit .marker").await, "в пути");
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn a_stranger_is_refused_and_what_the_server_refuses_is_said() {
    let world = World::quiet("en");
    let (_server, browser) = open(&world).await;
    assert_eq!(browser.script("return document.documentElement.lang").await, "en");
    browser.click(&format!("#speaker label:has([value='{STRANGER}'])")).await;
    browser.type_into("#input", &format!("/status{}", key::ENTER)).await;
    browser.wait("document.querySelector('#message-1.own .text')?.textContent === '/status'").await;
    browser.wait("document.querySelector('#message-2:not(.own) .text')?.textContent.includes('нет в списке')").await;
    // Seen by somebody else, the stranger's message is not one's own.
    browser.click(&format!("#speaker label:has([value='{ANNA}'])")).await;
    browser.wait("!document.querySelector('#message-1').classList.contains('own')").await;
    // A refusal by the source is shown and gives the text back; the console is told of the 422 by the browser itself.
    assert_quiet(&browser).await;
    browser.script("document.querySelector('#input').value = 'x'.repeat(5000)").await;
    browser.type_into("#input", key::ENTER).await;
    browser.wait("document.querySelector('#toast').textContent === 'message is too long'").await;
    browser.wait("document.querySelector('#input').value.length === 5000").await;
    assert!(browser.complaints().await.iter().all(|line| line.contains("422")));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn hostile_text_stays_text() {
    let world = World::quiet("en");
    let evil = r#"<img src=x onerror="window.owned=1"><script>window.owned=2</script><b onclick="window.owned=3">bold</b>
<a href="javascript:window.owned=4">one</a> <a href=" JaVaScRiPt&#58;window.owned=5">two</a> <a href="data:text/html,x">three</a>
<a href="https://example.org/?a=1&amp;b=2" onmouseover="window.owned=6">good</a> <style>*{display:none}</style><iframe src="/"></iframe>
&lt;img src=x onerror=window.owned=7&gt; <b><i>crossed</b></i> <svg/onload=window.owned=8> &#60;script&#62; &#0; &bogus; <a <b>x</b>"#;
    world.change(|state| {
        state["title"] = evil.into();
        state["chat"]["title"] = evil.into();
        state["me"][0]["name"] = evil.into();
        state["commands"][0]["description"] = evil.into();
        state["commits"] = json!([commit(7, evil, evil, evil, &format!("{DEPLOYED}+{evil}\n"))]);
        state["apps"][0]["name"] = evil.into();
        state["apps"][0]["sync"] = evil.into();
        state["apps"][0]["tag"] = evil.into();
        state["nodes"][0]["name"] = evil.into();
        state["pods"][0] = pod(evil, evil, evil, false, evil, 3);
    });
    world.bot_says(evil, None, json!([[{ "text": evil, "data": evil }]]));
    let (_server, browser) = open(&world).await;
    browser.wait("document.querySelector('#message-1 .text')").await;
    browser.type_into("#input", "/").await;
    browser.wait("document.querySelector('#menu [role=option]')").await;
    let text = browser.script("return document.querySelector('#message-1 .text').textContent").await;
    let text = text.as_str().expect("text");
    assert!(text.contains(r#"<img src=x onerror="window.owned=1"><script>"#), "{text}");
    assert!(text.contains("<img src=x onerror=window.owned=7>"), "{text}");
    assert!(text.contains("&#0; &bogus;"), "{text}");
    let foreign = browser
        .script(
            "return [...document.querySelectorAll('body *')].filter((element) => \
             element.matches('script, style, iframe, img:not(.avatar, .empty img), object, embed, [onclick], [onerror], [onmouseover]') \
             || (element.localName === 'svg' && element.closest('#log, #commits, #apps, #nodes'))).map((e) => e.outerHTML)",
        )
        .await;
    assert_eq!(foreign, json!([]));
    let links = browser.script("return [...document.querySelectorAll('#log a[href]')].map((a) => a.href)").await;
    assert_eq!(links, json!(["https://example.org/?a=1&b=2"]));
    // Every link and every bold word is pressed, for what may hide behind them.
    browser.script("document.querySelectorAll('#log b, #log span, #log i').forEach((e) => e.click())").await;
    assert_eq!(browser.script("return window.owned ?? null").await, Value::Null);
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn the_page_comes_back_after_the_server() {
    let world = World::quiet("en");
    let (server, browser) = open(&world).await;
    let addr = server.addr();
    assert_eq!(browser.script("return document.querySelector('#banner').hidden").await, true);
    server.shutdown().await;
    browser.wait("document.querySelector('#banner').checkVisibility()").await;
    assert!(browser.text("#banner").await.contains("Reconnecting"));
    world.bot_says("while nobody listened", None, json!([]));
    let _server = PageServer::start(addr, world.clone()).await.expect("the port is free again");
    browser.wait("document.querySelector('#message-1 .text')?.textContent === 'while nobody listened'").await;
    browser.wait("document.querySelector('#banner').hidden").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn the_newest_message_stays_in_view_until_the_visitor_scrolls_up() {
    let world = World::quiet("en");
    let (_server, browser) = open(&world).await;
    let at_end = "(() => { const log = document.querySelector('#log'); \
                  return log.scrollHeight > log.clientHeight && log.scrollHeight - log.scrollTop - log.clientHeight < 2; })()";
    for number in 1..=40 {
        world.bot_says(&format!("message {number}"), None, json!([]));
    }
    browser.wait(&format!("document.querySelector('#message-40') && {at_end}")).await;
    world.edit(40, "one\ntwo\nthree\nfour", json!([[{ "text": "a", "data": "a" }]]));
    browser.wait(&format!("document.querySelector('#message-40 .keyboard button') && {at_end}")).await;
    // The page hears of the scrolling with the next frame.
    let frames = "requestAnimationFrame(() => requestAnimationFrame(() => (window.scrolled = true)))";
    browser.script(&format!("document.querySelector('#log').scrollTop = 0; {frames}")).await;
    browser.wait("window.scrolled && document.querySelector('#log').scrollTop === 0").await;
    world.bot_says("news", None, json!([]));
    browser.wait("document.querySelector('#unread').checkVisibility() && document.querySelector('#unread').textContent === '1'").await;
    assert_eq!(browser.script("return document.querySelector('#log').scrollTop").await, 0);
    browser.click("#to-end").await;
    browser.wait(&format!("{at_end} && !document.querySelector('#unread').checkVisibility()")).await;
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn a_narrow_screen_has_tabs_and_needs_no_mouse() {
    let world = lively();
    let (server, browser) = open(&world).await;
    browser.screen(390, 844, "dark").await;
    browser.wait("!document.querySelector('#cluster').checkVisibility()").await;
    browser.script("document.querySelector('#tab-chat').focus()").await;
    browser.keys(key::RIGHT).await;
    browser.wait("document.querySelector('#cluster').checkVisibility()").await;
    browser.wait("!document.querySelector('#chat').checkVisibility()").await;
    browser.keys(key::RIGHT).await;
    browser.wait("document.querySelector('#repository').checkVisibility()").await;
    assert_fits(&browser).await;
    // News in a tab out of sight leave a dot.
    world.bot_says("news", None, json!([]));
    browser.wait("document.querySelector('#tab-chat.news')").await;
    browser.keys(key::RIGHT).await;
    browser.wait("document.querySelector('#chat').checkVisibility() && !document.querySelector('.news')").await;
    assert_fits(&browser).await;
    // A commit's own address opens the page at it, and links to it in the chat lead there too.
    let first = commit_id(1);
    browser.open(&format!("{}/-/commit/{first}", server.url())).await;
    browser.wait("document.querySelectorAll('.commit')[2]?.querySelector('details').open").await;
    browser.wait("document.querySelector('#repository').checkVisibility()").await;
    browser.click("#tab-chat").await;
    browser.click(&format!("#log a[href$='{}']", commit_id(2))).await;
    browser.wait("document.querySelectorAll('.commit')[1]?.querySelector('details').open").await;
    browser.wait("document.querySelector('#repository').checkVisibility()").await;
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs chromium"]
async fn picture() {
    let world = lively();
    let server = PageServer::start(ANY_PORT, world.clone()).await.expect("a free port");
    let browser = Browser::start().await;
    let size = env::var("TIPHYS_PAGE_SIZE").unwrap_or_else(|_| "1400x900".into());
    let (width, height) = size.split_once('x').expect("WIDTHxHEIGHT");
    let scheme = env::var("TIPHYS_PAGE_SCHEME").unwrap_or_else(|_| "light".into());
    browser.screen(width.parse().expect("a width"), height.parse().expect("a height"), &scheme).await;
    browser.open(&server.url()).await;
    browser.wait("document.querySelector('#message-7') && document.querySelectorAll('.pod').length === 4").await;
    browser.wait("document.getAnimations().every((one) => one.effect.getTiming().iterations === Infinity)").await;
    assert_fits(&browser).await;
    assert_quiet(&browser).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = env::var_os("TIPHYS_PAGE_PICTURE").map_or_else(|| folder.path().join("page.png"), PathBuf::from);
    browser.picture(&path).await;
    let png = std::fs::read(&path).expect("the picture");
    assert_eq!(png[16..24], [width, height].map(|n| n.parse::<u32>().expect("a size").to_be_bytes()).concat());
}

/// Nothing sticks out of the window.
async fn assert_fits(browser: &Browser) {
    let over = browser.script("return document.documentElement.scrollWidth - innerWidth").await;
    assert!(over.as_i64().expect("a width") <= 0, "the page is {over} px too wide");
}

fn deployed() -> Value {
    let body = "oil-refinery-application/prod: image tag 0.10.4 → 0.10.5\n\nRequest-Id: telegram/1/1\n\
                Requested-By: Анна Иванова (1001)\nApplication: oil-refinery-application\nEnvironment: prod\n";
    let subject = "deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5";
    commit(2, subject, "Анна Иванова <anna@example.org>", body, DEPLOYED)
}

fn scaled() -> Value {
    let body = "oil-refinery-application/prod: replicas 2 → 3\n\nRequest-Id: telegram/1/4\n\
                Requested-By: Пётр Смирнов (1002)\nApplication: oil-refinery-application\nEnvironment: prod\n";
    let subject = "set_replicas(oil-refinery-application/prod): 2 → 3";
    commit(3, subject, "Пётр Смирнов <petr@example.org>", body, SCALED)
}

/// In the midst of it: a version is live, more pods are coming, a stranger was refused.
fn lively() -> Arc<World> {
    use tiphys::sandbox::page::PageSource;
    let world = World::quiet("ru");
    let link = |number| format!("https://gitlab.example.org/team/manifests/-/commit/{}", commit_id(number));
    let short = |number| commit_id(number).chars().take(8).collect::<String>();
    let answer = |reply_to, what: &str, number, progress: &str, buttons| {
        let id = world.bot_says("Принято.", Some(reply_to), json!([]));
        let commit = format!("Коммит <a href=\"{}\">{}</a>", link(number), short(number));
        world.edit(id, &format!("<b>oil-refinery-application/prod</b>\n{what}\n{commit}\n{progress}"), buttons);
    };
    world.say(ANNA, "/deploy 0.10.5").expect("said");
    let live = "В кластере за 42 с, поды 2/2.";
    answer(1, "Версия <code>0.10.4</code> → <code>0.10.5</code>", 2, live, json!([]));
    world.say(STRANGER, "/set_replicas 9").expect("said");
    world.say(1002, "/set_replicas 3").expect("said");
    let buttons = [("Статус", "/status"), ("Контейнеры", "/showcontainers")];
    let buttons = buttons.map(|(text, data)| json!({ "text": text, "data": data }));
    answer(5, "Поды 2 → 3", 3, "Argo CD разворачивает, поды 2/3…", json!([buttons]));
    world.bot_says("Подсказка: /help покажет все команды.", None, json!([]));
    world.change(|state| {
        let commits = state["commits"].as_array_mut().expect("commits");
        commits.insert(0, deployed());
        commits.insert(0, scaled());
        state["apps"] = json!([app(3, "0.10.5", "Synced", "Progressing", 2, 3)]);
        state["pods"] = json!([
            pod("6c9d7f5b8-m4c6p", "worker-1", "Running", true, "0.10.5", 96),
            pod("6c9d7f5b8-t2w8n", "worker-2", "Running", true, "0.10.5", 71),
            pod("6c9d7f5b8-z8r3k", "worker-3", "ContainerCreating", false, "0.10.5", 3),
            pod("5d8f7c9b4-h7k2m", "worker-3", "Terminating", false, "0.10.4", 86_400 * 3),
        ]);
    });
    world
}
