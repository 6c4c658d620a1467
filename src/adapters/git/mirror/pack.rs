//! Takes packs in. A pack is there as a whole or not at all: its index is written last, and under another name first.

use std::io::Write;

use git2::{Indexer, Odb, Repository};

use super::fault::MirrorError;

/// Takes a pack in, chunk by chunk; what it builds on and doesn't have in it must be in the repository already.
pub(in crate::adapters::git) struct PackWriter<'r> {
    // Dropped before the object database that it looks into.
    indexer: Indexer<'r>,
    _odb: Odb<'r>,
}

impl<'r> PackWriter<'r> {
    pub(in crate::adapters::git) fn new(repository: &'r Repository) -> Result<Self, MirrorError> {
        let odb = repository.odb()?;
        // That everything is there which it refers to isn't checked: it would take as long as reading all trees, and
        // whoever reads finds out.
        let indexer = Indexer::new(Some(&odb), &repository.path().join("objects/pack"), 0, false)?;
        Ok(Self { indexer, _odb: odb })
    }

    pub(in crate::adapters::git) fn write(&mut self, chunk: &[u8]) -> Result<(), MirrorError> {
        self.indexer.write_all(chunk).map_err(|error| {
            // libgit2's text tells a full disk from a bad pack.
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<git2::Error>());
            let text = inner.map_or_else(|| error.to_string(), |inner| inner.message().to_owned());
            MirrorError::from(git2::Error::from_str(&format!("a pack can't be written: {text}")))
        })
    }

    /// Ends it; tells what is in the middle of the pack's name.
    pub(in crate::adapters::git) fn finish(self) -> Result<String, MirrorError> {
        Ok(self.indexer.commit()?)
    }
}
