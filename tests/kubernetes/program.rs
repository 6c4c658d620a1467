//! The built program against large clusters: `tiphys pods`, `tiphys logs`.

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;
use tiphys::sandbox::kubernetes::{ApiFault, ApiServer, Crowd, LogScript, kind::Kind};

use super::support::{IMAGE, NAME, NAMESPACE};

/// A cluster, and a configuration for it.
struct Site {
    server: ApiServer,
    dir: TempDir,
}

/// How a run of the program ended.
struct Run {
    code: Option<i32>,
    out: String,
    took: Duration,
    /// The most resident memory, in MB; 0 where the system doesn't tell.
    peak: u64,
}

impl Site {
    async fn start(crowd: Crowd, deadline: &str) -> Self {
        let server = ApiServer::start().await.expect("a port");
        server.cluster().crowd(&crowd).expect("a new cluster");
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir(dir.path().join("manifests.git")).expect("a new folder");
        fs::write(dir.path().join("kubeconfig"), server.kubeconfig()).expect("written");
        let text = format!(
            "language: en
repository:
  url: {repository}
  mirror: mirror.git
  committer: {{ name: tiphys, email: tiphys@example.org }}
registry: {{ kind: oci, url: 'http://127.0.0.1:9' }}
kubernetes: {{ kubeconfig: kubeconfig, context: sandbox, deadline: {deadline} }}
logs: {{ mask: ['card (?<secret>[0-9-]+)'] }}
applications:
  - name: {NAME}
    image: {IMAGE}
    environments:
      - name: prod
        path: apps/prod
        workload: {{ namespace: {NAMESPACE}, name: {NAME} }}
        argocd: {{ name: {NAME}-prod }}
",
            repository = dir.path().join("manifests.git").display()
        );
        fs::write(dir.path().join("tiphys.yaml"), text).expect("written");
        Self { server, dir }
    }

