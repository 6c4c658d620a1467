//! Where a secret is kept, and how it is read.

use std::{io::Read, path::PathBuf};

use secrecy::{SecretString, zeroize::Zeroize};

/// No secret is longer than this; it keeps a wrong path from filling the memory.
const LONGEST: u64 = 64 * 1024;

/// Where a secret is kept. It is read when it is needed, so that a rotated one is picked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

/// Why a secret can't be read. Never holds any of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The file can't be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The environment variable isn't set.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// There is nothing but white space.
    #[error("{0} is empty")]
    Empty(String),
    /// It has several lines or control characters: it isn't a token or a password.
    #[error("{0} is not a single line of text")]
    NotOneLine(String),
}

impl SecretSource {
    /// Reads the secret, without the line end at its end.
    ///
    /// # Errors
    /// [`SecretError`] when there is none, or what is there can't be one.
    pub fn read(&self) -> Result<SecretString, SecretError> {
        self.read_with(&|name| std::env::var(name).ok())
    }

    /// Reads the secret with the environment given.
    pub(super) fn read_with(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<SecretString, SecretError> {
        let (mut text, whence) = match self {
            Self::Env(name) => (env(name).ok_or_else(|| SecretError::Unset(name.clone()))?, format!("variable {name}")),
            Self::File(path) => (self.read_file(path)?, path.display().to_string()),
        };
        let secret = text.trim_end_matches(['\r', '\n']);
        let result = if secret.trim().is_empty() {
            Err(SecretError::Empty(whence))
        } else if secret.contains(char::is_control) {
            Err(SecretError::NotOneLine(whence))
        } else {
            Ok(SecretString::from(secret))
        };
        text.zeroize();
        result
    }

    fn read_file(&self, path: &PathBuf) -> Result<String, SecretError> {
        let failed = |reason: String| SecretError::File { path: path.clone(), reason };
        let file = std::fs::File::open(path).map_err(|error| failed(error.to_string()))?;
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn of_file(content: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, content).expect("written");
        let shown = |e: SecretError| e.to_string().replace(&folder.path().display().to_string(), "DIR");
        SecretSource::File(path).read().map(|s| s.expose_secret().to_owned()).map_err(shown)
    }

    #[test]
    fn the_line_end_is_not_part_of_the_secret() {
        assert_eq!(of_file(b"42:abc\n").as_deref(), Ok("42:abc"));
        assert_eq!(of_file(b"42:abc\r\n").as_deref(), Ok("42:abc"));
        assert_eq!(of_file(b" pass word ").as_deref(), Ok(" pass word "));
        assert_eq!(of_file(b"\n"), Err("DIR/token is empty".into()));
        assert_eq!(of_file(b"a\nb\n"), Err("DIR/token is not a single line of text".into()));
        assert_eq!(of_file(b"\xff\xfe"), Err("DIR/token: stream did not contain valid UTF-8".into()));
    }

    #[test]
    fn the_environment_is_read_by_name() {
        let env = |name: &str| (name == "TOKEN").then(|| "t".to_owned());
        let read = |name: &str| SecretSource::Env(name.into()).read_with(&env).map(|s| s.expose_secret().to_owned());
        assert_eq!(read("TOKEN"), Ok("t".into()));
        assert_eq!(read("OTHER"), Err(SecretError::Unset("OTHER".into())));
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let env = |_: &str| Some("hunter2".to_owned());
        let secret = SecretSource::Env("T".into()).read_with(&env);
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
