//! No answer, whatever is in it, makes a message that Telegram refuses or that says what the bot doesn't say.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{super::clean, *};
use crate::{
    domain::{
        actor::{ChatId, PersonId, Place, Sender},
        answer::{Applied, Failure, FailureKind, LastChange, LiveState, Refusal, RolloutReport, StatusReport},
        catalogue::{Application, Catalogue, ResolveError},
        command::CommandName,
        containers::{AbsentTag, ContainersReport, PlaceReport, TagPage, TagReport},
        describe::{ConditionReport, NodeDescription, PodDescription},
        event::{EventList, EventReport, EventsReport},
        log::LogReport,
        name::NodeName,
        node::{Effect, Mark, Node, NodeChange, NodeReport, NodesReport, Page, Scheduling, Taint, Totals},
        observation::{Health, SyncStatus},
        plan::{Desired, EntryFault, PlanError, PlanFault, ScalarKind, Shape, Shared, UnsafeEdit, ValueFault},
        pod::{
            Condition, ContainerReport, Ending, PodAsked, PodList, PodName, PodReport, PodUnclear, PodsReport, Template,
        },
        position::Position,
        registry_fault::{RegistryFault, RegistrySilence},
        rollout::{Hint, Stage},
        unanswered::Unanswered,
    },
    grammar::{Parsed, parse},
};

/// Names as long as they may be.
fn long_site() -> Site {
    let label = "a".repeat(63);
    Site {
        application: ApplicationName::new(label.clone()).expect("valid"),
        image: ImageName::new(format!("registry.example.org/{}", "i".repeat(230))).expect("valid"),
        environment: Environment { name: EnvironmentName::new(label).expect("valid"), ..environment("prod") },
    }
}

/// Answers of every kind that hold foreign text, with `text` wherever it can stand and lists of `count`.
fn answers(site: &Site, text: &str, count: usize) -> Vec<Answer> {
    let many = || vec![text.to_owned(); count];
    let mut answers = Vec::new();
    for (mutation, revision) in [(deploy(), revision("a")), (Mutation::SetReplicas(u32::MAX), revision("b"))] {
        answers.push(Answer::Accepted { site: site.clone(), mutation: mutation.clone() });
        answers.push(Answer::AlreadySo { site: site.clone(), mutation: mutation.clone() });
        for stage in [
            Stage::Committed,
            Stage::Syncing,
            Stage::Progressing {
                ready: 1,
                desired: u32::MAX,
                trouble: many().into_iter().map(Hint::Message).collect(),
            },
            Stage::Live { ready: 1, desired: 1, superseded_by: Some(revision.clone()) },
            Stage::Paused,
            Stage::Failed { reason: text.into() },
            Stage::TimedOut { after: Duration::MAX, last: Some(Box::new(Hint::Message(text.into()))) },
        ] {
            answers.push(Answer::Rollout(RolloutReport {
                site: site.clone(),
                mutation: mutation.clone(),
                from: Some(text.into()),
                to: text.into(),
                revision: revision.clone(),
                url: Some("https://example.org/".into()),
                stage,
                elapsed: Duration::MAX,
                delivered_before: true,
                unchecked: Some(text.into()),
                shared: Some(Shared { file: RepoPath::new("f".repeat(5000)).expect("valid"), with: many() }),
            }));
        }
    }
    answers.extend(refusals(site, text, count).into_iter().map(Answer::Refused));
    for applied in [Applied::No, Applied::Unknown] {
        answers.push(Answer::Failed(Failure { detail: text.into(), kind: FailureKind::Mirror, applied }));
    }
    answers.push(Answer::Status(vec![status(site, text, count); count]));
    answers.push(Answer::Status(vec![status(site, text, count)]));
    let part = StatusReport {
        desired: Err(text.into()),
        live: Err(text.into()),
        newest: Err(text.into()),
        ..status(site, text, count)
    };
    answers.push(Answer::Status(vec![part; count]));
    answers.extend(containers(site, text, count));
    let application = Application {
        name: site.application.clone(),
        image: site.image.clone(),
        environments: vec![site.environment.clone(); count],
    };
    answers.extend(node_answers(text, count));
    answers.extend(of_pods(site, text, count));
    answers.push(Answer::Apps(Catalogue { applications: vec![application; count] }));
    for sender in [
        Sender::Account { id: PersonId(i64::MIN), shown_name: text.into() },
        Sender::Operator { name: text.into(), email: text.into(), account: text.into() },
    ] {
        answers.push(Answer::WhoAmI { sender, place: Place::Group(ChatId(i64::MIN)), known_as: None });
    }
    answers
}

