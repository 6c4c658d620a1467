//! Events, and one pod in detail.

use insta::assert_snapshot;
use unicode_width::UnicodeWidthStr;

use super::{super::render_wide, *};
use crate::domain::{
    describe::{ConditionReport, NodeDescription, PodDescription},
    event::{EventList, EventReport, EventsReport},
    node::{Node, NodeReport},
    pod::{Condition, ContainerReport, Ending, PodReport, Template},
    unanswered::Unanswered,
};

fn event(ago: u64, reason: &str, message: &str) -> EventReport {
    EventReport {
        ago: Some(seconds(ago)),
        count: 1,
        warning: false,
        kind: "Pod".into(),
        name: "oil-refinery-application-7f9d8b5c4-xk2lp".into(),
        reason: reason.into(),
        message: message.into(),
    }
}

fn back_off() -> EventReport {
    let message =
        "Back-off restarting failed container application in pod oil-refinery-application-7f9d8b5c4-xk2lp_oil";
    EventReport { warning: true, count: 12, ..event(40, "BackOff", message) }
}

fn list(events: Vec<EventReport>) -> EventList {
    EventList { total: events.len(), events }
}

fn report(events: Result<Option<EventList>, Unanswered>) -> Answer {
    Answer::Events(vec![EventsReport { site: site(), events }])
}

#[test]
fn a_node_and_what_happened_to_it() {
    let node = Node { name: "refinery-worker-1".into(), external: Some("203.0.113.11".into()), ..Node::default() };
    let event = EventReport {
        kind: "Node".into(),
        name: "refinery-worker-1".into(),
        ..event(60, "NodeNotReady", "it is silent")
    };
    let described = |events| {
        let node = NodeReport::of(node.clone(), Some(7), jiff::Timestamp::UNIX_EPOCH);
        Answer::NodeDescribed(Box::new(NodeDescription { node, pods_unknown: None, events }))
    };
    let told = described(Ok(list(vec![event])));
    let chat = render(&told, Language::En);
    let words = ["open to all pods", "203.0.113.11", "pods 7", "Events:", "NodeNotReady · 1 min ago", "it is silent"];
    assert!(words.iter().all(|word| chat.to_plain().contains(word)), "{}", chat.to_plain());
    assert_eq!(chat.buttons[0][0].command, "/describe node/refinery-worker-1");
    assert!(chat.to_plain().lines().all(|line| line.width() <= 46), "{}", chat.to_plain());
    assert!(render_wide(&told, Language::En).to_plain().contains("node/refinery-worker-1"));
    let silent = render(&described(Err(Unanswered::Late { after: seconds(5) })), Language::En);
    assert!(silent.to_plain().contains("⚠️ events: no answer in 5 s"), "{}", silent.to_plain());
}

