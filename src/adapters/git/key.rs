//! Private keys from files, in OpenSSH's, PEM or PuTTY's form, encrypted ones as well.

use std::{
    fs,
    path::{Path, PathBuf},
};

use russh::keys::{Error, PrivateKey, decode_secret_key};
use secrecy::{ExposeSecret, SecretString};

/// No key is longer than this; it keeps a wrong path from filling the memory.
const LONGEST: u64 = 256 << 10;

/// Why a DSA key can't be used.
pub(super) const NO_DSA: &str = "is a DSA key, which neither OpenSSH nor forges accept any more";

/// Where a private key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyFiles {
    /// The key itself.
    pub(super) key: PathBuf,
    /// Its passphrase, on one line.
    pub(super) passphrase: Option<PathBuf>,
    /// What the passphrase's file is called in the configuration.
    pub(super) setting: &'static str,
}

/// What is in the files.
pub(super) struct KeyTexts {
    key: SecretString,
    passphrase: Option<SecretString>,
}

impl KeyFiles {
    /// Reads the files.
    ///
    /// # Errors
    /// A text that names the file.
    pub(super) fn read(&self) -> Result<KeyTexts, String> {
        Ok(KeyTexts { key: read(&self.key)?, passphrase: self.passphrase.as_deref().map(read).transpose()? })
    }

    /// Decodes what was read; with a passphrase that takes long on purpose.
    ///
    /// # Errors
    /// The reason, to stand after the key file's name; never what is in the files.
    pub(super) fn decode(&self, texts: &KeyTexts) -> Result<PrivateKey, String> {
        let key = texts.key.expose_secret();
        let passphrase = texts.passphrase.as_ref().map(|text| text.expose_secret().trim_end_matches(['\n', '\r']));
        if is_public(key) {
            return Err("is a public key: the private one is needed".to_owned());
        }
        if key.contains("-----BEGIN DSA PRIVATE KEY-----") {
            return Err(NO_DSA.to_owned());
        }
        // The decoder takes a passphrase for a sign of an encrypted key, and doesn't see what is encrypted without one.
        let is_encrypted = key.contains("ENCRYPTED");
        let passphrase = passphrase.filter(|_| is_encrypted || !key.contains("PRIVATE KEY-----") || is_openssh(key));
        if is_encrypted && passphrase.is_none() {
            return Err(format!("is encrypted: set {}", self.setting));
        }
        decode_secret_key(key, passphrase).map_err(|error| match (error, passphrase) {
            (Error::KeyIsEncrypted, _) => format!("is encrypted: set {}", self.setting),
            (error, Some(_)) => format!("cannot be used, or the passphrase is wrong: {error}"),
            (error, None) => format!("cannot be used: {error}"),
        })
    }
}

impl KeyTexts {
    /// Whether the files had the same in them.
    pub(super) fn same(&self, other: &Self) -> bool {
        let same = |ours: &SecretString, theirs: &SecretString| ours.expose_secret() == theirs.expose_secret();
        same(&self.key, &other.key)
            && match (&self.passphrase, &other.passphrase) {
                (Some(ours), Some(theirs)) => same(ours, theirs),
                (ours, theirs) => ours.is_none() && theirs.is_none(),
            }
    }
}

fn read(file: &Path) -> Result<SecretString, String> {
    let unreadable = |why: &dyn std::fmt::Display| format!("cannot read {}: {why}", file.display());
    let length = fs::metadata(file).map_err(|error| unreadable(&error))?.len();
    if length > LONGEST {
        return Err(unreadable(&"it is too long to be a key"));
    }
    fs::read_to_string(file).map(SecretString::from).map_err(|error| unreadable(&error))
}

fn is_openssh(text: &str) -> bool {
    text.contains("OPENSSH PRIVATE KEY-----")
}

/// Whether it is what stands in a `.pub` file.
fn is_public(text: &str) -> bool {
    let first = text.split_ascii_whitespace().next().unwrap_or_default();
    ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"].iter().any(|kind| first.starts_with(kind))
        || text.contains("PUBLIC KEY-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(content: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let files = KeyFiles { key: folder.path().join("key"), passphrase: None, setting: "passphrase_file" };
        fs::write(&files.key, content).expect("written");
        files.decode(&files.read().expect("readable")).expect_err("no key")
    }

    #[test]
    fn what_is_no_key_is_told_without_its_content() {
        let reason_of = reason("-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n");
        assert!(reason_of.starts_with("cannot be used: ") && !reason_of.contains("c2VjcmV0"), "{reason_of}");
        assert!(reason("hunter2").starts_with("cannot be used: "));
        assert!(!reason("hunter2").contains("hunter2"));
        for public in
            ["ssh-ed25519 AAAAC3 me@example.org", "sk-ssh-ed25519@openssh.com AAAA", "-----BEGIN PUBLIC KEY-----"]
        {
            assert_eq!(reason(public), "is a public key: the private one is needed");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = KeyFiles { key: folder.path().join("absent"), passphrase: None, setting: "x" };
        let error = files.read().map(drop).expect_err("not there");
        assert!(error.contains("absent"), "{error}");
        fs::write(&files.key, vec![b'x'; (256 << 10) + 1]).expect("written");
        let error = files.read().map(drop).expect_err("too long");
        assert!(error.contains("absent") && error.contains("too long"), "{error}");
    }
}
