//! The built program, with a configuration for the site.

use std::{
    fs,
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::Value;

use crate::{
    objects::{IMAGE, NAME},
    site::Site,
};

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    #[expect(dead_code, reason = "shown when a test fails")]
    pub(crate) log: String,
}

impl Run {
    /// The answer as data.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Writes the configuration, and the manifests that it names.
pub(crate) fn configure(site: &Site) {
    let work = site.dir.path().join("manifests");
    fs::create_dir_all(work.join("apps/prod")).expect("a new folder");
    let kustomization = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n  - name: {IMAGE}\n    newTag: \
         0.10.4\nreplicas:\n  - name: {NAME}\n    count: 4\n"
    );
    fs::write(work.join("apps/prod/kustomization.yaml"), kustomization).expect("written");
    for arguments in [&["init", "-q", "-b", "main"][..], &["add", "."], &["commit", "-q", "-m", "seed"]] {
        let done = Command::new("git").arg("-C").arg(&work).args(arguments).envs(git_environment(site)).status();
        assert!(done.expect("git runs").success(), "git {arguments:?}");
    }
    let text = format!(
        "language: en
repository:
  url: {work}/.git
  mirror: mirror.git
  committer: {{ name: tiphys, email: tiphys@example.org }}
registry: {{ kind: oci, url: 'http://127.0.0.1:9' }}
kubernetes: {{ kubeconfig: {file}, context: {context:?}, deadline: 20s }}
logs: {{ mask: ['card (?<secret>[0-9-]+)'] }}
applications:
  - name: {NAME}
    image: {IMAGE}
    environments:
      - name: prod
        path: apps/prod
        workload: {{ namespace: {namespace}, name: {NAME} }}
        argocd: {{ namespace: {namespace}, name: {NAME}-prod }}
",
        work = work.display(),
        file = site.file.display(),
        context = site.context,
        namespace = site.name,
    );
    fs::write(site.dir.path().join("tiphys.yaml"), text).expect("written");
}

/// Runs the program in an environment of its own: no other kubeconfig can be found in it.
pub(crate) async fn run(site: &Site, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
    command.args(["--config".as_ref(), site.dir.path().join("tiphys.yaml").as_os_str()]).args(arguments);
    command.env_clear().env("HOME", site.dir.path()).env("USER", "tester").stdin(Stdio::null());
    // A kubeconfig may name a program that gets the credentials.
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let start = Instant::now();
    let out = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("the program runs");
    println!("tiphys {}: {:?}", arguments.join(" "), start.elapsed());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Run { code: out.status.code(), out: text(out.stdout), log: text(out.stderr) }
}

fn git_environment(site: &Site) -> [(&'static str, String); 6] {
    let home = site.dir.path().display().to_string();
    [
        ("HOME", home),
        ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ("GIT_AUTHOR_NAME", "tester".into()),
        ("GIT_AUTHOR_EMAIL", "tester@example.org".into()),
        ("GIT_COMMITTER_NAME", "tester".into()),
        ("GIT_COMMITTER_EMAIL", "tester@example.org".into()),
    ]
}
