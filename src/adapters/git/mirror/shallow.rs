//! Where the history of a repository is cut off: git's file `shallow`, one id a line (git's documentation, "shallow").

use std::{fs, io, path::Path};

use git2::Oid;

use super::fault::MirrorError;

/// The file's name; libgit2 and git look for it.
pub(super) const FILE: &str = "shallow";
/// What it is written as before it is moved into its place.
pub(super) const NEW: &str = "shallow.new";

/// The commits whose parents aren't there, sorted.
pub(in crate::adapters::git) fn read(repository: &Path) -> Result<Vec<Oid>, MirrorError> {
    let text = match fs::read_to_string(repository.join(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(MirrorError::Damaged(format!("{FILE} is not a text")));
        }
        Err(error) => return Err(error.into()),
    };
    let mut cut = text.lines().map(|line| Ok(Oid::from_str(line)?)).collect::<Result<Vec<_>, MirrorError>>()?;
    cut.sort_unstable();
    cut.dedup();
    Ok(cut)
}

/// Writes them down; the caller holds the mirror's lock.
pub(super) fn write(repository: &Path, cut: &[Oid]) -> Result<(), MirrorError> {
    let file = repository.join(FILE);
    if cut.is_empty() {
        return match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        };
    }
    let text: String = cut.iter().map(|id| format!("{id}\n")).collect();
    let new = repository.join(NEW);
    fs::write(&new, text)?;
    Ok(fs::rename(new, file)?)
}
