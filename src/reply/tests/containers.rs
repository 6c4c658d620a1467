//! The list of versions: what is marked, what isn't known, what can be pressed.

use insta::assert_snapshot;

use super::*;
use crate::{
    domain::{
        answer::Refusal,
        containers::{AbsentTag, ContainersReport, PlaceReport, TagPage, TagReport},
        node::Page,
        registry_fault::{RegistryFault, RegistrySilence},
        unread::Unread,
    },
    reply::render_wide,
};

fn tag_report(tag: &str, hours: u64, wanted: &[&str], running: &[&str]) -> TagReport {
    // Any digest will do that is another one for each tag.
    let digest: String = tag.bytes().rev().map(|byte| format!("{byte:02x}")).collect();
    TagReport {
        tag: tag.into(),
        age: Some(seconds(hours * 3600)),
        size: Some(48_300_000),
        digest: Some(format!("sha256:{digest:0<64}")),
        wanted_in: strings(wanted),
        running_in: strings(running),
        ..TagReport::default()
    }
}

fn place(environment: &str, wanted: &str, running: &str) -> PlaceReport {
    PlaceReport {
        environment: environment.into(),
        wanted: Ok(Some(wanted.into())),
        running: Ok(vec![running.into()]),
        other_image: false,
        wanted_on: Some(1),
    }
}

fn page(tags: Vec<TagReport>, total: usize, number: u32) -> TagPage {
    let of = u32::try_from(total.div_ceil(10)).expect("few");
    TagPage { tags, total, is_cut: false, page: (of > 1).then_some(Page { number, of }), incomplete: None }
}

fn report(tags: TagPage) -> ContainersReport {
    ContainersReport {
        application: ApplicationName::new("oil-refinery-application").expect("valid"),
        environment: None,
        image: image(),
        tags: Ok(tags),
        places: vec![place("prod", "0.10.5", "0.10.4"), place("stage", "0.10.5", "0.10.5")],
        absent: Vec::new(),
        deploy_to: None,
        may_deploy: true,
    }
}

fn silent(reason: RegistrySilence) -> RegistryFault {
    RegistryFault { server: Some("https://registry.example.org".into()), reason }
}

fn answer(report: ContainersReport) -> Answer {
    Answer::Containers(Box::new(report))
}

fn some() -> TagPage {
    let tags = vec![
        tag_report("main", 1, &[], &[]),
        tag_report("0.10.6", 2, &[], &[]),
        TagReport { same_as: Some("0.10.6".into()), ..tag_report("0.10.6-rc.2", 3, &[], &[]) },
        tag_report("0.10.5", 30, &["prod", "stage"], &["stage"]),
        tag_report("0.10.4", 500, &[], &["prod"]),
        TagReport { gone: true, size: None, ..tag_report("0.9.12", 9000, &[], &[]) },
    ];
    page(tags, 26, 1)
}

