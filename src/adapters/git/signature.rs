//! SSH signatures on commits, as `git commit -S` makes them with `gpg.format=ssh` (OpenSSH's PROTOCOL.sshsig).

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use russh::keys::{
    Algorithm, HashAlg, PrivateKey,
    ssh_key::{self, LineEnding},
};

use super::{
    key::{KeyFiles, KeyTexts, NO_DSA},
    settings::SigningSettings,
};

/// What the signature is good for: git asks for this one (gpg-interface.c).
const NAMESPACE: &str = "git";
/// The hash of what is signed. RSA keys sign with `rsa-sha2-512`.
const HASH: HashAlg = HashAlg::Sha512;
/// Forges don't take RSA keys with fewer bits.
const MIN_RSA_BITS: u32 = 2048;

/// Looks whether commits can be signed with a key: makes a signature and verifies it.
///
/// # Errors
/// The reason, to stand after the key file's name.
pub fn check_signing_key(key_file: &Path, passphrase_file: Option<&Path>) -> Result<(), String> {
    let (key_file, passphrase_file) = (key_file.to_owned(), passphrase_file.map(Path::to_owned));
    let files = files(&SigningSettings { key_file, passphrase_file });
    files.decode(&files.read()?).and_then(SigningKey::new).map(drop)
}

fn files(settings: &SigningSettings) -> KeyFiles {
    let SigningSettings { key_file, passphrase_file } = settings.clone();
    KeyFiles { key: key_file, passphrase: passphrase_file, setting: "signing.passphrase_file" }
}

/// Where the key is, and the key once it was needed.
pub(super) struct Signer {
    files: KeyFiles,
    ready: Mutex<Option<(KeyTexts, Arc<SigningKey>)>>,
}

/// The files only.
impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Signer {
    pub(super) fn new(settings: &SigningSettings) -> Self {
        Self { files: files(settings), ready: Mutex::new(None) }
    }

    /// The key as it is in its file now; it is decoded only when the file has changed.
    ///
    /// # Errors
    /// A text that names the files, never what is in them.
    pub(super) fn key(&self) -> Result<Arc<SigningKey>, String> {
        let texts = self.files.read()?;
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = ready.as_ref().filter(|(before, _)| before.same(&texts)) {
            return Ok(Arc::clone(key));
        }
        let key = self.files.decode(&texts).and_then(SigningKey::new);
        let key = key.map_err(|reason| format!("the key {} {reason}", self.files.key.display()))?;
        tracing::info!(key = key.fingerprint(), "commits are signed");
        let key = Arc::new(key);
        *ready = Some((texts, Arc::clone(&key)));
        Ok(key)
    }
}

/// A key that has been seen to sign.
pub(super) struct SigningKey(PrivateKey);

impl SigningKey {
    /// Takes a key if it can sign.
    fn new(key: PrivateKey) -> Result<Self, String> {
        if let Some(reason) = unfit(&key) {
            return Err(reason);
        }
        let (key, probe) = (Self(key), b"tiphys".as_slice());
        let failed = |error: ssh_key::Error| format!("cannot sign: {error}");
        let signature = key.0.sign(NAMESPACE, HASH, probe).map_err(failed)?;
        key.0.public_key().verify(NAMESPACE, probe, &signature).map_err(failed)?;
        Ok(key)
    }

    /// Kind and fingerprint, as forges and `ssh-keygen -l` show them.
    fn fingerprint(&self) -> String {
        format!("{} {}", self.0.algorithm(), self.0.fingerprint(HashAlg::Sha256))
    }

    /// Puts a signature into a commit object, which has none yet.
    ///
    /// # Errors
    /// The reason; there is no unsigned commit to fall back on.
    pub(super) fn signed(&self, commit: &[u8]) -> Result<Vec<u8>, String> {
        let end = commit.windows(2).position(|two| two == b"\n\n").ok_or("the commit has no end of its header")?;
        let signature = self.0.sign(NAMESPACE, HASH, commit).and_then(|signature| signature.to_pem(LineEnding::LF));
        let signature = signature.map_err(|error| format!("cannot sign: {error}"))?;
        let (header, rest) = commit.split_at(end + 1);
        // Lines after the first one are told from the next header by the space before them.
        let field = format!("gpgsig {}\n", signature.trim_end().replace('\n', "\n "));
        Ok([header, field.as_bytes(), rest].concat())
    }
}

/// Why nobody would call this key's signatures good, or why it can't make any.
fn unfit(key: &PrivateKey) -> Option<String> {
    const USE: &str = "sign with a key of the kind ed25519, ecdsa or rsa";
    match key.algorithm() {
        Algorithm::Ed25519 | Algorithm::Ecdsa { .. } => None,
        Algorithm::Rsa { .. } => {
            let bits = key.public_key().key_data().rsa().map_or(0, ssh_key::public::RsaPublicKey::key_size);
            (bits < MIN_RSA_BITS).then(|| format!("has {bits} bits only, and an RSA key needs {MIN_RSA_BITS} or more"))
        }
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => {
            Some(format!("is one of a security key (FIDO), which somebody has to touch for each signature: {USE}"))
        }
        Algorithm::Dsa => Some(format!("{NO_DSA}: {USE}")),
        other => Some(format!("is of the kind {other}: {USE}")),
    }
}

#[cfg(test)]
mod tests;
