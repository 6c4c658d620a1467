//! Several repositories and branches: one remote that hangs, or is away, holds up nobody else.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use tiphys::sandbox::telegram::ShownMessage;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::playbill::{Playbill, answers_to, git};

/// As long as the program promises to take for stopping.
const STOP: Duration = Duration::from_secs(10);

/// Whether the answer has all these words.
fn says(words: &[&str]) -> impl Fn(&ShownMessage) -> bool {
    move |answer| words.iter().all(|word| answer.text.contains(word))
}

/// A server that takes every connection and never says a word.
struct Silent {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Silent {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((connection, _)) = listener.accept().await {
                held.push(connection);
            }
        });
        Self { address, task }
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A playbill with the environment `prod` in the sandbox's repository, `silent` in one that hangs, and `closed` in one
/// where nobody listens.
async fn with_dead_remotes() -> (Playbill, Silent) {
    let playbill = Playbill::start().await;
    let silent = Silent::start().await;
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
    let repositories = format!(
        "repositories:\n  silent: {{ url: 'http://{}/team/silent.git', deadline: 1h }}\n  closed: {{ url: 'http://{closed}/team/closed.git' }}\n",
        silent.address
    );
    playbill.amend("registry:\n", &format!("{repositories}registry:\n"));
    also(&playbill, "silent", "repository: silent");
    also(&playbill, "closed", "repository: closed");
    (playbill, silent)
}

/// A further environment at the same place of another branch.
fn also(playbill: &Playbill, name: &str, key: &str) {
    let argocd = "        argocd: { name: oil-refinery-application-prod }\n";
    let environment = format!(
        "{argocd}      - name: {name}
        {key}
        path: apps/oil-refinery-application/overlays/prod
        workload: {{ namespace: oil-refinery, name: oil-refinery-application }}
        argocd: {{ name: oil-refinery-application-prod  }}
"
    );
    playbill.amend(argocd, &environment);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_hangs_or_is_away_holds_up_nobody_else() {
    let (playbill, _silent) = with_dead_remotes().await;
    let mut bot = playbill.serve();
    let stuck = playbill.say("/deploy oil-refinery-application/silent 0.10.5");
    let away = playbill.say("/deploy oil-refinery-application/closed 0.10.5");
    let here = playbill.say("/deploy oil-refinery-application/prod 0.10.5");

    // The remote that hangs has an hour; the others don't wait for it.
    playbill.answer(here, says(&["работает: 2/2 пода"])).await;
    playbill.answer(away, says(&["Репозиторий манифестов недоступен", "team/closed: ", "Ничего не изменено"])).await;
    let status = playbill.say("/status");
    let words = ["0.10.5", "git: team/silent: нет ответа за 15 с", "git: team/closed: сервер недоступен"];
    playbill.answer(status, says(&words)).await;
    playbill.answer(stuck, says(&["0.10.5"])).await;
    assert_eq!(answers_to(&playbill.hub(), stuck).len(), 1);
    assert_eq!(playbill.commits(), ["deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5"]);
    let log = playbill.log_text();
    assert!(log.contains("unfinished rollouts cannot be looked for yet") && log.contains("team/closed"), "{log}");

    let begun = Instant::now();
    assert!(bot.terminate(), "{}", playbill.log_text());
    assert!(begun.elapsed() < STOP, "{:?}", begun.elapsed());
    assert!(playbill.hub().unconfirmed() > 0, "what hangs isn't settled and comes again");
    looked_through(&playbill, &["main"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_with_the_rollouts_of_those_that_answer() {
    let (playbill, _silent) = with_dead_remotes().await;
    playbill.world.reconciler().pause(true);
    let mut bot = playbill.serve();
    let command = playbill.say("/deploy oil-refinery-application/prod 0.10.5");
    let committed = playbill.answer(command, says(&["записан"])).await;
    playbill.confirmed().await;
    bot.kill();

    playbill.world.reconciler().pause(false);
    let _next = playbill.serve();
    let end = playbill.answer(command, says(&["работает: 2/2 пода"])).await;
    assert_eq!(end.id, committed.id, "the same message");
    assert_eq!(answers_to(&playbill.hub(), command).len(), 1, "no second message");
    assert_eq!(playbill.commits().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_branch_of_a_remote_gets_its_own_commits() {
    let playbill = Playbill::start().await;
    playbill.git(&["branch", "staging", "main"]);
    playbill.amend("follow: { deadline: 60s }", "follow: { deadline: 5s }");
    also(&playbill, "staging", "branch: staging");
    let _bot = playbill.serve();
    let commands: Vec<i64> = [
        "/deploy oil-refinery-application/staging 0.10.6",
        "/deploy oil-refinery-application/prod 0.10.5",
        "/set_replicas oil-refinery-application/staging 3",
    ]
    .map(|text| playbill.say(text))
    .into();
    playbill.answer(commands[1], says(&["работает: 2/2 пода"])).await;
    // The sandbox's Application follows `main` for both, which is what the message has to tell.
    let words = ["не заработало", "the Application follows main, and commits are made on staging"];
    playbill.answer(commands[0], says(&words)).await;
    playbill.answer(commands[2], says(&words)).await;
    assert_eq!(playbill.commits(), ["deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5"]);
    let staging = playbill.git(&["log", "--reverse", "--format=%s", "main..staging"]);
    assert_eq!(
        staging.lines().collect::<Vec<_>>(),
        ["deploy(oil-refinery-application/staging): 0.10.4 → 0.10.6", "scale(oil-refinery-application/staging): 2 → 3"]
    );
    assert!(playbill.dir.path().join("mirror@staging.git").is_dir());
    looked_through(&playbill, &["main", "staging"]);
}

/// Has git look through the remote, and through a fresh clone of each branch.
fn looked_through(playbill: &Playbill, branches: &[&str]) {
    playbill.git(&["fsck", "--strict", "--full"]);
    for branch in branches {
        let clone = playbill.dir.path().join(format!("clone-{branch}"));
        let (from, to) = (playbill.world.repository_path().display().to_string(), clone.display().to_string());
        playbill.git(&["clone", "--quiet", "--branch", branch, &from, &to]);
        git(&clone, &["fsck", "--strict", "--full"]);
        assert!(clone.join("apps").is_dir());
    }
}
