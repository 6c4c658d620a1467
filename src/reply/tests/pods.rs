//! Pods, their logs and events.

use insta::assert_snapshot;
use unicode_width::UnicodeWidthStr;

use super::{super::render_wide, *};
use crate::domain::{
    pod::{Condition, End, PodList, PodReport, PodsReport, Template, Why},
    unanswered::Unanswered,
};

fn pod(suffix: &str) -> PodReport {
    PodReport {
        namespace: "oil-refinery".into(),
        name: format!("oil-refinery-application-7f9d8b5c4-{suffix}"),
        template: Template::Newest,
        status: "Running".into(),
        condition: Condition::Well,
        why: None,
        ready: 1,
        total: 1,
        restarts: 0,
        last_restart: None,
        age: Some(seconds(3 * 86_400)),
        node: Some("refinery-worker-1".into()),
        tag: Some("0.10.4".into()),
        containers: vec!["app".into()],
    }
}

fn crashing(suffix: &str) -> PodReport {
    PodReport {
        status: "CrashLoopBackOff".into(),
        condition: Condition::Broken,
        why: Some(Why::Ended {
            how: End::Code(None, 1),
            said: "column \"pressure_limit\" does not exist in the table of valves".into(),
        }),
        ready: 0,
        restarts: 5,
        last_restart: Some(seconds(125)),
        age: Some(seconds(720)),
        tag: Some("0.10.5".into()),
        ..pod(suffix)
    }
}

fn list(pods: Vec<PodReport>) -> PodList {
    PodList { desired: 2, rolling: false, cannot_create: None, pods }
}

fn report(pods: Result<Option<PodList>, Unanswered>) -> Answer {
    Answer::Pods(vec![PodsReport { site: site(), pods }])
}

fn wide(answer: &Answer) -> String {
    Language::ALL.map(|language| render_wide(answer, language).to_plain()).join("\n\n")
}

