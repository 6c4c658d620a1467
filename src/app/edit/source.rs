//! Reads what is to be edited, and only what can be: an ordinary file of bearable size, or standard input.

use std::{
    fs::{self, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{Access, OFlags, access};

use crate::domain::edit::{FileFault, SpecialFile};

/// More than any manifest has, and more than the editor reads.
pub(super) const MAX_BYTES: u64 = crate::manifest::tree::MAX_BYTES as u64;

/// A file as it was read.
#[derive(Debug)]
pub(super) struct Source {
    /// As it was named.
    pub(super) shown: String,
    /// Where it really is: links are resolved. `None` for standard input.
    pub(super) target: Option<PathBuf>,
    /// What was read.
    pub(super) bytes: Vec<u8>,
    /// What the file was then.
    metadata: Option<Metadata>,
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FileFault`] where it isn't an ordinary file of bearable size, or can't be read.
    pub(super) fn file(path: &Path, shown: String) -> Result<Self, FileFault> {
        let target = resolved(path)?;
        let before = target.metadata().map_err(|error| FileFault::Read(error.to_string()))?;
        ordinary(&before)?;
        // If it becomes a pipe just now, opening it must not wait for a writer.
        let file = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&target);
        let file = file.map_err(|error| FileFault::Read(error.to_string()))?;
        let metadata = file.metadata().map_err(|error| FileFault::Read(error.to_string()))?;
        ordinary(&metadata)?;
        let bytes = read(file)?;
        Ok(Self { shown, target: Some(target), bytes, metadata: Some(metadata) })
    }

    /// Reads a stream to its end.
    ///
    /// # Errors
    /// [`FileFault`] where it is too large or breaks.
    pub(super) fn stream(stream: impl Read, shown: String) -> Result<Self, FileFault> {
        Ok(Self { shown, target: None, bytes: read(stream)?, metadata: None })
    }

    /// What the file was when it was read, and where, unless it is a stream.
    pub(super) fn place(&self) -> Option<(&Path, &Metadata)> {
        self.target.as_deref().zip(self.metadata.as_ref())
    }

    /// Whether it may be replaced.
    ///
    /// # Errors
    /// [`FileFault`] for a file that is read-only or has several names.
    pub(super) fn replaceable(&self) -> Result<(), FileFault> {
        let Some((target, metadata)) = self.place() else { return Ok(()) };
        if metadata.nlink() > 1 {
            return Err(FileFault::HardLinks { links: metadata.nlink() });
        }
        // To root all files are writable: the mode tells what is meant.
        if metadata.mode() & 0o222 == 0 || access(target, Access::WRITE_OK).is_err() {
            return Err(FileFault::ReadOnly);
        }
        let folder = target.parent().unwrap_or(Path::new("/"));
        access(folder, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| FileFault::FolderReadOnly(io::Error::from(error).to_string()))
    }

    /// Whether the file is still what was read.
    ///
    /// # Errors
    /// [`FileFault::Changed`] where it isn't.
    pub(super) fn unchanged(&self) -> Result<(), FileFault> {
        let Some((target, metadata)) = self.place() else { return Ok(()) };
        let now = Self::file(target, self.shown.clone()).map_err(|_| FileFault::Changed)?;
        let same = now.metadata.is_some_and(|now| (now.dev(), now.ino()) == (metadata.dev(), metadata.ino()));
        if same && now.bytes == self.bytes { Ok(()) } else { Err(FileFault::Changed) }
    }
}

/// A path without links.
///
/// # Errors
/// [`FileFault`] where it leads nowhere.
pub(super) fn resolved(path: &Path) -> Result<PathBuf, FileFault> {
    path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if fs::symlink_metadata(path).is_ok() => FileFault::DanglingLink,
        io::ErrorKind::NotFound => FileFault::Missing,
        _ => FileFault::Read(error.to_string()),
    })
}

fn ordinary(metadata: &Metadata) -> Result<(), FileFault> {
    let kind = metadata.file_type();
    if kind.is_dir() {
        Err(FileFault::Folder)
    } else if kind.is_fifo() {
        Err(FileFault::Special(SpecialFile::Pipe))
    } else if kind.is_socket() {
        Err(FileFault::Special(SpecialFile::Socket))
    } else if !kind.is_file() {
        Err(FileFault::Special(SpecialFile::Device))
    } else if metadata.len() > MAX_BYTES {
        Err(FileFault::TooLarge { limit: MAX_BYTES })
    } else {
        Ok(())
    }
}

fn read(stream: impl Read) -> Result<Vec<u8>, FileFault> {
    let mut bytes = vec![];
    let read = stream.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| FileFault::Read(error.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES { Err(FileFault::TooLarge { limit: MAX_BYTES }) } else { Ok(bytes) }
}
