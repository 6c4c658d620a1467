//! Secrets stay secret: in the log at its most talkative, and in every reply, also when everything fails.

use std::{net::SocketAddr, process::Output};

use axum::{Router, extract::Request, http::StatusCode, response::IntoResponse};
use base64::Engine as _;
use futures_util::future::join_all;
use tiphys::sandbox::{
    registry::Access,
    telegram::{Fault, FaultKind, ShownMessage},
};
use tokio::net::TcpListener;

use crate::playbill::{ANNA, CHAT, FOREIGN, Playbill, SECOND, TOKEN};

const GIT_TOKEN: &str = "glpat-git-token-0123456789";
const REGISTRY_TOKEN: &str = "glpat-registry-token-0123456789";
const CLUSTER_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.cluster.token-0123456789";

/// A server that answers everything with an error page which quotes the whole request, as careless proxies do.
async fn careless_proxy(status: StatusCode) -> String {
    let quote = move |request: Request| async move {
        let page =
            format!("<h1>Error</h1><p>{} {}</p><pre>{:?}</pre>", request.method(), request.uri(), request.headers());
        (status, [("www-authenticate", "Basic realm=\"proxy\"")], page).into_response()
    };
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(quote)).await });
    format!("http://{address}")
}

/// Every secret in every form in which it travels.
fn secrets() -> Vec<String> {
    let base64 = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let mut all: Vec<String> = [TOKEN, GIT_TOKEN, REGISTRY_TOKEN, CLUSTER_TOKEN].map(str::to_owned).into();
    all.push(TOKEN.split_once(':').unwrap().1.to_owned());
    all.push(base64(format!("oauth2:{GIT_TOKEN}")));
    all.push(base64(format!("reader:{REGISTRY_TOKEN}")));
    all
}

fn assert_clean(name: &str, text: &str) {
    for secret in secrets() {
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{name} has {secret}");
    }
}

fn replies(playbill: &Playbill) -> Vec<ShownMessage> {
    [CHAT, SECOND, FOREIGN].into_iter().flat_map(|chat| playbill.hub().answers(chat)).collect()
}

fn assert_all_clean(playbill: &Playbill) {
    assert_clean("the log", &playbill.log_text());
    for reply in replies(playbill) {
        assert_clean("a reply", &format!("{reply:?}"));
    }
}

/// A sandbox that asks for credentials, with the right ones in the configuration.
async fn guarded() -> Playbill {
    let playbill = Playbill::with_world(|options| {
        options.kubernetes_token = Some(CLUSTER_TOKEN.to_owned());
        options.registry_access = Access { gitlab_token: Some(REGISTRY_TOKEN.to_owned()), ..Access::default() };
    })
    .await;
    playbill.write("git-token", GIT_TOKEN);
    playbill.write("registry-token", REGISTRY_TOKEN);
    playbill.amend("  kind: gitlab\n", "  kind: gitlab\n  token_file: registry-token\n");
    playbill
}

