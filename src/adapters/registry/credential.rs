//! A token or password that is read anew for each use, so that a rotated one counts at once.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;

use crate::ports::RegistryError;

/// The largest file that is taken for a token, in bytes.
const MAX_LENGTH: u64 = 64 * 1024;

/// Where a token or password comes from.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A file, read at each use; white space around its content doesn't belong to it.
    File(PathBuf),
    /// A value that was read from the environment.
    Value(SecretString),
}

impl Credential {
    /// The token as it is now.
    ///
    /// # Errors
    /// [`Forbidden`](crate::domain::registry_fault::RegistrySilence::Forbidden) when the file can't be read or holds no token.
    pub(super) async fn read(&self) -> Result<SecretString, RegistryError> {
        let (text, place) = match self {
            Self::Value(value) => (value.expose_secret().to_owned(), "the token".to_owned()),
            Self::File(path) => {
                let place = format!("the token file {}", path.display());
                let fault =
                    |error: std::io::Error| RegistryError::forbidden(format!("{place} cannot be read: {error}"));
                let file = tokio::fs::File::open(path).await.map_err(fault)?;
                let mut text = String::new();
                file.take(MAX_LENGTH).read_to_string(&mut text).await.map_err(fault)?;
                (text, place)
            }
        };
        let token = text.trim();
        if token.is_empty() || token.chars().any(char::is_control) {
            return Err(RegistryError::forbidden(format!("{place} holds no single line of text")));
        }
        Ok(SecretString::from(token.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_anew_each_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let credential = Credential::File(path.clone());
        let missing = credential.read().await.expect_err("no file yet");
        assert!(missing.to_string().contains("cannot be read"), "{missing}");
        for (content, expected) in [("one\n", Some("one")), ("two\r\n", Some("two")), ("", None), ("a\nb", None)] {
            std::fs::write(&path, content).expect("written");
            let read = credential.read().await;
            assert_eq!(read.ok().map(|token| token.expose_secret().to_owned()).as_deref(), expected, "{content:?}");
        }
    }

    #[tokio::test]
    async fn a_secret_shows_neither_in_debug_nor_in_errors() {
        let credential = Credential::Value(SecretString::from("glpat-\nsecret".to_owned()));
        assert!(!format!("{credential:?}").contains("glpat"));
        let error = credential.read().await.expect_err("two lines");
        assert!(!format!("{error} {error:?}").contains("glpat"));
    }
}