#[test]
fn what_happened() {
    let events = vec![back_off(), event(90, "Started", "Started container application")];
    let answer = report(Ok(Some(list(events))));
    assert_snapshot!(both(&answer), @r"
    ⚠️ **oil-refinery-application/prod**: событий 2, предупреждений 1
    | ⚠️ BackOff · 40 с назад · ×12
    |    oil-refinery-application-7f9d8b5c4-xk2lp
    |    Back-off restarting failed container
    |    application in pod
    |    oil-refinery-application-7f9d8b5c4-xk2lp_oi
    |    l
    | · Started · 1 мин назад
    |    oil-refinery-application-7f9d8b5c4-xk2lp
    |    Started container application
    [🔁 Обновить → /events oil-refinery-application/prod] [🐳 Поды → /get_pods oil-refinery-application/prod]

    ⚠️ **oil-refinery-application/prod**: events 2, warnings 1
    | ⚠️ BackOff · 40 s ago · ×12
    |    oil-refinery-application-7f9d8b5c4-xk2lp
    |    Back-off restarting failed container
    |    application in pod
    |    oil-refinery-application-7f9d8b5c4-xk2lp_oi
    |    l
    | · Started · 1 min ago
    |    oil-refinery-application-7f9d8b5c4-xk2lp
    |    Started container application
    [🔁 Refresh → /events oil-refinery-application/prod] [🐳 Pods → /get_pods oil-refinery-application/prod]
    ");
    assert_snapshot!(Language::ALL.map(|language| render_wide(&answer, language).to_plain()).join("\n\n"), @r"
    ⚠️ oil-refinery-application/prod: событий 2, предупреждений 1
    КОГДА        ТИП      ПРИЧИНА  ОБЪЕКТ                                        РАЗ  СООБЩЕНИЕ
    40 с назад   Warning  BackOff  pod/oil-refinery-application-7f9d8b5c4-xk2lp  12   Back-off restarting failed container application in pod oil-refinery-application-7f9d8b5c4-xk2lp_oil
    1 мин назад  Normal   Started  pod/oil-refinery-application-7f9d8b5c4-xk2lp  1    Started container application

    ⚠️ oil-refinery-application/prod: events 2, warnings 1
    LAST SEEN  TYPE     REASON   OBJECT                                        COUNT  MESSAGE
    40 s ago   Warning  BackOff  pod/oil-refinery-application-7f9d8b5c4-xk2lp  12     Back-off restarting failed container application in pod oil-refinery-application-7f9d8b5c4-xk2lp_oil
    1 min ago  Normal   Started  pod/oil-refinery-application-7f9d8b5c4-xk2lp  1      Started container application
    ");
}

#[test]
fn nothing_happened_or_nobody_knows() {
    let answers = [Ok(Some(list(vec![]))), Ok(None), Err(Unanswered::Late { after: seconds(5) })];
    assert_snapshot!(answers.map(|events| both(&report(events))).join("\n---\n"), @r"
    🔔 **oil-refinery-application/prod**: событий нет (Kubernetes хранит их около часа)
    [🔁 Обновить → /events oil-refinery-application/prod] [🐳 Поды → /get_pods oil-refinery-application/prod]

    🔔 **oil-refinery-application/prod**: no events (Kubernetes keeps them for about an hour)
    [🔁 Refresh → /events oil-refinery-application/prod] [🐳 Pods → /get_pods oil-refinery-application/prod]
    ---
    ❌ **oil-refinery-application/prod**: Deployment `oil-refinery/oil-refinery-application` не найден: проверьте `workload` в настройках
    [🔁 Обновить → /events oil-refinery-application/prod] [🐳 Поды → /get_pods oil-refinery-application/prod]

    ❌ **oil-refinery-application/prod**: no Deployment `oil-refinery/oil-refinery-application`: check `workload` in the configuration
    [🔁 Refresh → /events oil-refinery-application/prod] [🐳 Pods → /get_pods oil-refinery-application/prod]
    ---
    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: нет ответа за 5 с
    Что делать: повторить через минуту; если не проходит, оператору проверить Kubernetes API, его адрес, сертификат и сеть.
    [🔁 Обновить → /events oil-refinery-application/prod] [🐳 Поды → /get_pods oil-refinery-application/prod]

    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: no answer in 5 s
    What to do: try again in a minute; if it stays so, the operator checks the Kubernetes API, its address, its certificate and the network.
    [🔁 Refresh → /events oil-refinery-application/prod] [🐳 Pods → /get_pods oil-refinery-application/prod]
    ");
}

#[test]
fn many_events_are_cut() {
    let answer = report(Ok(Some(EventList { events: vec![back_off(); 100], total: 250 })));
    let text = render(&answer, Language::En).to_plain();
    assert!(text.contains("events 250, warnings 100") && text.contains("older ones"), "{text}");
    assert!(text.encode_utf16().count() < 4_096);
    assert!(text.lines().skip(1).all(|line| line.width() <= 46), "{text}");
}

fn description() -> PodDescription {
    let end = Ending { reason: "OOMKilled".into(), exit_code: 137, signal: 0, ago: Some(seconds(60)) };
    let container = |name: &str, state: &str, init: bool| ContainerReport {
        name: name.into(),
        image: format!("registry.example.org/team/{name}:0.10.5"),
        init,
        state: state.into(),
        ready: false,
        restarts: 0,
        memory_limit: None,
        ended: None,
    };
    PodDescription {
        pod: PodReport {
            namespace: "oil-refinery".into(),
            name: "oil-refinery-application-7f9d8b5c4-xk2lp".into(),
            template: Template::Newest,
            status: "CrashLoopBackOff".into(),
            condition: Condition::Broken,
            why: Some("OOMKilled".into()),
            ready: 0,
            total: 1,
            restarts: 5,
            last_restart: Some(seconds(60)),
            age: Some(seconds(720)),
            node: Some("refinery-worker-1".into()),
            tag: Some("0.10.5".into()),
            containers: vec!["application".into()],
        },
        ip: Some("10.244.11.7".into()),
        owner: Some("ReplicaSet/oil-refinery-application-7f9d8b5c4".into()),
        containers: vec![
            container("migrate", "Completed", true),
            ContainerReport {
                restarts: 5,
                memory_limit: Some("256Mi".into()),
                ended: Some(end),
                ..container("application", "CrashLoopBackOff", false)
            },
        ],
        conditions: vec![ConditionReport {
            kind: "Ready".into(),
            reason: "ContainersNotReady".into(),
            message: "containers with unready status: [application]".into(),
        }],
        events: Ok(list(vec![back_off()])),
    }
}

#[test]
fn a_pod_in_detail() {
    let answer = Answer::Described(Box::new(description()));
    assert_snapshot!(both(&answer), @r"
    ❌ **oil-refinery-application-7f9d8b5c4-xk2lp**: `CrashLoopBackOff 0/1`
    | namespace  oil-refinery
    | узел       refinery-worker-1
    | адрес      10.244.11.7
    | создал     ReplicaSet/…y-application-7f9d8b5c4
    | возраст    12 мин
    | OOMKilled
    Не выполнено:
    | ✗ Ready: ContainersNotReady
    |    containers with unready status:
    |    [application]
    Контейнеры:
    | 🏁 migrate (init)
    |    Completed
    |    registry.example.org/team/migrate:0.10.5
    | ❌ application
    |    CrashLoopBackOff · перезапусков 5
    |    память до 256Mi
    |    закончился: OOMKilled, 1 мин назад
    |    registry.example.org/team/application:0.10.
    |    5
    События:
    | ⚠️ BackOff · 40 с назад · ×12
    |    oil-refinery-application-7f9d8b5c4-xk2lp
    |    Back-off restarting failed container
    |    application in pod
    |    oil-refinery-application-7f9d8b5c4-xk2lp_oi
    |    l
    [📜 Лог → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp] [⏮ Прошлый запуск → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous]
    [🔁 Обновить → /describe oil-refinery-application-7f9d8b5c4-xk2lp]

    ❌ **oil-refinery-application-7f9d8b5c4-xk2lp**: `CrashLoopBackOff 0/1`
    | namespace  oil-refinery
    | node       refinery-worker-1
    | address    10.244.11.7
    | made by    ReplicaSet/…y-application-7f9d8b5c4
    | age        12 min
    | OOMKilled
    Not met:
    | ✗ Ready: ContainersNotReady
    |    containers with unready status:
    |    [application]
    Containers:
    | 🏁 migrate (init)
    |    Completed
    |    registry.example.org/team/migrate:0.10.5
    | ❌ application
    |    CrashLoopBackOff · restarts 5
    |    memory up to 256Mi
    |    ended: OOMKilled, 1 min ago
    |    registry.example.org/team/application:0.10.
    |    5
    Events:
    | ⚠️ BackOff · 40 s ago · ×12
    |    oil-refinery-application-7f9d8b5c4-xk2lp
    |    Back-off restarting failed container
    |    application in pod
    |    oil-refinery-application-7f9d8b5c4-xk2lp_oi
    |    l
    [📜 Log → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp] [⏮ Previous run → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous]
    [🔁 Refresh → /describe oil-refinery-application-7f9d8b5c4-xk2lp]
    ");
    assert_snapshot!(render_wide(&answer, Language::En).to_plain(), @r"
    ❌ oil-refinery-application-7f9d8b5c4-xk2lp: CrashLoopBackOff 0/1
    namespace  oil-refinery
    node       refinery-worker-1
    address    10.244.11.7
    made by    ReplicaSet/oil-refinery-application-7f9d8b5c4
    age        12 min
    OOMKilled
    Not met:
    ✗ Ready: ContainersNotReady
       containers with unready status: [application]
    Containers:
    🏁 migrate (init)
       Completed
       registry.example.org/team/migrate:0.10.5
    ❌ application
       CrashLoopBackOff · restarts 5 · memory up to 256Mi · ended: OOMKilled, 1 min ago
       registry.example.org/team/application:0.10.5
    Events:
    LAST SEEN  TYPE     REASON   OBJECT                                        COUNT  MESSAGE
    40 s ago   Warning  BackOff  pod/oil-refinery-application-7f9d8b5c4-xk2lp  12     Back-off restarting failed container application in pod oil-refinery-application-7f9d8b5c4-xk2lp_oil
    ");
}

#[test]
fn a_pod_without_its_events() {
    let silent = PodDescription { events: Err(Unanswered::Late { after: seconds(5) }), ..description() };
    let text = render(&Answer::Described(Box::new(silent)), Language::En).to_plain();
    assert!(text.contains("events: no answer in 5 s") && text.contains("application"), "{text}");
}
