//! Review environments from end to end: a job makes one, the ApplicationSet an Application of it, pods come up; and all goes.

use std::process::Output;

use serde_json::Value;
use tiphys::sandbox::kubernetes::kind::Kind;

use crate::playbill::{PATIENCE, Playbill};

const SECTION: &str = "    review:
      path: apps/oil-refinery-application/review/{name}
      base: ../../base
      namespace: oil-refinery-review-{name}
      workload: oil-refinery-application
      argocd: { name: 'oil-refinery-application-review-{name}' }
      max: 2
";
const APP: &str = "oil-refinery-application";

/// A sandbox that has the ApplicationSet, and a configuration with review environments.
async fn start() -> Playbill {
    let playbill = Playbill::with_world(|options| {
        options.applications.push("oil-refinery-application-review".to_owned());
        // These are not about rollouts that take too long, which on a busy machine they may.
        options.pace.progress_deadline = Some(PATIENCE);
    });
    let playbill = playbill.await;
    playbill.amend("    environments:\n", &format!("{SECTION}    environments:\n"));
    playbill
}

/// Runs `tiphys review … --json`; its exit code and its answer.
async fn review(playbill: &Playbill, arguments: &[&str]) -> (i32, Value) {
    let mut command = playbill.program(&[&["review"], arguments, &["--application", APP, "--json"]].concat());
    let run = tokio::task::spawn_blocking(move || command.output().expect("the program starts"));
    let Output { status, stdout, stderr } = run.await.unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    let document = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}\n{stderr}"));
    (status.code().unwrap(), document)
}

fn files(playbill: &Playbill) -> String {
    playbill
        .git(&["ls-tree", "-r", "--name-only", "main", "--", "apps/oil-refinery-application/review"])
        .trim()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_gets_its_environment_and_loses_it() {
    let playbill = start().await;
    let store = playbill.world.kubernetes().store();
    let (name, namespace) = ("oil-refinery-application-review-feature-x", "oil-refinery-review-feature-x");

    let (code, answer) = review(&playbill, &["create", "feature-x", "--tag", "0.10.5", "--wait"]).await;
    assert_eq!((code, answer["outcome"].as_str()), (0, Some("live")), "{answer:#}");
    let application = store.get(Kind::Application, "argocd", name).expect("the ApplicationSet has made it");
    assert_eq!(application["spec"]["source"]["path"], "apps/oil-refinery-application/review/feature-x");
    let deployment = store.get(Kind::Deployment, namespace, APP).expect("running");
    let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.ends_with(":0.10.5"), "{image}");
    assert_eq!(deployment["spec"]["template"]["metadata"]["labels"]["tiphys/review"], "feature-x");
    assert_eq!(files(&playbill), "apps/oil-refinery-application/review/feature-x/kustomization.yaml");

    // The branch is pushed again: one line changes.
    let (code, answer) = review(&playbill, &["create", "feature-x", "--tag", "0.10.6", "--wait"]).await;
    assert_eq!((code, answer["outcome"].as_str()), (0, Some("live")), "{answer:#}");
    assert_eq!(
        playbill.git(&["diff", "--numstat", "main~1", "main"]).split_whitespace().take(2).collect::<Vec<_>>(),
        ["1", "1"]
    );
    // What is so already is followed all the same.
    let (code, answer) = review(&playbill, &["create", "feature-x", "--tag", "0.10.6", "--wait"]).await;
    assert_eq!((code, answer["outcome"].as_str()), (0, Some("live")), "{answer:#}");

    // The branch goes, and all with it.
    let (code, answer) = review(&playbill, &["remove", "feature-x", "--wait"]).await;
    assert_eq!((code, answer["outcome"].as_str()), (0, Some("removed")), "{answer:#}");
    assert!(store.get(Kind::Application, "argocd", name).is_none());
    assert!(store.get(Kind::Deployment, namespace, APP).is_none());
    assert_eq!(files(&playbill), "");
    let (code, answer) = review(&playbill, &["remove", "feature-x", "--wait"]).await;
    assert_eq!((code, answer["outcome"].as_str()), (0, Some("removed")), "{answer:#}");

    assert_eq!(
        playbill.commits(),
        [
            "deploy(oil-refinery-application/review-feature-x): (unset) → 0.10.5",
            "deploy(oil-refinery-application/review-feature-x): 0.10.5 → 0.10.6",
            "remove(oil-refinery-application/review-feature-x): 0.10.6 → (removed)",
        ]
    );
    playbill.git(&["fsck", "--strict"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_runs_twice_commits_once() {
    let playbill = start().await;
    let create = ["create", "x", "--tag", "0.10.5", "--request-id", "gitlab/1/2/create"];
    assert_eq!(review(&playbill, &create).await.1["outcome"], "committed");
    let remove = ["remove", "x", "--request-id", "gitlab/1/3/remove"];
    assert_eq!(review(&playbill, &remove).await.1["outcome"], "committed");
    // Delivered once more after that: it was carried out, and the environment stays gone.
    for arguments in [&create[..], &remove[..]] {
        let (code, answer) = review(&playbill, arguments).await;
        assert_eq!((code, answer["outcome"].as_str()), (0, Some("committed")), "{answer:#}");
        assert!(answer["text"].as_str().unwrap().contains("уже была выполнена"), "{answer:#}");
    }
    assert_eq!(playbill.commits().len(), 2);
    assert_eq!(files(&playbill), "");
    // The same key for something else is a mistake.
    let (code, _) = review(&playbill, &["create", "y", "--tag", "0.10.5", "--request-id", "gitlab/1/2/create"]).await;
    assert_eq!(code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_is_refused_and_said() {
    let playbill = start().await;
    for name in ["a", "b"] {
        assert_eq!(review(&playbill, &["create", name, "--tag", "0.10.5"]).await.0, 0);
    }
    let said = async |arguments: &[&str]| {
        let (code, answer) = review(&playbill, arguments).await;
        assert_eq!(code, 1, "{answer:#}");
        answer["text"].as_str().unwrap().to_owned()
    };
    assert!(said(&["create", "c", "--tag", "0.10.5"]).await.contains("Больше 2 review-окружений не разрешено"));
    assert!(said(&["create", "a", "--tag", "no-such-tag"]).await.contains("no-such-tag"));
    let folder = "apps/oil-refinery-application/review";
    playbill.world.remote().commit_file(&format!("{folder}/b/mine.yaml"), b"{}\n", "a person's file").unwrap();
    let text = said(&["remove", "b"]).await;
    assert!(text.contains("Рядом лежат файлы") && text.contains("review/b/mine.yaml"), "{text}");
    playbill
        .world
        .remote()
        .commit_file(&format!("{folder}/d/kustomization.yaml"), b"resources: []\n", "by hand")
        .unwrap();
    assert!(said(&["create", "d", "--tag", "0.10.5"]).await.contains("создал не tiphys"));
    assert!(said(&["remove", "d"]).await.contains("создал не tiphys"));
    assert_eq!(playbill.commits().iter().filter(|subject| subject.starts_with("remove(")).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_application_set_the_job_waits_and_then_says_what_is_missing() {
    let playbill = Playbill::start().await;
    playbill.amend("    environments:\n", &format!("{SECTION}    environments:\n"));
    let (code, answer) = review(&playbill, &["create", "x", "--tag", "0.10.5", "--wait", "--timeout", "8s"]).await;
    assert_eq!((code, answer["outcome"].as_str()), (3, Some("not_followed")), "{answer:#}");
    let text = answer["text"].as_str().unwrap();
    assert!(text.contains("oil-refinery-application-review-x") && text.contains("ApplicationSet"), "{text}");
}
