//! Nodes, and changes of them.

use insta::assert_snapshot;
use unicode_width::UnicodeWidthStr;

use super::{super::render_wide, *};
use crate::domain::{
    actor::Right,
    answer::{Applied, Failure, FailureKind, Refusal},
    name::NodeName,
    node::{Effect, Mark, Node, NodeChange, NodeReport, NodesReport, Page, Scheduling, Taint, Totals, sort},
    policy::Denial,
    unanswered::Unanswered,
};

fn node(name: &str) -> Node {
    Node {
        name: name.into(),
        external: Some("203.0.113.11".into()),
        internal: Some("10.20.0.11".into()),
        roles: vec!["worker".into()],
        version: "v1.33.4".into(),
        not_ready: None,
        unschedulable: false,
        cordoned: None,
        deleting: false,
        taints: Vec::new(),
        capacity: Some(110),
    }
}

fn taint(key: &str, effect: Effect) -> Taint {
    Taint { key: key.into(), value: String::new(), effect }
}

fn control() -> Node {
    Node {
        external: None,
        internal: Some("10.20.0.10".into()),
        roles: vec!["control-plane".into(), "etcd".into()],
        taints: vec![taint("node-role.kubernetes.io/control-plane", Effect::NoSchedule)],
        ..node("refinery-control-1")
    }
}

fn cordoned() -> Node {
    let by = Some(Mark { by: "Анна Иванова (telegram 1001)".into(), at: None });
    Node { unschedulable: true, cordoned: by, ..node("refinery-worker-2") }
}

/// Away, without any address, and for two kinds of pods only.
fn silent() -> Node {
    let gpu = |effect| Taint { value: "a100".into(), ..taint("nvidia.com/gpu", effect) };
    Node {
        external: None,
        internal: None,
        roles: Vec::new(),
        not_ready: Some("NodeStatusUnknown".into()),
        taints: vec![
            taint("node.kubernetes.io/unreachable", Effect::NoExecute),
            gpu(Effect::NoSchedule),
            gpu(Effect::NoExecute),
            taint("spot", Effect::PreferNoSchedule),
        ],
        ..node("ip-10-20-0-13.eu-central-1.compute.internal.example.org")
    }
}

fn report(mut nodes: Vec<Node>, may_change: bool) -> NodesReport {
    sort(&mut nodes);
    let total = Totals::of(&nodes);
    let one = |node: Node| NodeReport {
        placement: node.placement(),
        hindrances: node.hindrances(),
        pods: Some(12),
        cordoned_since: node.cordoned.as_ref().map(|_| seconds(7500)),
        node,
    };
    let nodes = nodes.into_iter().map(one).collect();
    NodesReport { nodes, total, page: None, beyond: None, pods_unknown: None, may_change }
}

fn all() -> Vec<Node> {
    vec![node("refinery-worker-1"), control(), cordoned(), silent()]
}