/// Tags, with that text wherever a registry, git or a cluster may have put it.
fn containers(site: &Site, text: &str, count: usize) -> Vec<Answer> {
    // More than a message lists; what goes into a file has no bound.
    let count = count.min(40);
    let many = || vec![text.to_owned(); count];
    let tag = TagReport {
        tag: text.into(),
        age: Some(Duration::MAX),
        size: Some(u64::MAX),
        digest: Some(text.into()),
        same_as: Some(text.into()),
        gone: false,
        wanted_in: many(),
        running_in: many(),
    };
    let names = || vec![site.environment.name.to_string(); count];
    let place = PlaceReport {
        environment: site.environment.name.to_string(),
        wanted: Err(text.into()),
        running: Ok(vec![text.into()]),
        other_image: true,
        wanted_on: Some(u32::MAX),
    };
    let wanting = PlaceReport { wanted: Ok(Some(text.into())), running: Err(text.into()), ..place.clone() };
    let absent = AbsentTag { tag: text.into(), wanted_in: names(), running_in: names(), confirmed: false };
    let silence = registry_fault(text);
    let report = |tags: Result<usize, RegistryFault>, place: &PlaceReport| ContainersReport {
        application: site.application.clone(),
        environment: Some(site.environment.name.to_string()),
        image: site.image.clone(),
        tags: tags.map(|shown| TagPage {
            is_cut: true,
            tags: vec![tag.clone(); shown],
            total: count,
            page: Some(Page { number: 7, of: u32::MAX }),
            incomplete: Some(silence.clone()),
        }),
        places: vec![place.clone(); count],
        absent: vec![absent.clone(); count],
        deploy_to: Some(site.label()),
        may_deploy: true,
    };
    let reports = [
        report(Ok(count), &place),
        report(Ok(10), &place),
        report(Ok(10), &wanting),
        report(Err(silence.clone()), &place),
    ];
    let mut answers: Vec<Answer> = reports.into_iter().map(|report| Answer::Containers(Box::new(report))).collect();
    let command = format!("/showcontainers {} {}", site.label(), u32::MAX);
    answers.push(Answer::Refused(Refusal::NoPage { page: u32::MAX, last: u32::MAX, command }));
    answers
}

/// Nodes with that text wherever a server may have put it.
fn node_answers(text: &str, count: usize) -> Vec<Answer> {
    let many = || vec![text.to_owned(); count];
    let mark = || Some(Mark { by: text.into(), at: None });
    let taint = |effect| Taint { key: text.into(), value: text.into(), effect };
    let node = |external: Option<&str>| Node {
        name: text.into(),
        external: external.map(str::to_owned),
        internal: Some(text.into()),
        roles: many(),
        version: text.into(),
        not_ready: Some(text.into()),
        unschedulable: true,
        cordoned: mark(),
        deleting: true,
        taints: vec![taint(Effect::NoExecute); count],
        capacity: Some(u32::MAX),
    };
    let report = |node: Node| NodeReport {
        placement: node.placement(),
        hindrances: node.hindrances(),
        pods: Some(u32::MAX),
        cordoned_since: Some(Duration::MAX),
        node,
    };
    let name = NodeName::new("n".repeat(63) + &".n".repeat(95)).expect("valid");
    let longest = Node { name: name.to_string(), ..node(None) };
    let nodes = |may_change| NodesReport {
        nodes: [node(Some(text)), longest.clone()].into_iter().cycle().take(count).map(report).collect(),
        total: Totals { open: count, tolerating: count, closed: count },
        page: Some(Page { number: 2, of: u32::MAX }),
        beyond: None,
        pods_unknown: Some(Unanswered::Unavailable { detail: text.into() }),
        may_change,
    };
    let change = |change, already_so| NodeChange {
        hindrances: longest.hindrances(),
        node: node(None),
        change,
        already_so,
        open: 0,
        earlier: mark(),
        since: Some(Duration::MAX),
        may_change: true,
    };
    let unknown = |nearest| Refusal::UnknownNode { change: Scheduling::Uncordon, node: name.clone(), nearest };
    let event = EventReport {
        ago: Some(Duration::MAX),
        count: u32::MAX,
        warning: true,
        kind: text.into(),
        name: text.into(),
        reason: text.into(),
        message: text.into(),
    };
    let events = EventList { events: vec![event; count], total: count };
    let described = |events| {
        Answer::NodeDescribed(Box::new(NodeDescription { node: report(node(None)), pods_unknown: None, events }))
    };
    vec![
        described(Ok(events)),
        described(Err(Unanswered::Unavailable { detail: text.into() })),
        Answer::Nodes(Ok(nodes(true))),
        Answer::Nodes(Ok(nodes(false))),
        Answer::Nodes(Err(Unanswered::Unavailable { detail: text.into() })),
        Answer::Node(change(Scheduling::Cordon, true)),
        Answer::Node(change(Scheduling::Uncordon, false)),
        Answer::Refused(unknown(many())),
        Answer::Refused(unknown(vec![name.to_string(); 3])),
        Answer::Refused(Refusal::LastOpenNode { node: name.clone() }),
    ]
}

