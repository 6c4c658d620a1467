//! A folder of a test's own, and programs that see nothing of the machine's or the user's configuration.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Commits to the branch from within a hook.
const RACE: &str = "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    new=$(git commit-tree -p main -m race 'main^{tree}') && git update-ref refs/heads/main \"$new\"";

/// The folder with its `home`.
#[derive(Debug, Clone)]
pub(crate) struct Ground(PathBuf);

impl Ground {
    pub(crate) fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder.join("home")).expect("made");
        Self(folder.to_owned())
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.0.join(below)
    }

    /// Runs git as the person; it must succeed.
    pub(crate) fn git(&self, folder: &Path, args: &[&str]) -> String {
        let output = self.try_git(folder, args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        assert!(output.status.success(), "git {args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    pub(crate) fn try_git(&self, folder: &Path, args: &[&str]) -> Output {
        self.hermetic("git").args(args).current_dir(folder).output().expect("git runs")
    }

    /// A command that sees nothing of the machine's or the user's configuration.
    pub(crate) fn hermetic(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "Boris")
            .env("GIT_AUTHOR_EMAIL", "boris@example.org")
            .env("GIT_COMMITTER_NAME", "Boris")
            .env("GIT_COMMITTER_EMAIL", "boris@example.org");
        command
    }

    /// Puts a pre-receive hook into a bare repository.
    pub(crate) fn install_hook(&self, remote: &Path, script: &str) {
        let hook = remote.join("hooks/pre-receive");
        let identity = "export GIT_AUTHOR_NAME=h GIT_AUTHOR_EMAIL=h@h GIT_COMMITTER_NAME=h GIT_COMMITTER_EMAIL=h@h";
        fs::create_dir_all(hook.parent().expect("has one")).expect("made");
        fs::write(&hook, format!("#!/bin/sh\n{identity}\n{script}\n")).expect("written");
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("set");
    }

    /// A hook that, once, commits to the branch before the push that it checks.
    pub(crate) fn install_racing_hook(&self, remote: &Path) {
        let flag = self.path("raced");
        self.install_hook(remote, &format!("[ -e {0} ] && exit 0; touch {0}\n{RACE}", flag.display()));
    }

    /// A hook that commits to the branch before every push that it checks.
    pub(crate) fn install_endless_racing_hook(&self, remote: &Path) {
        self.install_hook(remote, RACE);
    }
}
