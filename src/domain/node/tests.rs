//! What keeps pods away from nodes, and which nodes may be cordoned.

use super::*;

fn node(name: &str) -> Node {
    Node {
        name: name.into(),
        external: None,
        internal: None,
        roles: Vec::new(),
        version: "v1.33.4".into(),
        not_ready: None,
        unschedulable: false,
        cordoned: None,
        deleting: false,
        taints: Vec::new(),
        capacity: None,
    }
}

fn taint(key: &str, effect: Effect) -> Taint {
    Taint { key: key.into(), value: String::new(), effect }
}

fn tainted(name: &str, taints: &[Taint]) -> Node {
    Node { taints: taints.to_vec(), ..node(name) }
}

fn cordoned(name: &str) -> Node {
    Node { unschedulable: true, ..tainted(name, &[taint(CORDON_TAINT, Effect::NoSchedule)]) }
}

#[test]
fn placement_by_what_is_in_the_way() {
    use Effect::*;
    assert_eq!((node("a").placement(), node("a").hindrances()), (Placement::Open, vec![]));

    let preferred = tainted("a", &[taint("spot", PreferNoSchedule)]);
    assert_eq!(preferred.placement(), Placement::Open);
    assert_eq!(preferred.hindrances(), [Hindrance::Taint(taint("spot", PreferNoSchedule))], "said all the same");

    let kept = tainted("a", &[taint("spot", PreferNoSchedule), taint("gpu", NoSchedule), taint("x", NoExecute)]);
    assert_eq!(kept.placement(), Placement::Tolerating);
    let worst_first: Vec<_> = [taint("x", NoExecute), taint("gpu", NoSchedule), taint("spot", PreferNoSchedule)].into();
    assert_eq!(kept.hindrances(), worst_first.into_iter().map(Hindrance::Taint).collect::<Vec<_>>());

    assert_eq!((cordoned("a").placement(), cordoned("a").hindrances()), (Placement::Closed, vec![Hindrance::Cordoned]));
    let removed = Node { deleting: true, ..node("a") };
    assert_eq!((removed.placement(), removed.hindrances()), (Placement::Closed, vec![Hindrance::Deleting]));
}

#[test]
fn a_taint_that_only_repeats_a_reason_is_left_out() {
    let effects = [Effect::NoSchedule, Effect::NoExecute];
    for key in NOT_READY_TAINTS {
        let silent = Node {
            not_ready: Some("NodeStatusUnknown".into()),
            unschedulable: true,
            ..tainted("a", &effects.map(|effect| taint(key, effect)))
        };
        let reasons = [Hindrance::NotReady { reason: "NodeStatusUnknown".into() }, Hindrance::Cordoned];
        assert_eq!((silent.placement(), silent.hindrances().as_slice()), (Placement::Closed, reasons.as_slice()));
        // The taint outlives the condition for a moment, and until then it is what counts.
        let ready_again = Node { not_ready: None, unschedulable: false, ..silent };
        assert_eq!((ready_again.placement(), ready_again.hindrances().len()), (Placement::Tolerating, 2));
    }
    let just_lifted = Node { unschedulable: false, ..cordoned("a") };
    assert_eq!(just_lifted.placement(), Placement::Tolerating);
}

#[test]
fn a_change_that_is_so_already_is_none() {
    let nodes = [cordoned("a"), node("b")];
    for confirmed in [false, true] {
        assert_eq!(decide(&nodes, "a", Scheduling::Cordon, confirmed), Decision::AlreadySo(&nodes[0]));
        assert_eq!(decide(&nodes, "b", Scheduling::Uncordon, confirmed), Decision::AlreadySo(&nodes[1]));
        assert_eq!(decide(&nodes, "a", Scheduling::Uncordon, confirmed), Decision::Change(&nodes[0]));
    }
}

#[test]
fn the_last_open_node_needs_confirmation() {
    let control = tainted("control", &[taint("node-role.kubernetes.io/control-plane", Effect::NoSchedule)]);
    let silent = Node { not_ready: Some("x".into()), ..node("silent") };
    let nodes = [control, cordoned("a"), silent, node("last")];
    let ask = |name, confirmed| decide(&nodes, name, Scheduling::Cordon, confirmed);
    assert_eq!(ask("last", false), Decision::LastOpen(&nodes[3]));
    assert_eq!(ask("last", true), Decision::Change(&nodes[3]));
    assert_eq!(ask("control", false), Decision::Change(&nodes[0]), "it is no place for ordinary pods anyhow");
    assert_eq!(ask("silent", false), Decision::Change(&nodes[2]));

    let avoided = [tainted("avoided", &[taint("spot", Effect::PreferNoSchedule)]), node("other")];
    assert_eq!(decide(&avoided, "other", Scheduling::Cordon, false), Decision::Change(&avoided[1]));
}

#[test]
fn a_mistyped_name_gets_the_nearest() {
    let nodes = [node("refinery-worker-1"), node("refinery-worker-2"), node("refinery-control-1"), node("db-1")];
    let Decision::Unknown(near) = decide(&nodes, "refinery-worker-3", Scheduling::Cordon, true) else { panic!() };
    assert_eq!((near.len(), near[2].as_str()), (3, "refinery-control-1"));
    assert_eq!(decide(&[], "a", Scheduling::Uncordon, false), Decision::Unknown(Vec::new()));
}

#[test]
fn those_without_pods_first_then_by_name_and_number() {
    let mut nodes = ["worker-10", "worker-9", "worker-09", "a", "10", "9"].map(node).to_vec();
    nodes.push(cordoned("worker-11"));
    nodes.push(tainted("z", &[taint("gpu", Effect::NoSchedule)]));
    sort(&mut nodes);
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["worker-11", "z", "9", "10", "a", "worker-09", "worker-9", "worker-10"]);
}

#[test]
fn effects_by_their_words() {
    for effect in [Effect::PreferNoSchedule, Effect::NoSchedule, Effect::NoExecute] {
        assert_eq!(Effect::of(effect.word()), Some(effect));
    }
    assert_eq!(Effect::of("NoIdea"), None);
}