#[test]
fn all_pods_are_well() {
    assert_snapshot!(both(&report(Ok(Some(list(vec![pod("ab1cd"), pod("xk2lp")]))))), @r"
    ✅ **oil-refinery-application/prod**: готово 2/2 пода, все работают
    | ✅ oil-refinery-application-7f9d8b5c4-ab1cd
    |    Running 1/1 · 0.10.4 · 3 дн.
    |    refinery-worker-1
    | ✅ oil-refinery-application-7f9d8b5c4-xk2lp
    |    Running 1/1 · 0.10.4 · 3 дн.
    |    refinery-worker-1
    [🔁 Обновить → /get_pods oil-refinery-application/prod]
    [📜 oil-refinery-application-7f9d8b5c4-ab1cd → /get_logs oil-refinery-application-7f9d8b5c4-ab1cd]
    [📜 oil-refinery-application-7f9d8b5c4-xk2lp → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]

    ✅ **oil-refinery-application/prod**: 2/2 pods ready, all well
    | ✅ oil-refinery-application-7f9d8b5c4-ab1cd
    |    Running 1/1 · 0.10.4 · 3 d
    |    refinery-worker-1
    | ✅ oil-refinery-application-7f9d8b5c4-xk2lp
    |    Running 1/1 · 0.10.4 · 3 d
    |    refinery-worker-1
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    [📜 oil-refinery-application-7f9d8b5c4-ab1cd → /get_logs oil-refinery-application-7f9d8b5c4-ab1cd]
    [📜 oil-refinery-application-7f9d8b5c4-xk2lp → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp]
    ");
}

#[test]
fn a_rollout_that_fails() {
    let old = PodReport { template: Template::Older, ..pod("ab1cd") };
    let pods = vec![crashing("xk2lp"), old];
    let answer = report(Ok(Some(PodList { rolling: true, ..list(pods) })));
    assert_snapshot!(both(&answer), @r#"
    ❌ **oil-refinery-application/prod**: готово 1/2 пода, есть поды с ошибкой
    Новые (`0.10.5`):
    | ❌ oil-refinery-application-7f9d8b5c4-xk2lp
    |    CrashLoopBackOff 0/1 · 0.10.5 · 12 мин
    |    перезапусков 5 (2 мин назад)
    |    refinery-worker-1
    |    код выхода 1: column "pressure_limit" does
    |    not exist in the table of valves
    Прежние (`0.10.4`):
    | ✅ oil-refinery-application-7f9d8b5c4-ab1cd
    |    Running 1/1 · 0.10.4 · 3 дн.
    |    refinery-worker-1
    [🔁 Обновить → /get_pods oil-refinery-application/prod]
    [📜 oil-refinery-application-7f9d8b5c4-xk2lp → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous]
    [📜 oil-refinery-application-7f9d8b5c4-ab1cd → /get_logs oil-refinery-application-7f9d8b5c4-ab1cd]

    ❌ **oil-refinery-application/prod**: 1/2 pods ready, pods are failing
    New (`0.10.5`):
    | ❌ oil-refinery-application-7f9d8b5c4-xk2lp
    |    CrashLoopBackOff 0/1 · 0.10.5 · 12 min
    |    restarts 5 (2 min ago) · refinery-worker-1
    |    exit code 1: column "pressure_limit" does
    |    not exist in the table of valves
    Old (`0.10.4`):
    | ✅ oil-refinery-application-7f9d8b5c4-ab1cd
    |    Running 1/1 · 0.10.4 · 3 d
    |    refinery-worker-1
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    [📜 oil-refinery-application-7f9d8b5c4-xk2lp → /get_logs oil-refinery-application-7f9d8b5c4-xk2lp previous]
    [📜 oil-refinery-application-7f9d8b5c4-ab1cd → /get_logs oil-refinery-application-7f9d8b5c4-ab1cd]
    "#);
    assert_snapshot!(wide(&answer), @r#"
    ❌ oil-refinery-application/prod: готово 1/2 пода, есть поды с ошибкой
    ПОД                                       ГОТОВО  СТАТУС            ПЕРЕЗАПУСКИ      ВОЗРАСТ  УЗЕЛ               ТЕГ     ШАБЛОН   ПРИЧИНА
    oil-refinery-application-7f9d8b5c4-xk2lp  0/1     CrashLoopBackOff  5 (2 мин назад)  12 мин   refinery-worker-1  0.10.5  новый    код выхода 1: column "pressure_limit" does not exist in the table of valves
    oil-refinery-application-7f9d8b5c4-ab1cd  1/1     Running           0                3 дн.    refinery-worker-1  0.10.4  прежний

    ❌ oil-refinery-application/prod: 1/2 pods ready, pods are failing
    POD                                       READY  STATUS            RESTARTS       AGE     NODE               TAG     TEMPLATE  REASON
    oil-refinery-application-7f9d8b5c4-xk2lp  0/1    CrashLoopBackOff  5 (2 min ago)  12 min  refinery-worker-1  0.10.5  new       exit code 1: column "pressure_limit" does not exist in the table of valves
    oil-refinery-application-7f9d8b5c4-ab1cd  1/1    Running           0              3 d     refinery-worker-1  0.10.4  old
    "#);
}

#[test]
fn no_pods_and_why() {
    let quota = "pods \"a-1\" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=3, limited: pods=3";
    let refused = PodList { cannot_create: Some(quota.into()), ..list(vec![]) };
    let stopped = PodList { desired: 0, ..list(vec![]) };
    let answers = [Ok(Some(refused)), Ok(Some(stopped)), Ok(None)].map(|pods| both(&report(pods)));
    assert_snapshot!(answers.join("\n---\n"), @r#"
    ❌ **oil-refinery-application/prod**: готово 0/2 пода, новые поды не создаются
    ⚠️ причина: `pods "a-1" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=3, limited: pods=3`
    [🔁 Обновить → /get_pods oil-refinery-application/prod]

    ❌ **oil-refinery-application/prod**: 0/2 pods ready, no new pods are made
    ⚠️ because: `pods "a-1" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=3, limited: pods=3`
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    ---
    ⏸ **oil-refinery-application/prod**: остановлено, подов нет
    [🔁 Обновить → /get_pods oil-refinery-application/prod]

    ⏸ **oil-refinery-application/prod**: scaled down, no pods
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    ---
    ❌ **oil-refinery-application/prod**: Deployment `oil-refinery/oil-refinery-application` не найден: проверьте `workload` в настройках
    [🔁 Обновить → /get_pods oil-refinery-application/prod]

    ❌ **oil-refinery-application/prod**: no Deployment `oil-refinery/oil-refinery-application`: check `workload` in the configuration
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    "#);
}

#[test]
fn a_silent_cluster() {
    let faults = [
        Unanswered::Late { after: seconds(5) },
        Unanswered::Forbidden { detail: "pods is forbidden: User \"x\" cannot list resource \"pods\"".into() },
        Unanswered::Unavailable { detail: "connection refused".into() },
        Unanswered::NotConfigured,
    ];
    assert_snapshot!(faults.map(|fault| both(&report(Err(fault)))).join("\n---\n"), @r#"
    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: нет ответа за 5 с
    Что делать: повторить через минуту; если не проходит, оператору проверить Kubernetes API, его адрес, сертификат и сеть.
    [🔁 Обновить → /get_pods oil-refinery-application/prod]

    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: no answer in 5 s
    What to do: try again in a minute; if it stays so, the operator checks the Kubernetes API, its address, its certificate and the network.
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    ---
    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: доступ запрещён: `pods is forbidden: User "x" cannot list resource "pods"`
    Что делать: оператору проверить токен бота и его права в кластере (RBAC); повтор не поможет.
    [🔁 Обновить → /get_pods oil-refinery-application/prod]

    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: not allowed: `pods is forbidden: User "x" cannot list resource "pods"`
    What to do: the operator checks the bot's token and its rights in the cluster (RBAC); trying again won't help.
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    ---
    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: нет ответа: `connection refused`
    Что делать: повторить через минуту; если не проходит, оператору проверить Kubernetes API, его адрес, сертификат и сеть.
    [🔁 Обновить → /get_pods oil-refinery-application/prod]

    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: no answer: `connection refused`
    What to do: try again in a minute; if it stays so, the operator checks the Kubernetes API, its address, its certificate and the network.
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    ---
    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: не настроен
    Что делать: оператору указать кластер в настройках (kubernetes).
    [🔁 Обновить → /get_pods oil-refinery-application/prod]

    ❔ **oil-refinery-application/prod**
    ⚠️ kubernetes: not configured
    What to do: the operator names the cluster in the configuration (kubernetes).
    [🔁 Refresh → /get_pods oil-refinery-application/prod]
    "#);
}

#[test]
fn many_pods_are_counted() {
    let mut pods = vec![crashing("aaaaa")];
    pods.extend((0..4_999).map(|n| pod(&format!("{n:05}"))));
    let answer = report(Ok(Some(PodList { desired: 5_000, ..list(pods) })));
    let message = render(&answer, Language::En);
    let text = message.to_plain();
    assert!(
        text.starts_with("❌ oil-refinery-application/prod: 4999/5000 pods ready, pods are failing\n❌ "),
        "{text}"
    );
    assert!(text.contains(" more: ") && text.contains(" Running"), "{text}");
    assert!(text.encode_utf16().count() < 4_096);
    assert_eq!(render_wide(&answer, Language::En).to_plain().lines().count(), 5_002);
}

#[test]
fn lines_fit_a_telephone() {
    let long = PodReport {
        name: format!("{}-xk2lp", "very-long-name".repeat(10)),
        node: Some("ip-10-20-30-40.eu-central-1.compute.internal.example.org".into()),
        tag: Some("feature-with-a-very-long-name-0123456789".into()),
        ..crashing("x")
    };
    for language in Language::ALL {
        let message = render(&report(Ok(Some(list(vec![long.clone()])))), language);
        for block in message.text.iter().filter_map(|span| if let Span::Block(text) = span { Some(text) } else { None })
        {
            assert!(block.lines().all(|line| line.width() <= 46), "{block}");
            assert!(block.contains("-xk2lp"), "{block}");
        }
    }
}