/// All that can be logged, by every crate in the program.
fn talkative(playbill: &Playbill) -> crate::playbill::Bot {
    playbill.serve_with(|command| command.env("TIPHYS_LOG", "trace"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_logged_when_all_goes_well() {
    let playbill = guarded().await;
    let _bot = talkative(&playbill);
    let command = playbill.say("/deploy 0.10.5");
    playbill.answer(command, |answer| answer.text.contains("работает: 2/2")).await;
    let list = playbill.say("/showcontainers");
    playbill.answer(list, |answer| answer.text.contains("0.10.6")).await;
    playbill.confirmed().await;
    assert!(playbill.log_text().contains("TRACE"), "the log is at its most talkative");
    assert_all_clean(&playbill);
    assert_clean("the commit", &playbill.git(&["log", "--format=raw", "main"]));
}

async fn assert_clean_with(status: StatusCode) {
    let playbill = guarded().await;
    let proxy = careless_proxy(status).await;
    let repository = format!("{proxy}/team/manifests.git");
    playbill.configure("ru", "other.git", &repository, "  username: oauth2\n  token_file: git-token\n");
    playbill.amend("  kind: gitlab\n", "  kind: gitlab\n  token_file: registry-token\n  deadline: 1s\n");
    playbill.amend(&playbill.world.registry_url(), &proxy);
    playbill.write("kubeconfig", &playbill.world.kubeconfig().replace(&playbill.world.kubernetes_url(), &proxy));
    let _bot = talkative(&playbill);
    for (chat, text) in
        [(CHAT, "/deploy 0.10.5"), (SECOND, "/set_replicas 3"), (CHAT, "/status"), (SECOND, "/showcontainers")]
    {
        let command = playbill.hub().say(chat, ANNA, text).unwrap();
        playbill.answer_in(chat, command, |answer| !answer.text.contains("принято")).await;
    }
    playbill.confirmed().await;
    assert_all_clean(&playbill);
    assert!(replies(&playbill).iter().any(|reply| reply.text.contains("Репозиторий манифестов")));
    for words in [&["deploy", "0.10.5", "--force", "--json"][..], &["status"]] {
        let mut program = playbill.program(words);
        program.env("TIPHYS_LOG", "trace");
        let run = tokio::task::spawn_blocking(move || program.output().expect("the program starts"));
        let Output { stdout, stderr, .. } = run.await.unwrap();
        assert!(!stdout.is_empty());
        assert_clean("standard output", &String::from_utf8_lossy(&stdout));
        assert_clean("standard error", &String::from_utf8_lossy(&stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_back_from_servers_that_quote_their_requests() {
    let statuses = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::BAD_GATEWAY, StatusCode::OK];
    join_all(statuses.map(assert_clean_with)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_back_from_servers_that_do_not_answer() {
    let playbill = guarded().await;
    // A port that was free a moment ago.
    let closed = format!("http://{}", TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap());
    let repository = format!("{closed}/team/manifests.git");
    playbill.configure("en", "other.git", &repository, "  username: oauth2\n  token_file: git-token\n");
    playbill.amend("  kind: gitlab\n", "  kind: gitlab\n  token_file: registry-token\n");
    playbill.amend(&playbill.world.registry_url(), &closed);
    playbill.write("kubeconfig", &playbill.world.kubeconfig().replace(&playbill.world.kubernetes_url(), &closed));
    let _bot = talkative(&playbill);
    for text in ["/deploy 0.10.5", "/set_replicas 3", "/status"] {
        let command = playbill.say(text);
        playbill.answer(command, |answer| !answer.text.contains("accepted")).await;
    }
    playbill.confirmed().await;
    assert_all_clean(&playbill);
}

#[tokio::test(flavor = "multi_thread")]
async fn telegrams_token_is_not_logged_when_telegram_fails() {
    let playbill = guarded().await;
    let hub = playbill.hub();
    for method in ["getMe", "getUpdates", "sendMessage", "editMessageText"] {
        hub.fail(Fault::once(method, FaultKind::ProxyPage(502)));
    }
    hub.fail(Fault::once("sendMessage", FaultKind::CutBefore));
    let mut bot = talkative(&playbill);
    let command = hub.say(CHAT, ANNA, "/deploy 0.10.5").unwrap();
    playbill.answer(command, |answer| answer.text.contains("работает: 2/2")).await;
    hub.set_token("4242:another");
    // The poll that waits was let in with the old one.
    hub.set_network(false);
    hub.set_network(true);
    // 401: the bot ends, and says so without the token.
    assert!(!bot.ended());
    assert!(playbill.log_text().contains("does not accept the token"), "{}", playbill.log_text());
    assert_all_clean(&playbill);

    // Nobody listens any more.
    let closed = format!("http://{}", TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap());
    playbill.amend(&playbill.telegram.url(), &closed);
    let mut bot = talkative(&playbill);
    playbill.logged("Telegram is not reached").await;
    bot.terminate();
    assert_all_clean(&playbill);
}
