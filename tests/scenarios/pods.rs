//! Pods and their logs, from a chat to the cluster and back.

use std::time::{Duration, Instant};

use tiphys::sandbox::{
    kubernetes::{ApiFault, LogScript},
    telegram::{ShownButton, ShownMessage},
    world::PodView,
};

use crate::playbill::{ANNA, CHAT, Playbill, SECOND};

const NAMESPACE: &str = "oil-refinery";
const CONTAINER: &str = "application";

fn says(words: &[&str]) -> impl Fn(&ShownMessage) -> bool {
    move |answer| words.iter().all(|word| answer.text.contains(word))
}

/// What pressing the button with this label sends.
fn data_of(answer: &ShownMessage, label: &str) -> String {
    let found = |button: &&ShownButton| button.text.contains(label);
    let button = answer.buttons.iter().flatten().find(found).unwrap_or_else(|| panic!("{label}: {answer:#?}"));
    button.callback_data.clone().unwrap()
}

/// Waits until the cluster has a pod like this.
async fn pod(playbill: &Playbill, like: impl Fn(&PodView) -> bool) -> PodView {
    let mut changes = playbill.world.subscribe();
    let found = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            changes.mark_unchanged();
            if let Some(pod) = playbill.world.view().pods.into_iter().find(|pod| like(pod)) {
                return pod;
            }
            changes.changed().await.unwrap();
        }
    });
    found.await.unwrap_or_else(|_| panic!("no such pod: {:#?}", playbill.world.view().pods))
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_and_their_logs() {
    let playbill = Playbill::start().await;
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let asked = playbill.say("/get_pods");
    let list = playbill.answer(asked, says(&["готово 2/2 пода", "Running 1/1", "0.10.4", "refinery-worker-"])).await;
    let pods: Vec<String> = playbill.world.view().pods.iter().map(|pod| pod.name.clone()).collect();
    assert!(pods.iter().all(|name| list.text.contains(name.as_str())), "{pods:?} in {}", list.text);

    hub.press(CHAT, list.id, &data_of(&list, "📜"), ANNA).unwrap();
    let log = playbill.answer(list.id, says(&["📜", " INFO GET /"])).await;
    assert!(log.document.is_some() || log.text.lines().count() >= 3, "{log:#?}");

    // By the end of its name, in another chat.
    let suffix = pods[0].rsplit('-').next().unwrap();
    let asked = hub.say(SECOND, ANNA, &format!("/get_logs {suffix} {CONTAINER}")).unwrap();
    playbill.answer_in(SECOND, asked, says(&[&pods[0]])).await;
    let asked = hub.say(SECOND, ANNA, "/get_logs oil-refinery-application").unwrap();
    let several = playbill.answer_in(SECOND, asked, says(&["Подходят 2", &pods[0], &pods[1]])).await;
    hub.press(SECOND, several.id, &data_of(&several, &pods[1][..20]), ANNA).unwrap();
    playbill.answer_in(SECOND, several.id, says(&["📜"])).await;
    for (command, words) in [
        ("/get_logs nosuchpod", "Нет такого пода"),
        ("/get_logs kube-system/coredns", "не доверен"),
        (&format!("/get_logs {suffix} nosuch"), "Нет такого контейнера"),
        (&format!("/get_logs {suffix} previous"), "Лога прошлого запуска нет"),
    ] {
        let asked = hub.say(SECOND, ANNA, command).unwrap();
        playbill.answer_in(SECOND, asked, says(&[words])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_seen_and_its_log_offered() {
    let playbill = Playbill::start().await;
    playbill.world.reconciler().break_tag("0.10.6");
    let _bot = playbill.serve();
    playbill.say("/deploy 0.10.6");
    let crashed =
        pod(&playbill, |pod| pod.status == "CrashLoopBackOff" && pod.restarts > 2 && pod.image.ends_with(":0.10.6"))
            .await;
    let hub = playbill.hub();
    let asked = hub.say(SECOND, ANNA, "/get_pods").unwrap();
    let words = ["есть поды с ошибкой", "Новые (0.10.6)", "Прежние (0.10.4)", "CrashLoopBackOff 0/1", "код выхода 1"];
    let list = playbill.answer_in(SECOND, asked, says(&words)).await;
    hub.press(SECOND, list.id, &data_of(&list, "📜"), ANNA).unwrap();
    playbill.answer_in(SECOND, list.id, says(&[&crashed.name, "Прошлый запуск", "column \"pressure_limit\""])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_a_pod_in_detail() {
    let playbill = Playbill::start().await;
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let asked = hub.say(SECOND, ANNA, "/events").unwrap();
    playbill.answer_in(SECOND, asked, says(&["событий нет"])).await;
    playbill.world.reconciler().break_tag("0.10.6");
    playbill.say("/deploy 0.10.6");
    let crashed =
        pod(&playbill, |pod| pod.status == "CrashLoopBackOff" && pod.restarts > 2 && pod.image.ends_with(":0.10.6"))
            .await;
    let asked = hub.say(SECOND, ANNA, "/events").unwrap();
    let words = ["⚠️ BackOff", "×", "Back-off restarting failed container", "предупреждений"];
    playbill.answer_in(SECOND, asked, says(&words)).await;
    let asked = hub.say(SECOND, ANNA, &format!("/describe {}", crashed.name)).unwrap();
    let words =
        [&crashed.name, "CrashLoopBackOff 0/1", "ReplicaSet/", "Ready: ContainersNotReady", "код выхода 1", "BackOff"];
    playbill.answer_in(SECOND, asked, says(&words)).await;
    let asked = hub.say(SECOND, ANNA, "/describe refinery-worker-1").unwrap();
    playbill.answer_in(SECOND, asked, says(&["refinery-worker-1", "203.0.113.11", "открыты"])).await;
    let asked = hub.say(SECOND, ANNA, "/describe node/refinery-worker-9").unwrap();
    playbill.answer_in(SECOND, asked, says(&["Нет такого узла", "refinery-worker-"])).await;
    // The cluster may keep the events to itself.
    playbill.world.kubernetes().deny("events", true);
    let asked = hub.say(SECOND, ANNA, &format!("/describe {}", crashed.name)).unwrap();
    playbill.answer_in(SECOND, asked, says(&["CrashLoopBackOff 0/1", "события: доступ запрещён"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_comes_as_a_file() {
    let playbill = Playbill::start().await;
    let name = playbill.world.view().pods[0].name.clone();
    let huge = LogScript::Lines { count: 1_000_000, width: 300 };
    playbill.world.kubernetes().set_log(NAMESPACE, &name, CONTAINER, false, huge);
    let _bot = playbill.serve();
    let start = Instant::now();
    let asked = playbill.say(&format!("/get_logs {name}"));
    let answer = playbill.answer(asked, |answer| answer.document.is_some()).await;
    println!("/get_logs of 300 MB, from the message to the file: {:?}", start.elapsed());
    let document = answer.document.unwrap();
    assert_eq!(document.file_name, format!("{name}.{CONTAINER}.log"));
    assert_eq!((document.text.lines().count(), document.text.len()), (30, 9_000));
    assert!(answer.text.contains("000000999999 x") && answer.text.encode_utf16().count() <= 1_024, "{}", answer.text);
    assert!(answer.text.contains("Все строки (30) — в файле"), "{}", answer.text);
    assert_eq!(playbill.world.kubernetes().log_bytes_made(), 9_000);

    let said = b"GET /oil 200\nlogin password=hunter2 \x1b[31mred\x1b[0m\n".to_vec();
    playbill.world.kubernetes().set_log(NAMESPACE, &name, CONTAINER, false, LogScript::Bytes(said));
    let asked = playbill.hub().say(SECOND, ANNA, &format!("/get_logs {name}")).unwrap();
    playbill.answer_in(SECOND, asked, says(&["login password=*** red", "скрыто секретов: 1"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_cluster_holds_up_nobody() {
    let playbill = Playbill::start().await;
    playbill.amend("context: sandbox }", "context: sandbox, deadline: 2s }");
    playbill.world.kubernetes().set_fault(ApiFault::Hang);
    let _bot = playbill.serve();
    let start = Instant::now();
    let pods = playbill.say("/get_pods");
    let help = playbill.hub().say(SECOND, ANNA, "/help").unwrap();
    playbill.answer_in(SECOND, help, says(&["/get_pods"])).await;
    let helped = start.elapsed();
    playbill.answer(pods, says(&["kubernetes: нет ответа за 2 с"])).await;
    println!("/help while the cluster is silent: {helped:?}; /get_pods: {:?}", start.elapsed());
    assert!(helped < start.elapsed());
}