#[test]
fn several_environments() {
    assert_snapshot!(both(&answer(report(some()))), @r"
    📦 **oil-refinery-application**: 26 тегов, страница 1 из 3
    `registry.example.org/team/oil-refinery-application`
    | · main             1 ч  48 МБ  6e69616d0000
    | · 0.10.6           2 ч  48 МБ  362e30312e30
    | · 0.10.6-rc.2      3 ч  48 МБ  322e63722d36
    |   тот же образ, что 0.10.6
    | ● 0.10.5         1 дн.  48 МБ  352e30312e30
    |   работает: stage
    |   в git, не работает: prod
    | ● 0.10.4        20 дн.  48 МБ  342e30312e30
    |   работает, в git уже другая: prod
    | · 0.9.12       12 мес.         32312e392e30
    |   в реестре уже нет
    Развернуть: выберите среду.
    [🎯 среда prod → /showcontainers oil-refinery-application/prod 1] [🎯 среда stage → /showcontainers oil-refinery-application/stage 1]
    [🔁 Обновить → /showcontainers oil-refinery-application 1] [▶ 2/3 → /showcontainers oil-refinery-application 2]

    📦 **oil-refinery-application**: 26 tags, page 1 of 3
    `registry.example.org/team/oil-refinery-application`
    | · main           1 h  48 MB  6e69616d0000
    | · 0.10.6         2 h  48 MB  362e30312e30
    | · 0.10.6-rc.2    3 h  48 MB  322e63722d36
    |   the same image as 0.10.6
    | ● 0.10.5         1 d  48 MB  352e30312e30
    |   running: stage
    |   in git, not running: prod
    | ● 0.10.4        20 d  48 MB  342e30312e30
    |   running, git has another: prod
    | · 0.9.12       12 mo         32312e392e30
    |   no longer in the registry
    To deploy, choose an environment.
    [🎯 to prod → /showcontainers oil-refinery-application/prod 1] [🎯 to stage → /showcontainers oil-refinery-application/stage 1]
    [🔁 Refresh → /showcontainers oil-refinery-application 1] [▶ 2/3 → /showcontainers oil-refinery-application 2]
    ");
}

#[test]
fn the_environment_that_was_named() {
    let chosen = ContainersReport {
        environment: Some("prod".into()),
        deploy_to: Some("oil-refinery-application/prod".into()),
        ..report(some())
    };
    assert_snapshot!(shown(&render(&answer(chosen.clone()), Language::En)), @r"
    📦 **oil-refinery-application**: 26 tags, page 1 of 3
    `registry.example.org/team/oil-refinery-application`
    | · main           1 h  48 MB  6e69616d0000
    | · 0.10.6         2 h  48 MB  362e30312e30
    | · 0.10.6-rc.2    3 h  48 MB  322e63722d36
    |   the same image as 0.10.6
    | ● 0.10.5         1 d  48 MB  352e30312e30
    |   running: stage
    |   in git, not running: prod
    | ● 0.10.4        20 d  48 MB  342e30312e30
    |   running, git has another: prod
    | · 0.9.12       12 mo         32312e392e30
    |   no longer in the registry
    To deploy: `/deploy oil-refinery-application/prod 0.10.6`
    [🚀 main → /deploy oil-refinery-application/prod main] [🚀 0.10.6 → /deploy oil-refinery-application/prod 0.10.6] [🚀 0.10.6-rc.2 → /deploy oil-refinery-application/prod 0.10.6-rc.2]
    [🚀 0.10.4 → /deploy oil-refinery-application/prod 0.10.4]
    [🎯 to stage → /showcontainers oil-refinery-application/stage 1]
    [🔁 Refresh → /showcontainers oil-refinery-application/prod 1] [▶ 2/3 → /showcontainers oil-refinery-application/prod 2]
    ");
    let reader = ContainersReport { may_deploy: false, ..chosen };
    assert_snapshot!(shown(&render(&answer(reader), Language::En)), @r"
    📦 **oil-refinery-application**: 26 tags, page 1 of 3
    `registry.example.org/team/oil-refinery-application`
    | · main           1 h  48 MB  6e69616d0000
    | · 0.10.6         2 h  48 MB  362e30312e30
    | · 0.10.6-rc.2    3 h  48 MB  322e63722d36
    |   the same image as 0.10.6
    | ● 0.10.5         1 d  48 MB  352e30312e30
    |   running: stage
    |   in git, not running: prod
    | ● 0.10.4        20 d  48 MB  342e30312e30
    |   running, git has another: prod
    | · 0.9.12       12 mo         32312e392e30
    |   no longer in the registry
    [🔁 Refresh → /showcontainers oil-refinery-application/prod 1] [▶ 2/3 → /showcontainers oil-refinery-application/prod 2]
    ");
}

#[test]
fn what_is_not_known_is_said() {
    let one = |wanted: Result<Option<String>, Unread>, running: Result<Option<String>, Unread>| {
        let running = running.map(|tag| tag.into_iter().collect());
        let place = PlaceReport { wanted, running, ..place("prod", "", "") };
        let running = PlaceReport::running(std::slice::from_ref(&place), "0.10.5");
        let wanted = PlaceReport::wanting(std::slice::from_ref(&place), "0.10.5");
        let bare = TagReport { tag: "0.10.5".into(), running_in: running, wanted_in: wanted, ..TagReport::default() };
        ContainersReport {
            places: vec![place],
            deploy_to: Some("oil-refinery-application/prod".into()),
            ..report(page(vec![bare], 1, 1))
        }
    };
    let here = || Ok(Some("0.10.5".to_owned()));
    let late =
        |who: &str| Err(Unread::In { repository: who.into(), reason: Box::new(Unread::Late { after: seconds(5) }) });
    assert_snapshot!(both(&answer(one(late("team/manifests"), here()))), @r"
    📦 **oil-refinery-application**: 1 тег
    `registry.example.org/team/oil-refinery-application`
    | ● 0.10.5
    |   работает, о git неизвестно: prod
    ⚠️ git, неизвестно для prod: `team/manifests`: нет ответа за 5 с
    Развернуть: `/deploy oil-refinery-application/prod 0.10.5`
    [🚀 0.10.5 → /deploy oil-refinery-application/prod 0.10.5]
    [🔁 Обновить → /showcontainers oil-refinery-application 1]

    📦 **oil-refinery-application**: 1 tag
    `registry.example.org/team/oil-refinery-application`
    | ● 0.10.5
    |   running, git is unknown: prod
    ⚠️ git, unknown for prod: `team/manifests`: no answer in 5 s
    To deploy: `/deploy oil-refinery-application/prod 0.10.5`
    [🚀 0.10.5 → /deploy oil-refinery-application/prod 0.10.5]
    [🔁 Refresh → /showcontainers oil-refinery-application 1]
    ");
    let unset = both(&answer(one(Ok(None), here())));
    assert!(
        unset.contains("работает, в git тега нет: prod") && unset.contains("running, git sets no tag: prod"),
        "{unset}"
    );
    assert_snapshot!(both(&answer(one(here(), late("10.0.0.1")))), @r"
    📦 **oil-refinery-application**: 1 тег
    `registry.example.org/team/oil-refinery-application`
    | ○ 0.10.5
    |   в git: prod
    ⚠️ kubernetes, неизвестно для prod: `10.0.0.1`: нет ответа за 5 с
    [🔁 Обновить → /showcontainers oil-refinery-application 1]

    📦 **oil-refinery-application**: 1 tag
    `registry.example.org/team/oil-refinery-application`
    | ○ 0.10.5
    |   in git: prod
    ⚠️ kubernetes, unknown for prod: `10.0.0.1`: no answer in 5 s
    [🔁 Refresh → /showcontainers oil-refinery-application 1]
    ");

    let mut slow = one(here(), here());
    if let Ok(page) = &mut slow.tags {
        page.incomplete = Some(silent(RegistrySilence::Late { after: seconds(5) }));
    }
    slow.places.push(PlaceReport { other_image: true, running: Ok(vec![]), ..place("stage", "0.10.5", "") });
    assert_snapshot!(both(&answer(slow)), @r"
    📦 **oil-refinery-application**: 1 тег
    `registry.example.org/team/oil-refinery-application`
    | ● 0.10.5
    |   работает: prod
    ⚠️ реестр `https://registry.example.org`: нет ответа за 5 с
    ⚠️ stage: работает другой образ
    [🎯 среда stage → /showcontainers oil-refinery-application/stage 1]
    [🔁 Обновить → /showcontainers oil-refinery-application 1]

    📦 **oil-refinery-application**: 1 tag
    `registry.example.org/team/oil-refinery-application`
    | ● 0.10.5
    |   running: prod
    ⚠️ registry `https://registry.example.org`: no answer in 5 s
    ⚠️ stage: another image is running
    [🎯 to stage → /showcontainers oil-refinery-application/stage 1]
    [🔁 Refresh → /showcontainers oil-refinery-application 1]
    ");

    let silence = silent(RegistrySilence::Unavailable { detail: "connection refused".into() });
    let away = ContainersReport { tags: Err(silence), ..report(some()) };
    assert_snapshot!(both(&answer(away)), @r"
    ❔ **oil-refinery-application**: реестр не дал списка, версии неизвестны
    ⚠️ реестр `https://registry.example.org`: нет ответа: `connection refused`
    | prod
    |   git 0.10.5 · работает 0.10.4
    | stage
    |   git 0.10.5 · работает 0.10.5
    Повторите позже; если так и останется, оператору проверить `registry.url` и сеть.
    [🔁 Обновить → /showcontainers oil-refinery-application 1]

    ❔ **oil-refinery-application**: the registry gave no list, the versions are unknown
    ⚠️ registry `https://registry.example.org`: no answer: `connection refused`
    | prod
    |   git 0.10.5 · running 0.10.4
    | stage
    |   git 0.10.5 · running 0.10.5
    Try again later; if it stays so, the operator checks `registry.url` and the network.
    [🔁 Refresh → /showcontainers oil-refinery-application 1]
    ");
}

#[test]
fn what_the_registry_does_not_have_is_said() {
    let absent = |tag: &str, wanted: &[&str], running: &[&str], confirmed| AbsentTag {
        tag: tag.into(),
        wanted_in: strings(wanted),
        running_in: strings(running),
        confirmed,
    };
    let mut report = report(page(vec![tag_report("0.10.6", 1, &[], &[])], 11, 2));
    report.places = vec![PlaceReport { wanted_on: Some(1), ..place("prod", "0.10.7", "0.9.8") }];
    report.absent = vec![
        absent("0.9.9", &["prod", "stage"], &[], true),
        absent("0.9.8", &[], &["prod"], true),
        absent("0.9.7", &["test"], &["test"], false),
    ];
    assert_snapshot!(both(&answer(report)), @r"
    📦 **oil-refinery-application**: 11 тегов, страница 2 из 2
    `registry.example.org/team/oil-refinery-application`
    | · 0.10.6  1 ч  48 МБ  362e30312e30
    ❗️ `0.9.9` — в git (prod, stage), а в реестре такого тега нет
    ❗️ `0.9.8` — работает (prod), а в реестре такого тега нет
    ❗️ `0.9.7` — в git (test) и работает (test), а в списке реестра его нет; есть ли он, реестр не ответил
    prod: в git `0.10.7`, страница 1
    Развернуть: выберите среду.
    [🎯 среда prod → /showcontainers oil-refinery-application/prod 2]
    [◀ 1/2 → /showcontainers oil-refinery-application 1] [🔁 Обновить → /showcontainers oil-refinery-application 2]

    📦 **oil-refinery-application**: 11 tags, page 2 of 2
    `registry.example.org/team/oil-refinery-application`
    | · 0.10.6  1 h  48 MB  362e30312e30
    ❗️ `0.9.9` is wanted by git (prod, stage), and the registry has no such tag
    ❗️ `0.9.8` is running (prod), and the registry has no such tag
    ❗️ `0.9.7` is wanted by git (test) and running (test), and isn't in the registry's list; whether there is one, the registry didn't tell
    prod: git has `0.10.7`, page 1
    To deploy, choose an environment.
    [🎯 to prod → /showcontainers oil-refinery-application/prod 2]
    [◀ 1/2 → /showcontainers oil-refinery-application 1] [🔁 Refresh → /showcontainers oil-refinery-application 2]
    ");
}

#[test]
fn a_list_that_is_cut_says_so() {
    let cut = |all: bool| {
        let mut page = some();
        page.is_cut = true;
        page.page = page.page.filter(|_| !all);
        answer(report(page))
    };
    for message in [render(&cut(false), Language::En), render_wide(&cut(true), Language::En)] {
        let text = message.to_plain();
        assert!(text.contains("⚠️ The list is not complete: the registry has more tags"), "{text}");
    }
    assert!(!render(&answer(report(some())), Language::En).to_plain().contains("not complete"));
}

#[test]
fn no_tags_and_no_such_page() {
    let empty = ContainersReport { places: Vec::new(), ..report(page(Vec::new(), 0, 1)) };
    assert_snapshot!(both(&answer(empty)), @r"
    📦 **oil-refinery-application**: 0 тегов
    `registry.example.org/team/oil-refinery-application`
    В реестре у образа нет тегов.

    📦 **oil-refinery-application**: 0 tags
    `registry.example.org/team/oil-refinery-application`
    The registry has no tags of this image.
    ");
    let command = "/showcontainers oil-refinery-application 3".to_owned();
    assert_snapshot!(both(&Answer::Refused(Refusal::NoPage { page: 99, last: 3, command })), @r"
    ❓ Страницы 99 нет, последняя — 3: `/showcontainers oil-refinery-application 3`
    [◀ 3/3 → /showcontainers oil-refinery-application 3]

    ❓ There is no page 99, the last is 3: `/showcontainers oil-refinery-application 3`
    [◀ 3/3 → /showcontainers oil-refinery-application 3]
    ");
}

#[test]
fn long_and_strange_names() {
    let bare = |tag: &str| TagReport { tag: tag.into(), ..TagReport::default() };
    let long = format!("0.11.0-main.{}", "0123456789abcdef".repeat(4));
    let tags = vec![bare("0.10.6"), tag_report(&long, 5, &[], &[]), bare("evil\u{202e}\n/deploy")];
    let report = ContainersReport {
        deploy_to: Some("oil-refinery-application/prod".into()),
        places: vec![place("prod", "1", "1")],
        ..report(page(tags, 3, 1))
    };
    assert_snapshot!(shown(&render(&answer(report), Language::En)), @r"
    📦 **oil-refinery-application**: 3 tags
    `registry.example.org/team/oil-refinery-application`
    | · 0.10.6
    | · 0.11.0-main.0123456789abcdef012…  5 h  48 MB
    |   0.11.0-main.0123456789abcdef0123456789abcdef
    |   0123456789abcdef0123456789abcdef
    |   666564636261
    | · evil /deploy
    To deploy: `/deploy oil-refinery-application/prod 0.10.6`
    [🚀 0.10.6 → /deploy oil-refinery-application/prod 0.10.6]
    [🚀 0.11.0-main.0123456789abcdef0123456789abcdef0… → /deploy oil-refinery-application/prod 0.11.0-main.0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef]
    [🔁 Refresh → /showcontainers oil-refinery-application 1]
    ");
}

#[test]
fn all_of_them() {
    let mut tags: Vec<TagReport> = (0..40)
        .rev()
        .map(|n| TagReport { size: None, digest: None, ..tag_report(&format!("0.{n}.0"), 100, &[], &[]) })
        .collect();
    tags[38].wanted_in = strings(&["prod"]);
    tags[38].running_in = strings(&["prod"]);
    let all = report(TagPage { tags, total: 40, is_cut: false, page: None, incomplete: None });
    let message = render(&answer(all.clone()), Language::En);
    assert_snapshot!(shown(&message), @r"
    📦 **oil-refinery-application**: 40 tags
    `registry.example.org/team/oil-refinery-application`
    All tags are in the file.
    ");
    let file = message.document.expect("a file");
    assert_eq!(file.name, "oil-refinery-application-tags.txt");
    assert_eq!(file.text.lines().count(), 41);
    assert!(render_wide(&answer(all), Language::En).to_plain().contains(&file.text));
}

#[test]
fn a_terminal_has_a_table() {
    let message = render_wide(&answer(report(some())), Language::En);
    assert_snapshot!(message.to_plain(), @r"
    📦 oil-refinery-application: 26 tags, page 1 of 3
    registry.example.org/team/oil-refinery-application
    TAG          AGE    SIZE   DIGEST        WHERE
    main         1 h    48 MB  6e69616d0000
    0.10.6       2 h    48 MB  362e30312e30
    0.10.6-rc.2  3 h    48 MB  322e63722d36  the same image as 0.10.6
    0.10.5       1 d    48 MB  352e30312e30  running: stage; in git, not running: prod
    0.10.4       20 d   48 MB  342e30312e30  running, git has another: prod
    0.9.12       12 mo         32312e392e30  no longer in the registry
    ");
}