/// What is told of pods: their names are always valid ones, everything else is not.
fn of_pods(site: &Site, text: &str, count: usize) -> Vec<Answer> {
    let name = || PodName { namespace: "n".repeat(63), name: "p".repeat(253) };
    let pod = PodReport { name: name().name, ..pod_of(text) };
    let list = PodList { desired: u32::MAX, rolling: true, cannot_create: Some(text.into()), pods: vec![pod; count] };
    let end = Ending { reason: text.into(), exit_code: i32::MIN, signal: 0, ago: Some(Duration::MAX) };
    let container = ContainerReport {
        name: "c".repeat(63),
        image: text.into(),
        init: false,
        state: text.into(),
        ready: false,
        restarts: u32::MAX,
        memory_limit: Some(text.into()),
        ended: Some(end.clone()),
    };
    let log = |lines: Vec<String>, not_there: Option<String>| {
        Answer::Log(Box::new(LogReport {
            pod: name(),
            container: "c".repeat(63),
            chosen: true,
            previous: true,
            lines,
            cut: true,
            masked: usize::MAX,
            not_there,
            others: vec!["d".repeat(63); count],
            crashed: Some(end.clone()),
        }))
    };
    let fault = Unanswered::Unavailable { detail: text.into() };
    let unclear = |reason| Answer::PodUnclear {
        asked: PodAsked { namespace: Some(text.into()), name: text.into() },
        command: CommandName::GetLogs,
        rest: vec!["c".repeat(63), "previous".into()],
        reason,
    };
    let event = EventReport {
        ago: Some(Duration::MAX),
        count: u32::MAX,
        warning: true,
        kind: text.into(),
        name: text.into(),
        reason: text.into(),
        message: text.into(),
    };
    let condition = ConditionReport { kind: text.into(), reason: text.into(), message: text.into() };
    let description = |events| PodDescription {
        pod: PodReport { name: "p".repeat(253), ..list.pods.first().cloned().unwrap_or_else(|| pod_of(text)) },
        ip: Some(text.into()),
        owner: Some(text.into()),
        containers: vec![container.clone(); count],
        conditions: vec![condition.clone(); count],
        events,
    };
    vec![
        Answer::Pods(vec![PodsReport { site: site.clone(), pods: Ok(Some(list.clone())) }; count.min(40)]),
        Answer::Pods(vec![PodsReport { site: site.clone(), pods: Err(fault.clone()) }]),
        log(vec![text.to_owned(); count.max(1)], None),
        log(vec![], Some(text.into())),
        Answer::ContainerNeeded {
            pod: name(),
            given: Some(text.into()),
            containers: vec![container.clone(); count],
            previous: true,
        },
        unclear(PodUnclear::Several { pods: vec![name(); count], total: count }),
        unclear(PodUnclear::Unknown { nearest: vec!["p".repeat(253); 3], namespaces: vec![text.into(); count] }),
        unclear(PodUnclear::ForeignNamespace { namespaces: vec![text.into(); count] }),
        unclear(PodUnclear::Unanswered(fault.clone())),
        Answer::Events(vec![
            EventsReport {
                site: site.clone(),
                events: Ok(Some(EventList { events: vec![event; count], total: count }))
            };
            count.min(40)
        ]),
        Answer::Described(Box::new(description(Ok(EventList::default())))),
        Answer::Described(Box::new(description(Err(fault)))),
    ]
}

