//! How commits are put together: defaults, values and bounds.

use std::time::Duration;

use super::{super::PublishConfig, SMALL, faults, read};

#[test]
fn a_file_may_say_nothing_of_it_or_all() {
    let publish = |more: &str| read(&(SMALL.to_owned() + more)).expect("no faults").publish;
    let usual = PublishConfig { settle: Duration::ZERO, batch: 200, queue: 1_000 };
    assert_eq!((publish(""), publish("publish: {}\n")), (usual, usual));
    assert_eq!(
        publish("publish: { settle: 200ms, batch: 50, queue: 60 }\n"),
        PublishConfig { settle: Duration::from_millis(200), batch: 50, queue: 60 }
    );
}

#[test]
fn its_values_are_bounded() {
    insta::assert_snapshot!(faults(&(SMALL.to_owned() + "publish: { settle: 1m, batch: 0, queue: 200000 }\n")), @r#"
    tiphys.yaml:14:20: "publish.settle" must be a duration from 0s to 10s, such as 200ms, not "1m"
    tiphys.yaml:14:31: "publish.batch" must be at least 1
    tiphys.yaml:14:41: "publish.queue" must be at most 100000
    "#);
}
