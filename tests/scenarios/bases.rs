//! Values in a base that several environments build from: refused, or changed with leave for all of them.

use tiphys::sandbox::telegram::ShownMessage;

use crate::playbill::{KUSTOMIZATION, Playbill};

const BASE: &str = "apps/oil-refinery-application/base/kustomization.yaml";
const ENTRY: &str =
    "images:\n  - name: registry.gitlab.example.org/team/oil-refinery-application # for all\n    newTag: \"0.10.4\"\n";

/// Moves the image's entry from the overlay of prod into the base.
fn into_the_base(playbill: &Playbill) -> String {
    let overlay = playbill.git(&["show", &format!("main:{KUSTOMIZATION}")]);
    let (before, rest) = overlay.split_once("images:").expect("an entry");
    let (_, after) = rest.split_once("\n\n").expect("more below");
    let base = playbill.git(&["show", &format!("main:{BASE}")]) + ENTRY;
    let remote = playbill.world.remote();
    remote.commit_file(BASE, base.as_bytes(), "base: set the image for all").expect("a commit");
    remote.commit_file(KUSTOMIZATION, format!("{before}{after}").as_bytes(), "prod: as the base").expect("a commit");
    base
}

fn has(words: &'static [&'static str]) -> impl Fn(&ShownMessage) -> bool {
    move |answer| words.iter().all(|word| answer.text.contains(word))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_leave_a_base_is_changed_and_those_who_share_it_are_named() {
    let playbill = Playbill::start().await;
    let base = into_the_base(&playbill);
    // Stage sets a tag of its own, and isn't concerned.
    let dev = "apps/oil-refinery-application/overlays/dev";
    let text = "resources:\n  - ../../base\n";
    let remote = playbill.world.remote();
    remote.commit_file(&format!("{dev}/kustomization.yaml"), text.as_bytes(), "dev: as the base").expect("a commit");
    let path = "        path: apps/oil-refinery-application/overlays/prod\n";
    playbill.amend(path, &format!("{path}        kustomize: {{ shared_bases: allow }}\n"));
    let _bot = playbill.serve();

    let already = playbill.say("/deploy 0.10.4");
    playbill.answer(already, has(&["уже 0.10.4"])).await;
    let command = playbill.say("/deploy 0.10.5");
    let answer = playbill.answer(command, has(&["работает: 2/2 пода", "Общий файл", "overlays/dev"])).await;
    assert!(answer.text.contains(BASE), "{}", answer.text);
    assert_eq!(playbill.git(&["show", &format!("main:{BASE}")]), base.replace("0.10.4", "0.10.5"));
    assert_eq!(playbill.git(&["diff", "--name-only", "main~1", "main"]).trim(), BASE);
    let trailers = "%(trailers:key=Shared-File,valueonly,separator=)|%(trailers:key=Shared-With,valueonly,separator=)";
    let told = playbill.git(&["log", "-1", &format!("--format=%s|{trailers}"), "main"]);
    let subject = "deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5";
    assert_eq!(told.trim(), format!("{subject}|{BASE}|{dev}"));
}

async fn refuses_in(language: &str, words: &'static [&'static str]) {
    let playbill = Playbill::start().await;
    playbill.amend("language: ru", &format!("language: {language}"));
    into_the_base(&playbill);
    // An environment whose folder is the base of another one.
    playbill.amend(
        "    environments:\n",
        "    environments:\n      - name: base\n        path: apps/oil-refinery-application/base\n        \
         workload: { namespace: oil-refinery, name: oil-refinery-application }\n        \
         argocd: { name: oil-refinery-application-prod }\n",
    );
    let commits = playbill.commits();
    let _bot = playbill.serve();
    let command = playbill.say("/deploy oil-refinery-application/base 0.10.5");
    playbill.answer(command, has(words)).await;
    assert_eq!(playbill.commits(), commits);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_leave_a_shared_base_is_not_changed() {
    tokio::join!(
        refuses_in("ru", &["нельзя изменить", BASE, "общий", "oil-refinery-application/prod", "Ничего не изменено"]),
        refuses_in("en", &["can't be changed", BASE, "shared", "oil-refinery-application/prod", "Nothing was changed"]),
    );
}