fn pod_of(text: &str) -> PodReport {
    PodReport {
        namespace: "n".repeat(63),
        name: "p".repeat(253),
        template: Template::Older,
        status: text.into(),
        condition: Condition::Broken,
        why: Some(text.into()),
        ready: u32::MAX,
        total: u32::MAX,
        restarts: u32::MAX,
        last_restart: Some(Duration::MAX),
        age: Some(Duration::MAX),
        node: Some(text.into()),
        tag: Some(text.into()),
        containers: vec![text.into()],
    }
}

fn status(site: &Site, text: &str, count: usize) -> StatusReport {
    let live = LiveState {
        workload_missing: false,
        has_image: true,
        tag: Some(text.into()),
        ready_new: None,
        ready: u32::MAX,
        desired: u32::MAX,
        sync: SyncStatus::OutOfSync,
        health: Health::Degraded,
        revision: Some(revision("a")),
        head: Some(revision("b")),
        trouble: vec![text.to_owned(); count],
    };
    StatusReport {
        site: site.clone(),
        desired: Ok(Desired { tag: Some(format!("{text}.")), replicas: Some(1) }),
        live: Ok(live),
        newest: Ok(Some(text.into())),
        last_change: Ok(Some(LastChange {
            revision: revision("a"),
            url: None,
            subject: text.into(),
            by: text.into(),
            at: Timestamp::UNIX_EPOCH,
            age: Duration::MAX,
        })),
    }
}

fn refusals(site: &Site, text: &str, count: usize) -> Vec<Refusal> {
    let many = || vec![text.to_owned(); count];
    let application = || text.to_owned();
    let mut refusals = vec![
        Refusal::Target(ResolveError::ApplicationNeeded { available: many() }),
        Refusal::Target(ResolveError::EnvironmentNeeded { application: application(), available: many() }),
        Refusal::Target(ResolveError::UnknownApplication { given: text.into(), nearest: many() }),
        Refusal::Target(ResolveError::UnknownEnvironment {
            application: application(),
            given: text.into(),
            nearest: many(),
        }),
        Refusal::UnknownTag { site: site.clone(), image: site.image.clone(), tag: tag("x"), nearest: many() },
        Refusal::RegistryDown { image: image(), fault: registry_fault(text) },
        Refusal::NoImage { image: image(), server: text.into(), change: true },
        Refusal::Autoscaled { site: site.clone(), autoscaler: text.into() },
        Refusal::Overridden { site: site.clone(), overrides: many() },
        Refusal::PushRefused { message: text.into() },
    ];
    let lines = || vec![usize::MAX; count];
    for fault in [
        PlanFault::SeveralKustomizations(many()),
        PlanFault::Unreadable(text.into()),
        PlanFault::Malformed(text.into()),
        PlanFault::NoEntry { section: text.into(), name: text.into() },
        PlanFault::Entry(EntryFault::OtherMeant {
            section: text.into(),
            name: text.into(),
            other: text.into(),
            line: 3,
        }),
        PlanFault::Entry(EntryFault::NotAnImageName { name: text.into() }),
        PlanFault::Entry(EntryFault::KindInName { name: text.into() }),
        PlanFault::Entry(EntryFault::OtherTool { key: text.into() }),
        PlanFault::Entry(EntryFault::SeveralSources { lines: lines() }),
        PlanFault::AmbiguousEntry { section: text.into(), name: text.into(), lines: lines() },
        PlanFault::NoValue { path: text.into() },
        PlanFault::NoWorkload { name: text.into(), found: many() },
        PlanFault::NoContainer { name: text.into(), found: many() },
        PlanFault::SharedBase { environments: many() },
        PlanFault::SetNowhere { section: text.into(), name: text.into(), files: many() },
        PlanFault::SeveralPlaces { name: text.into(), places: many() },
        PlanFault::OtherImage { place: text.into(), found: text.into(), wanted: text.into() },
        PlanFault::Unsafe(UnsafeEdit::Alias { name: text.into(), anchor: 1 }),
        PlanFault::Unsafe(UnsafeEdit::Anchor { name: text.into(), aliases: lines() }),
        PlanFault::Unsafe(UnsafeEdit::DuplicateKey { key: text.into(), lines: lines() }),
        PlanFault::Unsafe(UnsafeEdit::ProofFailed(text.into())),
        PlanFault::Value(ValueFault::NotAMap { path: text.into(), shape: Shape::List }),
        PlanFault::Value(ValueFault::NotASingleValue { path: text.into(), shape: Shape::Map }),
        PlanFault::Value(ValueFault::KindMismatch { old: text.into(), new: text.into(), kind: ScalarKind::Whole }),
        PlanFault::Value(ValueFault::OtherDocument { path: text.into() }),
        PlanFault::Value(ValueFault::KindUnclear { path: text.into(), value: text.into() }),
        PlanFault::Value(ValueFault::NoManifest { kind: text.into(), name: Some(text.into()) }),
        PlanFault::Value(ValueFault::SeveralManifests { kind: text.into(), lines: lines() }),
        PlanFault::Value(ValueFault::SeveralSources { lines: lines() }),
        PlanFault::Value(ValueFault::ForceString { value: text.into() }),
    ] {
        let file = RepoPath::new("f".repeat(5000)).expect("valid");
        refusals.push(Refusal::Plan(PlanError {
            file,
            at: Some(Position { line: usize::MAX, column: usize::MAX }),
            fault,
        }));
    }
    for line in [format!("/{text}"), format!("/deploy {text}"), format!("/set_replicas {text} {text}")] {
        if let Parsed::Ours(Err(error)) = parse(&line, None) {
            refusals.push(Refusal::Grammar(error));
        }
    }
    refusals
}

