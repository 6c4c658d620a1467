//! A folder with files, and the program run in it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

pub(crate) const KUSTOMIZATION: &str = "\
# Production. Changed by the release bot.
resources:
  - ../base   # keep

images:
  - name: registry.example.org:5000/team/app  # ours
    newTag: \"0.10.4\"   # was 0.10.3
  - name: sidecar
    newName: mirror.example.org/sidecar
    digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

replicas:
  - name: web
    count: 2
";

pub(crate) const IMAGE: &str = "registry.example.org:5000/team/app";
pub(crate) const DIGEST: &str = "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Standard output of a run that went well and had nothing to say on standard error.
    pub(crate) fn well(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
        self.out
    }

    /// Code and messages of one that was refused.
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.out, "", "{self:?}");
        format!("{}: {}", self.code.expect("no signal"), self.err)
    }
}

/// A folder of its own.
pub(crate) struct World {
    folder: TempDir,
}

impl World {
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// A folder with files.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let world = Self::empty();
        for (name, text) in files {
            world.write(name, text);
        }
        world
    }

    /// A folder with the usual kustomization.
    pub(crate) fn kustomization() -> Self {
        Self::of(&[("kustomization.yaml", KUSTOMIZATION)])
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).expect("readable")).expect("UTF-8")
    }

    /// The names in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }

    /// The program with these arguments, in this folder and in no language but English.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiphys"));
        command.arg("edit").args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["LC_ALL", "LC_MESSAGES", "NO_COLOR", "TIPHYS_CONFIG", "TIPHYS_LOG"] {
            command.env_remove(name);
        }
        command.env("LANG", "C").env("HOME", self.folder.path());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&self.command(args).output().expect("runs"))
    }

    /// Runs it with this standard input.
    pub(crate) fn filter(&self, args: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("runs");
        let mut stdin = child.stdin.take().expect("piped");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // One that refuses its arguments doesn't read.
            drop(stdin.write_all(&input));
        });
        let output = child.wait_with_output().expect("ends");
        writer.join().expect("written");
        Ran::of(&output)
    }

    /// Runs git here, away from the machine's configuration.
    pub(crate) fn git(&self, args: &[&str], input: &str) -> Ran {
        let mut command = Command::new("git");
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env_remove("GIT_DIR").env("GIT_CEILING_DIRECTORIES", "/");
        let mut child = command.spawn().expect("git runs");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("written");
        Ran::of(&child.wait_with_output().expect("ends"))
    }
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("readable");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
