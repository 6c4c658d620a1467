//! Logs, and which pod and container is meant.

use insta::assert_snapshot;

use super::{super::render_wide, *};
use crate::domain::{
    command::CommandName,
    log::LogReport,
    pod::{ContainerReport, Ending, PodAsked, PodName, PodUnclear},
    unanswered::Unanswered,
};

fn pod(suffix: &str) -> PodName {
    PodName { namespace: "oil-refinery".into(), name: format!("oil-refinery-application-7f9d8b5c4-{suffix}") }
}

fn report(lines: &[&str]) -> LogReport {
    LogReport {
        pod: pod("xk2lp"),
        container: "application".into(),
        chosen: false,
        previous: false,
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
        cut: false,
        masked: 0,
        not_there: None,
        others: Vec::new(),
        crashed: None,
    }
}

fn log(report: LogReport) -> String {
    both(&Answer::Log(Box::new(report)))
}

fn killed() -> Ending {
    Ending { reason: "OOMKilled".into(), exit_code: 137, signal: 0, ago: Some(seconds(125)) }
}

#[test]
fn a_log_and_an_empty_one() {
    assert_snapshot!(log(report(&["INFO starting", "  at Valve.open(Valve.java:7)"])), @r"
    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    | INFO starting
    |   at Valve.open(Valve.java:7)
    [🔁 Обновить → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]

    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    | INFO starting
    |   at Valve.open(Valve.java:7)
    [🔁 Refresh → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]
    ");
    assert_snapshot!(log(report(&[])), @r"
    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    Лог пуст.
    [🔁 Обновить → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]

    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    The log is empty.
    [🔁 Refresh → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]
    ");
}

#[test]
fn a_crash_offers_the_run_before() {
    let crashed = LogReport {
        crashed: Some(killed()),
        others: vec!["proxy".into()],
        masked: 2,
        cut: true,
        ..report(&["FATAL out of oil"])
    };
    let previous = LogReport { previous: true, masked: 0, cut: false, ..crashed.clone() };
    assert_snapshot!(log(crashed), @r"
    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    | FATAL out of oil
    🙈 скрыто секретов: 2
    ✂️ строки очень длинные, показано не всё
    💥 Прошлый запуск: `OOMKilled, 2 мин назад`
    Его лог: `/get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous`
    [🔁 Обновить → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application] [⏮ Прошлый запуск → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous]
    [📜 proxy → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp proxy]

    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    | FATAL out of oil
    🙈 secrets masked: 2
    ✂️ the lines are very long, not all of it is shown
    💥 The run before: `OOMKilled, 2 min ago`
    Its log: `/get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous`
    [🔁 Refresh → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application] [⏮ Previous run → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous]
    [📜 proxy → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp proxy]
    ");
    assert_snapshot!(log(previous), @r"
    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    Прошлый запуск, закончился: `OOMKilled, 2 мин назад`
    | FATAL out of oil
    [🔁 Обновить → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous] [⏭ Текущий запуск → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application]
    [📜 proxy → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp proxy]

    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    The previous run, which ended: `OOMKilled, 2 min ago`
    | FATAL out of oil
    [🔁 Refresh → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous] [⏭ Current run → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application]
    [📜 proxy → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp proxy]
    ");
}

#[test]
fn there_is_no_log() {
    let words = "container \"application\" in pod \"x\" is waiting to start: ContainerCreating";
    let waiting = LogReport { not_there: Some(words.into()), ..report(&[]) };
    let words = "previous terminated container \"application\" in pod \"x\" not found";
    let first = LogReport { not_there: Some(words.into()), previous: true, ..report(&[]) };
    assert_snapshot!([log(waiting), log(first)].join("\n---\n"), @r#"
    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    Лога ещё нет: `container "application" in pod "x" is waiting to start: ContainerCreating`
    [🔁 Обновить → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]

    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    There is no log yet: `container "application" in pod "x" is waiting to start: ContainerCreating`
    [🔁 Refresh → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]
    ---
    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    Прошлый запуск
    Лога прошлого запуска нет: `previous terminated container "application" in pod "x" not found`
    [🔁 Обновить → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous] [⏭ Текущий запуск → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]

    📜 **oil-refinery-application-7f9d8b5c4-xk2lp** · `application`
    The previous run
    There is no log of a previous run: `previous terminated container "application" in pod "x" not found`
    [🔁 Refresh → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous] [⏭ Current run → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]
    "#);
}

#[test]
fn a_long_log_is_a_file_with_its_last_lines_as_caption() {
    let lines: Vec<String> = (1..=30).map(|n| format!("{n:02} {}", "x".repeat(400))).collect();
    let long = LogReport { lines: lines.clone(), ..report(&[]) };
    let message = render(&Answer::Log(Box::new(long.clone())), Language::En);
    let document = message.document.clone().expect("a file");
    assert_eq!(document.name, "oil-refinery-application-7f9d8b5c4-xk2lp.application.log");
    assert_eq!(document.text, lines.join("\n") + "\n", "the file has the lines whole");
    let text = message.to_plain();
    assert!(text.contains("All 30 lines are in the file, the last of them:"), "{text}");
    assert!(text.contains(&format!("30 {}… +103", "x".repeat(297))) && !text.contains("29 "), "{text}");
    assert!(text.encode_utf16().count() < 1_024);
    let wide = render_wide(&Answer::Log(Box::new(long)), Language::En);
    assert!(wide.to_plain().contains(&lines[0]) && wide.document.is_none());
}

#[test]
fn which_container() {
    let container = |name: &str, state: &str, ready: bool| ContainerReport {
        name: name.into(),
        image: String::new(),
        init: name == "migrate",
        state: state.into(),
        ready,
        restarts: 0,
        memory_limit: None,
        ended: None,
    };
    let containers = vec![
        container("migrate", "Completed", false),
        container("application", "CrashLoopBackOff", false),
        container("proxy", "running", true),
    ];
    let needed =
        Answer::ContainerNeeded { pod: pod("xk2lp"), given: None, containers: containers.clone(), previous: true };
    assert_snapshot!(both(&needed), @r"
    ❓ **Какой контейнер?**
    `oil-refinery-application-7f9d8b5c4-xk2lp`
    | 🏁 migrate: Completed
    | ❌ application: CrashLoopBackOff
    | ✅ proxy: running
    Например: `/get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous`
    [📜 migrate → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp migrate previous] [📜 application → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous]
    [📜 proxy → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp proxy previous]

    ❓ **Which container?**
    `oil-refinery-application-7f9d8b5c4-xk2lp`
    | 🏁 migrate: Completed
    | ❌ application: CrashLoopBackOff
    | ✅ proxy: running
    For example: `/get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous`
    [📜 migrate → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp migrate previous] [📜 application → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application previous]
    [📜 proxy → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp proxy previous]
    ");
    let wrong = Answer::ContainerNeeded { pod: pod("xk2lp"), given: Some("app1".into()), containers, previous: false };
    assert_snapshot!(both(&wrong), @r"
    ❓ **Нет такого контейнера: **`app1`
    В поде `oil-refinery-application-7f9d8b5c4-xk2lp` есть:
    | 🏁 migrate: Completed
    | ❌ application: CrashLoopBackOff
    | ✅ proxy: running
    Например: `/get_logs oil-refinery-application-7f9d8b5c4-xk2lp application`
    [📜 migrate → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp migrate] [📜 application → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application]
    [📜 proxy → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp proxy]

    ❓ **No such container: **`app1`
    The pod `oil-refinery-application-7f9d8b5c4-xk2lp` has:
    | 🏁 migrate: Completed
    | ❌ application: CrashLoopBackOff
    | ✅ proxy: running
    For example: `/get_logs oil-refinery-application-7f9d8b5c4-xk2lp application`
    [📜 migrate → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp migrate] [📜 application → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp application]
    [📜 proxy → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp proxy]
    ");
}

#[test]
fn which_pod() {
    let unclear = |reason: PodUnclear| {
        let asked = PodAsked { namespace: None, name: "oil".into() };
        both(&Answer::PodUnclear { asked, command: CommandName::GetLogs, rest: vec!["previous".into()], reason })
    };
    assert_snapshot!(unclear(PodUnclear::Several { pods: vec![pod("ab1cd"), pod("xk2lp")], total: 12 }), @r"
    ❓ **Подходят 12 — уточните имя**
    | oil-refinery/oil-refinery-application-7f9d8b5c4-ab1cd
    | oil-refinery/oil-refinery-application-7f9d8b5c4-xk2lp
    | … и ещё 10
    [oil-refinery-application-7f9d8b5c4-ab1cd → /get_logs oil-refinery/oil-refinery-application-7f9d8b5c4-ab1cd previous]
    [oil-refinery-application-7f9d8b5c4-xk2lp → /get_logs oil-refinery/oil-refinery-application-7f9d8b5c4-xk2lp previous]

    ❓ **12 pods fit: say more of the name**
    | oil-refinery/oil-refinery-application-7f9d8b5c4-ab1cd
    | oil-refinery/oil-refinery-application-7f9d8b5c4-xk2lp
    | … and 10 more
    [oil-refinery-application-7f9d8b5c4-ab1cd → /get_logs oil-refinery/oil-refinery-application-7f9d8b5c4-ab1cd previous]
    [oil-refinery-application-7f9d8b5c4-xk2lp → /get_logs oil-refinery/oil-refinery-application-7f9d8b5c4-xk2lp previous]
    ");
    let namespaces = vec!["oil-refinery".to_owned(), "oil-refinery-stage".to_owned()];
    assert_snapshot!(
        unclear(PodUnclear::Unknown { nearest: vec![pod("xk2lp").name], namespaces: namespaces.clone() }), @r"
    ❓ **Нет такого пода: **`oil`
    Искал в: `oil-refinery, oil-refinery-stage`
    Похожее: `/get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous`
    Все поды: /get_pods
    [oil-refinery-application-7f9d8b5c4-xk2lp → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous]

    ❓ **No such pod: **`oil`
    Looked for in: `oil-refinery, oil-refinery-stage`
    Perhaps: `/get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous`
    All pods: /get_pods
    [oil-refinery-application-7f9d8b5c4-xk2lp → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous]
    ");
    let node = Answer::PodUnclear {
        asked: PodAsked { namespace: Some("node".into()), name: "worker".into() },
        command: CommandName::Describe,
        rest: vec![],
        reason: PodUnclear::Unknown { nearest: vec!["worker-1".into()], namespaces: vec![] },
    };
    assert_snapshot!(both(&node), @r"
    ❓ **Нет такого узла: **`node/worker`
    Похожее: `/describe node/worker-1`
    Все узлы: /get_nodes
    [worker-1 → /describe node/worker-1]

    ❓ **No such node: **`node/worker`
    Perhaps: `/describe node/worker-1`
    All nodes: /get_nodes
    [worker-1 → /describe node/worker-1]
    ");
    let foreign = Answer::PodUnclear {
        asked: PodAsked { namespace: Some("kube-system".into()), name: "coredns".into() },
        command: CommandName::GetLogs,
        rest: vec![],
        reason: PodUnclear::ForeignNamespace { namespaces },
    };
    assert_snapshot!(both(&foreign), @r"
    🚫 **Этот namespace боту не доверен: **`kube-system`
    Поды показываются только из тех, где работают приложения: `oil-refinery, oil-refinery-stage`

    🚫 **Not a namespace of the bot's: **`kube-system`
    Pods are shown only of those in which the applications run: `oil-refinery, oil-refinery-stage`
    ");
    assert_snapshot!(unclear(PodUnclear::Unanswered(Unanswered::Late { after: seconds(5) })), @r"
    ❔ `oil`
    ⚠️ kubernetes: нет ответа за 5 с
    Что делать: повторить через минуту; если не проходит, оператору проверить Kubernetes API, его адрес, сертификат и сеть.

    ❔ `oil`
    ⚠️ kubernetes: no answer in 5 s
    What to do: try again in a minute; if it stays so, the operator checks the Kubernetes API, its address, its certificate and the network.
    ");
}
