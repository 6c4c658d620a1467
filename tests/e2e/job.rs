//! The main job, whatever the remote is served by.

use std::path::PathBuf;

use serde_json::Value;
use tiphys::sandbox::registry::RegistryFault;

use crate::{
    ground::Ground,
    playbill::{ANNA, CHAT, KUSTOMIZATION, PATIENCE, Playbill},
};

/// What GitLab says to those who may not push.
const PROTECTED: &str = "GitLab: You are not allowed to push code to protected branches on this project.";

/// The way to the sandbox's repository.
pub(crate) struct Road {
    pub(crate) playbill: Playbill,
    pub(crate) ground: Ground,
    /// The repository's address.
    pub(crate) url: String,
    /// The credentials, as lines of the configuration.
    pub(crate) credentials: String,
}

/// What a one-shot command came to.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) answer: Value,
    pub(crate) log: String,
}

impl Outcome {
    fn is(&self, code: i32, outcome: &str) -> bool {
        self.code == Some(code) && self.answer["exit_code"] == code && self.answer["outcome"] == outcome
    }

    pub(crate) fn assert(&self, code: i32, outcome: &str) {
        assert!(self.is(code, outcome), "{:?} {}\n{}", self.code, self.answer, self.log);
    }

    pub(crate) fn text(&self) -> &str {
        self.answer["text"].as_str().expect("a text")
    }
}

impl Road {
    /// Runs a command of one shot, with JSON for an answer and a mirror of its own.
    pub(crate) async fn one_shot(&self, arguments: &[&str]) -> Outcome {
        self.one_shot_with(&self.credentials, arguments).await
    }

    /// The same with other credentials, or more than these.
    async fn one_shot_with(&self, credentials: &str, arguments: &[&str]) -> Outcome {
        self.playbill.configure("en", "one-shot.git", &self.url, credentials);
        let mut command = self.playbill.program(arguments);
        command.arg("--json").stdin(std::process::Stdio::null());
        let output = tokio::process::Command::from(command).output().await.expect("the program runs");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let answer = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        Outcome { code: output.status.code(), answer, log }
    }

    fn remote(&self) -> PathBuf {
        self.playbill.world.repository_path().to_owned()
    }

    fn remove_hook(&self) {
        std::fs::remove_file(self.remote().join("hooks/pre-receive")).expect("there was one");
    }

    /// The commits' subjects, newest first.
    fn subjects(&self) -> Vec<String> {
        self.playbill.git(&["log", "--format=%s", "main"]).lines().map(str::to_owned).collect()
    }

    fn kustomization(&self) -> String {
        self.playbill.git(&["show", &format!("main:{KUSTOMIZATION}")])
    }

