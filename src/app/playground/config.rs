//! The configuration of the playground's bot: a file like any other, so that it can be read and copied.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::{
    domain::language::Language,
    sandbox::{stage::Cast, world::World},
};

/// The bot's token in the sandbox; it opens nothing outside it.
pub(super) const TOKEN: &str = "4242:playground";
/// The names of what is written, and the line by which a later run knows it.
const FILE: &str = "tiphys.yaml";
const TOKEN_FILE: &str = "telegram-token";
const KUBECONFIG_FILE: &str = "kubeconfig";
const FIRST_LINE: &str = "# The playground's configuration.";
/// The file that is locked while a playground runs in the folder.
const LOCK_FILE: &str = "playground.lock";
/// The chat.
pub(super) const CHAT: i64 = -1_001_234_567_890;

/// The chat's title.
pub(super) fn title(language: Language) -> &'static str {
    match language {
        Language::Ru => "Эксплуатация",
        Language::En => "Operations",
    }
}

/// The people around: two whom the bot knows, and a stranger.
pub(super) fn cast(language: Language) -> Vec<Cast> {
    let names = match language {
        Language::Ru => ["Анна Иванова", "Борис Петров", "Незнакомец"],
        Language::En => ["Anna Ivanova", "Boris Petrov", "Stranger"],
    };
    let person = |(id, name): (i64, &str)| Cast { id, name: name.to_owned(), allowed: id < 2000 };
    [1001, 1002, 6666].into_iter().zip(names).map(person).collect()
}

/// The first of them may cordon nodes, the second sees what it looks like without that right.
fn can(person: i64) -> &'static str {
    if person == 1001 { ", can: [nodes]" } else { "" }
}

/// The folder of `--dir` is somebody else's.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::app) struct FolderTaken(String);

/// Takes the folder for this playground alone, as long as the file that is returned stays open.
///
/// Nothing of somebody else's is written over: the folder may be a real bot's.
///
/// # Errors
/// [`FolderTaken`] when the folder has a file of a name that [`write()`] takes, and isn't the playground's, or when another
/// playground runs there.
pub(super) fn claim(dir: &Path) -> anyhow::Result<fs::File> {
    let ours = fs::read(dir.join(FILE)).is_ok_and(|text| text.starts_with(FIRST_LINE.as_bytes()));
    let taken = [FILE, TOKEN_FILE, KUBECONFIG_FILE].map(|name| dir.join(name));
    if let Some(path) = taken.iter().find(|path| !ours && path.symlink_metadata().is_ok()) {
        let text = format!("{} is not the playground's: choose an empty folder for --dir", path.display());
        return Err(FolderTaken(text).into());
    }
    let named = || format!("the folder {}", dir.display());
    let lock = fs::File::options().write(true).create(true).truncate(false).open(dir.join(LOCK_FILE));
    let lock = lock.with_context(named)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => {
            let text = format!("another playground runs in {}: choose another folder for --dir", dir.display());
            Err(FolderTaken(text).into())
        }
        Err(fs::TryLockError::Error(error)) => Err(error).with_context(named),
    }
}

/// Writes `tiphys.yaml` and what it names into the folder; returns its path.
pub(super) fn write(dir: &Path, world: &World, telegram: &str, page: &str, language: Language) -> io::Result<PathBuf> {
    let language_code = match language {
        Language::Ru => "ru",
        Language::En => "en",
    };
    private(&dir.join(TOKEN_FILE), TOKEN)?;
    private(&dir.join(KUBECONFIG_FILE), &world.kubeconfig())?;
    let people: String = cast(language)
        .iter()
        .filter(|person| person.allowed)
        .map(|p| format!("  - {{ id: {}, name: {}, email: person-{}@example.org{} }}\n", p.id, p.name, p.id, can(p.id)))
        .collect();
    let text = format!(
        "{FIRST_LINE} The addresses are those of one run.
language: {language_code}
telegram:
  token_file: {TOKEN_FILE}
  api_url: {telegram}
  chats:
    - id: {CHAT}
people:
{people}repository:
  url: {repository}
  branch: main
  mirror: mirror.git
  committer: {{ name: tiphys, email: tiphys@example.org }}
  web_url: {page}
registry:
  kind: gitlab
  url: {registry}
kubernetes:
  kubeconfig: {KUBECONFIG_FILE}
  context: sandbox
applications:
  - name: oil-refinery-application
    image: registry.gitlab.example.org/team/oil-refinery-application
    environments:
      - name: prod
        path: apps/oil-refinery-application/overlays/prod
        workload: {{ namespace: oil-refinery, name: oil-refinery-application }}
        argocd: {{ namespace: argocd, name: oil-refinery-application-prod }}
",
        repository = quoted(&world.repository_path().to_string_lossy()),
        registry = world.registry_url(),
    );
    let file = dir.join(FILE);
    fs::write(&file, text)?;
    Ok(file)
}

/// A YAML scalar in double quotes, escaped as in JSON: a folder's name may hold anything.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Writes a file that only its owner can read.
fn private(path: &Path, text: &str) -> io::Result<()> {
    use io::Write;
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")
}
