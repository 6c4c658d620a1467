//! Logs: the end of them and no more, whatever their size, and what is said where there is none.

use std::time::{Duration, Instant};

use tiphys::{
    domain::{
        log::{BYTES, LINES, LogQuestion, LogRead},
        pod::PodName,
        unanswered::Unanswered,
    },
    ports::Pods,
    sandbox::kubernetes::{ApiFault, Crowd, LogScript, kind::Kind},
};

use super::support::{IMAGE, NAME, NAMESPACE, Stage};

/// 300 MB in lines of 300 bytes.
const HUGE: LogScript = LogScript::Lines { count: 1_000_000, width: 300 };

fn first_pod(stage: &Stage) -> PodName {
    let pods = stage.server.cluster().store().list(Kind::Pod);
    PodName { namespace: NAMESPACE.into(), name: pods[0]["metadata"]["name"].as_str().expect("a name").into() }
}

fn question(pod: PodName) -> LogQuestion {
    LogQuestion { pod, container: "app".into(), previous: false, lines: LINES, bytes: BYTES }
}

fn text(read: LogRead) -> (String, bool) {
    match read {
        LogRead::Bytes { bytes, cut } => (String::from_utf8(bytes).expect("text"), cut),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_megabytes_are_not_read() {
    let stage = Stage::crowded(0, 1).await;
    let (cluster, pod) = (stage.server.cluster(), first_pod(&stage));
    cluster.set_log(NAMESPACE, &pod.name, "app", false, HUGE);
    let start = Instant::now();
    let (end, cut) = text(stage.adapter.log(&question(pod.clone())).await.expect("a log"));
    println!("the end of 300 MB: {:?}, {} bytes made", start.elapsed(), cluster.log_bytes_made());
    assert_eq!((end.lines().count(), end.len(), cut), (30, 9_000, false));
    assert!(end.starts_with("000000999970 ") && end.ends_with("x\n"));
    assert_eq!(cluster.log_bytes_made(), 9_000);

    // A server that knows no bounds is left in the middle.
    cluster.ignore_log_limits(true);
    let start = Instant::now();
    let (begin, cut) = text(stage.adapter.log(&question(pod)).await.expect("a log"));
    println!("the beginning of 300 MB without bounds: {:?}, {} bytes made", start.elapsed(), cluster.log_bytes_made());
    assert_eq!((begin.len(), cut), (BYTES, true));
    assert!(cluster.log_bytes_made() < 30_000_000, "{} bytes were made", cluster.log_bytes_made());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_bounded_though_lines_are_long() {
    let stage = Stage::crowded(0, 1).await;
    let pod = first_pod(&stage);
    let lines = LogScript::Lines { count: 30, width: 100_000 };
    stage.server.cluster().set_log(NAMESPACE, &pod.name, "app", false, lines);
    let (end, cut) = text(stage.adapter.log(&question(pod.clone())).await.expect("a log"));
    assert_eq!((end.len(), cut), (BYTES, true));
    let fewer = LogQuestion { lines: 2, ..question(pod) };
    let (end, cut) = text(stage.adapter.log(&fewer).await.expect("a log"));
    assert_eq!((end.len(), cut), (200_000, false));
    assert!(end.starts_with("000000000028 "), "the last two");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_come_through() {
    let stage = Stage::crowded(0, 1).await;
    let pod = first_pod(&stage);
    let bytes = b"\x00\xff\xfe\x1b[31mred\n".to_vec();
    stage.server.cluster().set_log(NAMESPACE, &pod.name, "app", true, LogScript::Bytes(bytes.clone()));
    let previous = LogQuestion { previous: true, ..question(pod) };
    assert_eq!(stage.adapter.log(&previous).await, Ok(LogRead::Bytes { bytes, cut: false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_not_there() {
    let stage = Stage::crowded(0, 1).await;
    let pod = first_pod(&stage);
    let previous = LogQuestion { previous: true, ..question(pod.clone()) };
    match stage.adapter.log(&previous).await {
        Ok(LogRead::NotThere(words)) => assert!(words.contains("previous terminated container"), "{words}"),
        other => panic!("{other:?}"),
    }
    let gone = PodName { name: "gone".into(), ..pod.clone() };
    assert_eq!(stage.adapter.log(&question(gone)).await, Ok(LogRead::NoPod));
    stage.server.cluster().deny("pods", true);
    assert!(matches!(stage.adapter.log(&question(pod)).await, Err(Unanswered::Forbidden { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_ten_containers() {
    let stage = Stage::start(Duration::from_secs(20)).await;
    let crowd = Crowd { pods: 1, containers: 10, ..Crowd::of(NAMESPACE, NAME, IMAGE) };
    stage.server.cluster().crowd(&crowd).expect("new");
    let pod = first_pod(&stage);
    let said = LogScript::Bytes(b"from the ninth\n".to_vec());
    stage.server.cluster().set_log(NAMESPACE, &pod.name, "side-9", false, said);
    let ninth = LogQuestion { container: "side-9".into(), ..question(pod.clone()) };
    assert_eq!(text(stage.adapter.log(&ninth).await.expect("a log")).0, "from the ninth\n");
    let found = stage.adapter.pod(NAMESPACE, &pod.name).await.expect("an answer").expect("a pod");
    assert_eq!(found.containers.len(), 10);
    let names = stage.adapter.pod_names(NAMESPACE).await.expect("names");
    assert_eq!(names, [pod]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_a_server_that_hangs() {
    let deadline = Duration::from_millis(300);
    let stage = Stage::start(deadline).await;
    stage.server.cluster().set_fault(ApiFault::Hang);
    let pod = PodName { namespace: NAMESPACE.into(), name: "any".into() };
    assert_eq!(stage.adapter.log(&question(pod)).await, Err(Unanswered::Late { after: deadline }));
}