    /// Everything that must work, and everything that must not, in turn.
    pub(crate) async fn travel(&self) {
        self.by_telegram().await;
        self.by_one_shot().await;
        self.refused().await;
        self.overtaken().await;
        self.without_registry().await;
        self.always_overtaken().await;
        self.without_branch().await;
        self.answered_too_late().await;
        self.playbill.git(&["fsck", "--strict", "--full", "--no-dangling"]);
        let clone = self.ground.path("fresh");
        let remote = self.remote().display().to_string();
        self.ground.git(&self.ground.path(""), &["clone", "--quiet", "--no-local", &remote, "fresh"]);
        self.ground.git(&clone, &["fsck", "--strict", "--full"]);
        let numbers = self.playbill.git(&["log", "--format=", "--numstat", "--committer=tiphys", "main"]);
        let lines: Vec<_> = numbers.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, vec![format!("1\t1\t{KUSTOMIZATION}"); 7], "each commit of the bot's is one line");
    }

    async fn by_telegram(&self) {
        self.playbill.configure("ru", "mirror.git", &self.url, &self.credentials);
        let before = self.kustomization();
        let mut bot = self.playbill.serve();
        let command = self.playbill.hub().say(CHAT, ANNA, "/deploy 0.10.5").expect("a chat");
        self.playbill.answer(command, |answer| answer.text.contains("работает: 2/2 пода")).await;
        assert_eq!(self.kustomization(), before.replace("newTag: \"0.10.4\"", "newTag: \"0.10.5\""));
        assert_eq!(self.subjects()[0], "deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5");
        assert_eq!(self.subjects().len(), 2);

        self.ground.install_hook(&self.remote(), &format!("echo '{PROTECTED}' >&2; exit 1"));
        let command = self.playbill.hub().say(CHAT, ANNA, "/set_replicas 3").expect("a chat");
        self.playbill.answer(command, |answer| answer.text.contains(PROTECTED)).await;
        self.remove_hook();
        assert_eq!(self.subjects().len(), 2);
        let all = self.playbill.hub().until(PATIENCE, |hub| (hub.unconfirmed() == 0).then_some(())).await;
        assert_eq!(all, Ok(()));
        assert!(bot.terminate());
    }

    async fn by_one_shot(&self) {
        let done = self.one_shot(&["deploy", "oil-refinery-application/prod", "0.10.6", "--wait"]).await;
        done.assert(0, "live");
        assert!(done.text().contains("2/2"), "{}", done.text());
        assert!(self.kustomization().contains("newTag: \"0.10.6\""));
        let done = self.one_shot(&["set-replicas", "3", "--wait"]).await;
        done.assert(0, "live");
        assert!(done.text().contains("3/3"), "{}", done.text());
        self.one_shot(&["set-replicas", "3", "--wait"]).await.assert(0, "live");
        self.one_shot(&["deploy", "0.10.66"]).await.assert(1, "refused");

        let again = ["deploy", "0.10.5", "--wait", "--request-id", "ci/1"];
        self.one_shot(&again).await.assert(0, "live");
        let commits = self.subjects();
        assert_eq!(commits.len(), 5);
        self.one_shot(&again).await.assert(0, "live");
        assert_eq!(self.subjects(), commits, "the same request makes no second commit");
    }

    async fn refused(&self) {
        self.ground.install_hook(&self.remote(), &format!("echo '{PROTECTED}' >&2; exit 1"));
        let before = self.subjects();
        let refused = self.one_shot(&["deploy", "0.10.6", "--wait"]).await;
        refused.assert(1, "refused");
        assert!(refused.text().contains(PROTECTED), "{}", refused.text());
        assert_eq!(self.subjects(), before);
        self.remove_hook();
    }

    async fn overtaken(&self) {
        self.ground.install_racing_hook(&self.remote());
        self.one_shot(&["deploy", "0.10.6", "--wait"]).await.assert(0, "live");
        assert_eq!(self.subjects()[..2], ["deploy(oil-refinery-application/prod): 0.10.5 → 0.10.6", "race"]);
        self.remove_hook();
    }

    /// Somebody is always faster: it is given up, and said so.
    async fn always_overtaken(&self) {
        let before = self.subjects();
        self.ground.install_endless_racing_hook(&self.remote());
        let failed = self.one_shot(&["set-replicas", "7"]).await;
        failed.assert(4, "failed");
        assert!(failed.text().contains("Somebody else keeps changing the branch"), "{}", failed.text());
        assert!(failed.text().contains("Nothing was changed"), "{}", failed.text());
        let after = self.subjects();
        assert_eq!(after[after.len() - before.len()..], before);
        assert!(after[..after.len() - before.len()].iter().all(|subject| subject == "race"), "{after:?}");
        self.remove_hook();
    }

    /// The branch has another name for a while.
    async fn without_branch(&self) {
        let remote = self.remote();
        self.ground.git(&remote, &["branch", "-m", "main", "trunk"]);
        let refused = self.one_shot(&["set-replicas", "7"]).await;
        refused.assert(1, "refused");
        let text = refused.text();
        assert!(text.contains("The repository has no branch") && text.contains("renamed or deleted"), "{text}");
        assert_eq!(self.ground.git(&remote, &["branch", "--format=%(refname:short)"]), "trunk", "and none is made");
        self.ground.git(&remote, &["branch", "-m", "trunk", "main"]);
    }

    /// The server's hook takes longer than the deadline, so each push may land after the bot has given it up.
    async fn answered_too_late(&self) {
        let before = self.subjects();
        self.ground.install_hook(&self.remote(), "sleep 4");
        let arguments = ["set-replicas", "4", "--wait"];
        let done = self.one_shot_with(&format!("{}  deadline: 2s\n", self.credentials), &arguments).await;
        done.assert(0, "live");
        assert!(done.log.contains("planning again"), "it was unclear at first: {}", done.log);
        self.remove_hook();
        self.one_shot(&arguments).await.assert(0, "live");
        let after = self.subjects();
        assert_eq!(after.len(), before.len() + 1, "{after:?}");
    }

    async fn without_registry(&self) {
        self.playbill.world.registry().set_fault(RegistryFault::Down);
        let before = self.subjects();
        self.one_shot(&["deploy", "0.10.5", "--wait"]).await.assert(1, "refused");
        assert_eq!(self.subjects(), before);
        self.one_shot(&["deploy", "0.10.5", "--wait", "--force"]).await.assert(0, "live");
        assert_eq!(self.subjects().len(), before.len() + 1);
        self.playbill.world.registry().set_fault(RegistryFault::None);
    }

    /// Credentials that aren't accepted: nothing is applied, and a second try is safe.
    pub(crate) async fn not_let_in(&self) {
        let before = self.subjects();
        let failed = self.one_shot(&["deploy", "0.10.6", "--wait"]).await;
        failed.assert(4, "failed");
        let text = failed.text();
        assert!(text.contains("denies the bot access") && text.contains("certificate (ca_file) or host key"), "{text}");
        assert_eq!(self.subjects(), before);
    }
}