fn check(answer: &Answer, language: Language) -> Result<(), TestCaseError> {
    let message = render(answer, language);
    let mut units = 0;
    for span in &message.text {
        let text = match span {
            Span::Plain(text) | Span::Bold(text) | Span::Code(text) | Span::Block(text) => text,
            Span::Link { text, url } => {
                prop_assert!(url.starts_with("https://"));
                text
            }
        };
        prop_assert!(!text.is_empty(), "an empty span in {message:?}");
        prop_assert!(!text.chars().any(|c| c != '\n' && clean::is_invisible(c)), "{text:?}");
        if matches!(span, Span::Code(_) | Span::Bold(_)) {
            prop_assert!(!text.contains('\n'), "{text:?}");
        }
        units += text.encode_utf16().count();
    }
    prop_assert!((1..4096).contains(&units), "{units} units in the answer {message:?}");
    for button in message.buttons.iter().flatten() {
        prop_assert!((1..=400).contains(&button.command.len()), "{button:?}");
        prop_assert!((1..=64).contains(&button.label.chars().count()), "{button:?}");
        prop_assert!(matches!(parse(&button.command, None), Parsed::Ours(Ok(_))), "{button:?}");
    }
    prop_assert!(!message.buttons.iter().any(Vec::is_empty));
    Ok(())
}

fn check_all(site: &Site, text: &str, count: usize) -> Result<(), TestCaseError> {
    for answer in answers(site, text, count) {
        for language in Language::ALL {
            check(&answer, language)?;
        }
    }
    Ok(())
}

#[test]
fn the_longest_texts_fit() {
    for text in ["x", "ж ", "🚀", "\n", "l\n", "\u{301}", "a\u{202e}\u{0}", "版", "@all /deploy "] {
        for (times, count) in [(1, 60), (40, 8), (1000, 2)] {
            check_all(&long_site(), &text.repeat(times), count).expect("within the bounds");
            check_all(&site(), &text.repeat(times), count).expect("within the bounds");
        }
    }
}

/// Foreign text stands in code and blocks only: elsewhere clients make mentions, links and commands of it.
#[test]
fn foreign_text_is_only_quoted() {
    for answer in answers(&site(), "@FOREIGN /foreign", 3) {
        for span in render(&answer, Language::En).text {
            match span {
                Span::Plain(text) | Span::Bold(text) | Span::Link { text, .. } => {
                    assert!(!text.to_lowercase().contains("foreign"), "{text:?} in {answer:?}");
                }
                Span::Code(_) | Span::Block(_) => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_text_fits(text in any::<String>(), times in 1..20_usize, count in 0..6_usize) {
        check_all(&site(), &text.repeat(times), count)?;
    }
}

fn registry_fault(text: &str) -> RegistryFault {
    RegistryFault { server: Some(text.into()), reason: RegistrySilence::Forbidden { detail: text.into() } }
}