    fn pods(&self) -> Vec<String> {
        let pods = self.server.cluster().store().list(Kind::Pod);
        pods.iter().map(|pod| pod["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
    }

    async fn run(&self, arguments: &[&str]) -> Run {
        let start = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_tiphys"))
            .args(["--config".as_ref(), self.dir.path().join("tiphys.yaml").as_os_str()])
            .args(arguments)
            .env_clear()
            .env("HOME", self.dir.path())
            .env("USER", "tester")
            .stdin(Stdio::null())
            .stdout(fs::File::create(self.dir.path().join("out")).expect("a file"))
            .spawn()
            .expect("the program starts");
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        let code = loop {
            // The system tells the most memory only while the process lives.
            peak = peak.max(high_water(&fs::read_to_string(&status).unwrap_or_default()));
            if let Some(code) = child.try_wait().expect("a child") {
                break code.code();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let out = fs::read_to_string(self.dir.path().join("out")).expect("text");
        Run { code, out, took: start.elapsed(), peak: peak / 1_000 }
    }
}

fn high_water(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn crowd(pods: usize, containers: usize) -> Crowd {
    Crowd { pods, containers, ..Crowd::of(NAMESPACE, NAME, IMAGE) }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_pods_as_a_table_and_as_json() {
    let site = Site::start(Crowd { nodes: 1_000, ..crowd(5_000, 1) }, "60s").await;
    let run = site.run(&["pods"]).await;
    println!("tiphys pods, 5,000 pods on 1,000 nodes: {:?}, {} MB at most", run.took, run.peak);
    assert_eq!((run.code, run.out.lines().count()), (Some(0), 5_002), "{}", &run.out[..200.min(run.out.len())]);
    assert!(run.out.contains("5000/5000 pods ready"), "{}", run.out.lines().next().unwrap_or_default());
    assert!(run.peak < 200, "{} MB", run.peak);

    let run = site.run(&["pods", "--output", "json"]).await;
    let answer: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(answer["outcome"], "answered");
    let pods = answer["answer"]["pods"][0]["pods"]["Ok"]["pods"].as_array().expect("pods");
    assert_eq!((pods.len(), pods[0]["status"].as_str()), (5_000, Some("Running")));
    // A name that has to be looked for among all of them.
    let name = &site.pods()[4_321];
    let suffix = name.rsplit('-').next().expect("a suffix");
    let run = site.run(&["logs", suffix]).await;
    println!("tiphys logs of one of 5,000 by its suffix: {:?}, {} MB at most", run.took, run.peak);
    assert!(run.code == Some(0) && run.out.contains(name), "{:?} {}", run.code, run.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_huge_log() {
    let site = Site::start(crowd(1, 1), "30s").await;
    let pod = site.pods().remove(0);
    let cluster = site.server.cluster();
    cluster.set_log(NAMESPACE, &pod, "app", false, LogScript::Lines { count: 1_000_000, width: 300 });
    let run = site.run(&["logs", &pod]).await;
    println!("tiphys logs of 300 MB: {:?}, {} MB at most", run.took, run.peak);
    assert!(run.code == Some(0) && run.out.contains("000000999999 x"), "{}", run.out);
    assert_eq!(run.out.lines().count(), 31);
    // Thirty lines that are too much: the last of them count.
    cluster.set_log(NAMESPACE, &pod, "app", false, LogScript::Lines { count: 1_000, width: 200_000 });
    let run = site.run(&["logs", &pod]).await;
    assert!(run.out.contains("000000000999 x") && run.out.contains("not all of it is shown"), "{:.300}", run.out);
    assert_eq!(run.out.lines().count(), 3, "the heading, one line, what is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_masked_and_escapes_are_gone() {
    let site = Site::start(crowd(1, 1), "30s").await;
    let pod = site.pods().remove(0);
    let said = "\x1b[31mlogin\x1b[0m pass\u{200b}word=hunter2\ncard 1234-5678 charged\nto\u{ad}kens: [hunter2, hunter2]\u{202e}\n";
    site.server.cluster().set_log(NAMESPACE, &pod, "app", false, LogScript::Bytes(said.into()));
    let run = site.run(&["logs", &pod, "-o", "json"]).await;
    let answer: Value = serde_json::from_str(&run.out).expect("JSON");
    let log = &answer["answer"]["log"];
    assert_eq!(log["lines"], serde_json::json!(["login password=***", "card *** charged", "tokens: ***"]));
    assert_eq!((log["masked"].as_u64(), run.out.contains("hunter2")), (Some(3), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_containers_have_to_be_told_apart() {
    let site = Site::start(crowd(1, 10), "30s").await;
    let pod = site.pods().remove(0);
    let run = site.run(&["logs", &pod]).await;
    assert!(run.code == Some(1) && run.out.contains("Which container?") && run.out.contains("side-9"), "{}", run.out);
    let said = LogScript::Bytes(b"from the ninth\n".to_vec());
    site.server.cluster().set_log(NAMESPACE, &pod, "side-9", false, said);
    let run = site.run(&["logs", &pod, "-c", "side-9"]).await;
    assert!(run.code == Some(0) && run.out.contains("from the ninth"), "{}", run.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_namespaces_are_closed() {
    let site = Site::start(crowd(1, 1), "30s").await;
    let foreign = Crowd { pods: 1, ..Crowd::of("payments", "cards", IMAGE) };
    site.server.cluster().crowd(&foreign).expect("new");
    let pods = site.server.cluster().store().list(Kind::Pod);
    let cards = pods.iter().find(|pod| pod["metadata"]["namespace"] == "payments").expect("there");
    let name = cards["metadata"]["name"].as_str().expect("a name");
    let run = site.run(&["logs", &format!("payments/{name}")]).await;
    assert!(run.code == Some(1) && run.out.contains("Not a namespace of the bot's"), "{}", run.out);
    let run = site.run(&["logs", name]).await;
    assert!(run.code == Some(1) && run.out.contains("No such pod"), "{}", run.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs() {
    let site = Site::start(crowd(1, 1), "1s").await;
    site.server.cluster().set_fault(ApiFault::Hang);
    for arguments in [&["pods"][..], &["events"], &["logs", "x"], &["describe", "x"], &["nodes"]] {
        let run = site.run(arguments).await;
        println!("tiphys {arguments:?} with a deadline of 1 s: {:?}", run.took);
        assert!(run.code == Some(4) && run.out.contains("kubernetes: no answer in 1 s"), "{}", run.out);
        assert!(run.out.contains("What to do: "), "{}", run.out);
    }
}