#[test]
fn a_list_for_those_who_may_and_those_who_may_not() {
    assert_snapshot!(both(&Answer::Nodes(Ok(report(all(), true)))), @r"
    🖥 Узлы: 4 · открыто 1, с допуском 1, закрыто 2
    ⛔ поды не размещаются:
    | ip-10-20-0-13.eu-central-1.compute.internal.ex
    | ample.org
    |    адреса нет · v1.33.4 · подов 12/110
    |    NotReady: NodeStatusUnknown
    |    NoExecute,NoSchedule nvidia.com/gpu=a100
    |    PreferNoSchedule spot
    | refinery-worker-2
    |    203.0.113.11 · worker · v1.33.4
    |    подов 12/110
    |    cordon: Анна Иванова (telegram 1001), 2 ч
    |    назад
    🔶 только поды с допуском:
    | refinery-control-1
    |    внешнего нет, внутренний 10.20.0.10
    |    control-plane,etcd · v1.33.4 · подов 12/110
    |    NoSchedule
    |    node-role.kubernetes.io/control-plane
    ✅ открыты для всех подов:
    | refinery-worker-1
    |    203.0.113.11 · worker · v1.33.4
    |    подов 12/110
    [⛔ cordon ip-10-20-0-13.eu-central-1.compute.int… → /cordon ip-10-20-0-13.eu-central-1.compute.internal.example.org]
    [✅ uncordon refinery-worker-2 → /uncordon refinery-worker-2]
    [⛔ cordon refinery-control-1 → /cordon refinery-control-1]
    [⛔ cordon refinery-worker-1 → /cordon refinery-worker-1]
    [🔁 Обновить → /get_nodes]

    🖥 Nodes: 4 · 1 open, 1 for tolerations, 2 closed
    ⛔ no pods are placed:
    | ip-10-20-0-13.eu-central-1.compute.internal.ex
    | ample.org
    |    no address · v1.33.4 · pods 12/110
    |    NotReady: NodeStatusUnknown
    |    NoExecute,NoSchedule nvidia.com/gpu=a100
    |    PreferNoSchedule spot
    | refinery-worker-2
    |    203.0.113.11 · worker · v1.33.4
    |    pods 12/110
    |    cordon: Анна Иванова (telegram 1001), 2 h
    |    ago
    🔶 only pods that tolerate:
    | refinery-control-1
    |    no external, internal 10.20.0.10
    |    control-plane,etcd · v1.33.4 · pods 12/110
    |    NoSchedule
    |    node-role.kubernetes.io/control-plane
    ✅ open to all pods:
    | refinery-worker-1
    |    203.0.113.11 · worker · v1.33.4
    |    pods 12/110
    [⛔ cordon ip-10-20-0-13.eu-central-1.compute.int… → /cordon ip-10-20-0-13.eu-central-1.compute.internal.example.org]
    [✅ uncordon refinery-worker-2 → /uncordon refinery-worker-2]
    [⛔ cordon refinery-control-1 → /cordon refinery-control-1]
    [⛔ cordon refinery-worker-1 → /cordon refinery-worker-1]
    [🔁 Refresh → /get_nodes]
    ");
    let read = render(&Answer::Nodes(Ok(report(all(), false))), Language::En);
    let commands: Vec<&str> = read.buttons.iter().flatten().map(|button| button.command.as_str()).collect();
    assert_eq!(commands, ["/get_nodes"]);
    assert!(read.buttons[0][0].in_place);
}

#[test]
fn a_list_in_a_terminal() {
    let answer = Answer::Nodes(Ok(report(all(), true)));
    assert_snapshot!(Language::ALL.map(|language| render_wide(&answer, language).to_plain()).join("\n\n"), @r"
    🖥 Узлы: 4 · открыто 1, с допуском 1, закрыто 2
    УЗЕЛ                                                     ПОДЫ МОЖНО  ВНЕШНИЙ       ВНУТРЕННИЙ  РОЛИ                ВЕРСИЯ   ПОДОВ   ПРИЧИНА
    ip-10-20-0-13.eu-central-1.compute.internal.example.org  нет         нет           нет         —                   v1.33.4  12/110  NotReady: NodeStatusUnknown; NoExecute,NoSchedule nvidia.com/gpu=a100; PreferNoSchedule spot
    refinery-worker-2                                        нет         203.0.113.11  10.20.0.11  worker              v1.33.4  12/110  cordon: Анна Иванова (telegram 1001), 2 ч назад
    refinery-control-1                                       с допуском  нет           10.20.0.10  control-plane,etcd  v1.33.4  12/110  NoSchedule node-role.kubernetes.io/control-plane
    refinery-worker-1                                        да          203.0.113.11  10.20.0.11  worker              v1.33.4  12/110

    🖥 Nodes: 4 · 1 open, 1 for tolerations, 2 closed
    NODE                                                     PLACES PODS  EXTERNAL      INTERNAL    ROLES               VERSION  PODS    REASON
    ip-10-20-0-13.eu-central-1.compute.internal.example.org  no           none          none        —                   v1.33.4  12/110  NotReady: NodeStatusUnknown; NoExecute,NoSchedule nvidia.com/gpu=a100; PreferNoSchedule spot
    refinery-worker-2                                        no           203.0.113.11  10.20.0.11  worker              v1.33.4  12/110  cordon: Анна Иванова (telegram 1001), 2 h ago
    refinery-control-1                                       tolerating   none          10.20.0.10  control-plane,etcd  v1.33.4  12/110  NoSchedule node-role.kubernetes.io/control-plane
    refinery-worker-1                                        yes          203.0.113.11  10.20.0.11  worker              v1.33.4  12/110
    ");
}

#[test]
fn pages_are_turned_in_place() {
    for (number, commands) in [
        (1, &["/get_nodes 1", "/get_nodes 2"][..]),
        (50, &["/get_nodes 49", "/get_nodes 50", "/get_nodes 51"]),
        (100, &["/get_nodes 99", "/get_nodes 100"]),
    ] {
        let page = Some(Page { number, of: 100 });
        let message = render(&Answer::Nodes(Ok(NodesReport { page, ..report(all(), false) })), Language::Ru);
        let row = message.buttons.last().expect("a row");
        assert_eq!(row.iter().map(|button| button.command.as_str()).collect::<Vec<_>>(), commands);
        assert!(row.iter().all(|button| button.in_place));
        assert!(message.to_plain().contains(&format!("Страница {number} из 100")));
    }
}

#[test]
fn a_page_that_is_not_there_is_told() {
    for (beyond, page, words) in [(99, None, "страницы 99 нет"), (3, Some(Page { number: 2, of: 2 }), "последняя: 2")]
    {
        let report = NodesReport { beyond: Some(beyond), page, ..report(all(), false) };
        let told = render(&Answer::Nodes(Ok(report)), Language::Ru).to_plain();
        assert!(told.to_lowercase().contains(words), "{told}");
    }
}

#[test]
fn a_telephone_shows_it() {
    let names = (0..10).map(|n| format!("{}-{n}.{}", "n".repeat(50), "m".repeat(60)));
    let many = names.map(|name| Node { name, ..silent() }).chain(all()).collect();
    let report = report(many, true);
    for language in Language::ALL {
        for span in render(&Answer::Nodes(Ok(report.clone())), language).text {
            if let Span::Block(block) = span {
                assert!(block.lines().all(|line| line.width() <= 46), "{block}");
            }
        }
    }
}

#[test]
fn what_is_not_known() {
    let unknown = Some(Unanswered::Forbidden { detail: "pods is forbidden".into() });
    let mut without = report(vec![node("a")], false);
    without.pods_unknown = unknown;
    without.nodes[0].pods = None;
    assert_snapshot!(both(&Answer::Nodes(Ok(without))), @r"
    🖥 Узлы: 1 · открыто 1, с допуском 0, закрыто 0
    ✅ открыты для всех подов:
    | a
    |    203.0.113.11 · worker · v1.33.4
    ⚠️ поды на узлах: доступ запрещён: `pods is forbidden`
    Что делать: оператору проверить токен бота и его права в кластере (RBAC); повтор не поможет.
    [🔁 Обновить → /get_nodes]

    🖥 Nodes: 1 · 1 open, 0 for tolerations, 0 closed
    ✅ open to all pods:
    | a
    |    203.0.113.11 · worker · v1.33.4
    ⚠️ the pods on nodes: not allowed: `pods is forbidden`
    What to do: the operator checks the bot's token and its rights in the cluster (RBAC); trying again won't help.
    [🔁 Refresh → /get_nodes]
    ");
    assert_snapshot!(both(&Answer::Nodes(Err(Unanswered::Late { after: seconds(5) }))), @r"
    ❔ Узлы неизвестны
    ⚠️ kubernetes: нет ответа за 5 с
    Что делать: повторить через минуту; если не проходит, оператору проверить Kubernetes API, его адрес, сертификат и сеть.

    ❔ The nodes are unknown
    ⚠️ kubernetes: no answer in 5 s
    What to do: try again in a minute; if it stays so, the operator checks the Kubernetes API, its address, its certificate and the network.
    ");
    assert_snapshot!(both(&Answer::Nodes(Ok(report(Vec::new(), true)))), @r"
    🖥 Узлы: 0 · открыто 0, с допуском 0, закрыто 0
    [🔁 Обновить → /get_nodes]

    🖥 Nodes: 0 · 0 open, 0 for tolerations, 0 closed
    [🔁 Refresh → /get_nodes]
    ");
}

fn changed(node: Node, change: Scheduling, already_so: bool) -> NodeChange {
    let hindrances = node.hindrances();
    NodeChange { node, change, already_so, hindrances, open: 2, earlier: None, since: None, may_change: true }
}

#[test]
fn changes() {
    assert_snapshot!(both(&Answer::Node(changed(cordoned(), Scheduling::Cordon, false))), @r"
    ⛔ `refinery-worker-2`: закрыт для новых подов (cordon)
    Поды на нём остаются. Открытых узлов: 2.
    [✅ uncordon refinery-worker-2 → /uncordon refinery-worker-2] [🖥 Узлы → /get_nodes]

    ⛔ `refinery-worker-2`: closed to new pods (cordoned)
    The pods on it stay. Open nodes: 2.
    [✅ uncordon refinery-worker-2 → /uncordon refinery-worker-2] [🖥 Nodes → /get_nodes]
    ");
    let last = NodeChange { open: 0, may_change: false, ..changed(cordoned(), Scheduling::Cordon, false) };
    assert_snapshot!(both(&Answer::Node(last)), @r"
    ⛔ `refinery-worker-2`: закрыт для новых подов (cordon)
    ⚠️ Открытых для всех подов узлов нет: новые поды будут ждать.
    [🖥 Узлы → /get_nodes]

    ⛔ `refinery-worker-2`: closed to new pods (cordoned)
    ⚠️ No node is open to all pods: new ones will be pending.
    [🖥 Nodes → /get_nodes]
    ");
    let earlier = NodeChange {
        earlier: cordoned().cordoned,
        since: Some(seconds(7500)),
        ..changed(cordoned(), Scheduling::Cordon, true)
    };
    assert_snapshot!(both(&Answer::Node(earlier)), @r"
    ☑️ `refinery-worker-2`: уже закрыт (cordon), менять нечего
    Закрыт: `Анна Иванова (telegram 1001)`, 2 ч назад
    Поды на нём остаются. Открытых узлов: 2.
    [✅ uncordon refinery-worker-2 → /uncordon refinery-worker-2] [🖥 Узлы → /get_nodes]

    ☑️ `refinery-worker-2`: already cordoned, nothing to change
    Cordoned by: `Анна Иванова (telegram 1001)`, 2 h ago
    The pods on it stay. Open nodes: 2.
    [✅ uncordon refinery-worker-2 → /uncordon refinery-worker-2] [🖥 Nodes → /get_nodes]
    ");
    assert_snapshot!(both(&Answer::Node(changed(node("refinery-worker-1"), Scheduling::Uncordon, false))), @r"
    ✅ `refinery-worker-1`: cordon снят
    Открытых узлов: 2.
    [⛔ cordon refinery-worker-1 → /cordon refinery-worker-1] [🖥 Узлы → /get_nodes]

    ✅ `refinery-worker-1`: uncordoned
    Open nodes: 2.
    [⛔ cordon refinery-worker-1 → /cordon refinery-worker-1] [🖥 Nodes → /get_nodes]
    ");
    assert_snapshot!(both(&Answer::Node(changed(silent(), Scheduling::Uncordon, true))), @r"
    ☑️ `ip-10-20-0-13.eu-central-1.compute.internal.example.org`: cordon и не стоял, менять нечего
    Мешает и другое:
    | NotReady: NodeStatusUnknown
    | NoExecute,NoSchedule nvidia.com/gpu=a100
    | PreferNoSchedule spot
    Открытых узлов: 2.
    [⛔ cordon ip-10-20-0-13.eu-central-1.compute.int… → /cordon ip-10-20-0-13.eu-central-1.compute.internal.example.org] [🖥 Узлы → /get_nodes]

    ☑️ `ip-10-20-0-13.eu-central-1.compute.internal.example.org`: not cordoned, nothing to change
    Also in the way:
    | NotReady: NodeStatusUnknown
    | NoExecute,NoSchedule nvidia.com/gpu=a100
    | PreferNoSchedule spot
    Open nodes: 2.
    [⛔ cordon ip-10-20-0-13.eu-central-1.compute.int… → /cordon ip-10-20-0-13.eu-central-1.compute.internal.example.org] [🖥 Nodes → /get_nodes]
    ");
}

#[test]
fn refusals() {
    let name = |name: &str| NodeName::new(name).expect("a name");
    let nearest = vec!["refinery-worker-1".into(), "refinery-worker-2".into()];
    let unknown =
        |nearest| Refusal::UnknownNode { change: Scheduling::Cordon, node: name("refinery-worker-3"), nearest };
    assert_snapshot!(both(&Answer::Refused(unknown(nearest))), @r"
    🚫 **Нет такого узла**
    В кластере нет узла `refinery-worker-3`. Ничего не изменено.
    Ближайшие:
    `refinery-worker-1`
    `refinery-worker-2`
    [⛔ cordon refinery-worker-1 → /cordon refinery-worker-1]
    [⛔ cordon refinery-worker-2 → /cordon refinery-worker-2]

    🚫 **No such node**
    The cluster has no node `refinery-worker-3`. Nothing was changed.
    Nearest:
    `refinery-worker-1`
    `refinery-worker-2`
    [⛔ cordon refinery-worker-1 → /cordon refinery-worker-1]
    [⛔ cordon refinery-worker-2 → /cordon refinery-worker-2]
    ");
    assert_snapshot!(both(&Answer::Refused(unknown(Vec::new()))), @r"
    🚫 **Нет такого узла**
    В кластере нет узла `refinery-worker-3`. Ничего не изменено.

    🚫 **No such node**
    The cluster has no node `refinery-worker-3`. Nothing was changed.
    ");
    let last = Answer::Refused(Refusal::LastOpenNode { node: name("refinery-worker-1") });
    assert_snapshot!(both(&last), @r"
    🚫 **Это последний открытый узел**
    `refinery-worker-1`
    Кроме него ни один узел не открыт для всех подов: новым и переезжающим было бы некуда.
    Ничего не изменено. Всё равно закрыть: `/cordon refinery-worker-1 confirm`
    [⛔ Всё равно закрыть → /cordon refinery-worker-1 confirm]

    🚫 **This is the last open node**
    `refinery-worker-1`
    No other node is open to all pods: new ones and those that move would have no place.
    Nothing was changed. To close it all the same: `/cordon refinery-worker-1 confirm`
    [⛔ Close it all the same → /cordon refinery-worker-1 confirm]
    ");
    assert!(render(&last, Language::Ru).buttons[0][0].in_place, "the question becomes the answer");
    assert_snapshot!(both(&Answer::Refused(Refusal::Denied(Denial::Without(Right::Nodes)))), @r"
    🚫 Менять узлы вам не разрешено. Оператор даёт это право в настройках: `can: [nodes]`

    🚫 You may not change nodes. An operator gives this right in the configuration: `can: [nodes]`
    ");
    for (kind, advice) in [(FailureKind::ClusterDenied, "RBAC"), (FailureKind::NoCluster, "configuration (kubernetes)")]
    {
        let failed = Answer::Failed(Failure { detail: "x".into(), kind, applied: Applied::No });
        let told = render(&failed, Language::En).to_plain();
        assert!(told.contains(advice) && !told.contains("safe to try"), "{told}");
    }
    let failure = |applied| Failure { detail: "no answer in 5s".into(), kind: FailureKind::Cluster, applied };
    assert_snapshot!(both(&Answer::Failed(failure(Applied::Unknown))), @r"
    ❌ **Kubernetes API отказал или не ответил**
    | no answer in 5s
    ⚠️ Неизвестно, изменилось ли что-то: связь прервалась в момент отправки. Проверить: `/get_nodes`. Повторять безопасно.
    Что делать: повторить через минуту; если не проходит, оператору проверить Kubernetes API, его адрес, сертификат и сеть.

    ❌ **The Kubernetes API refused or didn't answer**
    | no answer in 5s
    ⚠️ Whether anything was changed is unknown: the connection broke while sending. To check: `/get_nodes`. It is safe to try again.
    What to do: try again in a minute; if it stays so, the operator checks the Kubernetes API, its address, its certificate and the network.
    ");
    assert_snapshot!(both(&Answer::Failed(failure(Applied::No))), @r"
    ❌ **Kubernetes API отказал или не ответил**
    | no answer in 5s
    Ничего не изменено, повторять безопасно.
    Что делать: повторить через минуту; если не проходит, оператору проверить Kubernetes API, его адрес, сертификат и сеть.

    ❌ **The Kubernetes API refused or didn't answer**
    | no answer in 5s
    Nothing was changed; it is safe to try again.
    What to do: try again in a minute; if it stays so, the operator checks the Kubernetes API, its address, its certificate and the network.
    ");
}
