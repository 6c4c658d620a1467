//! The host keys that are trusted, from a file in OpenSSH's `known_hosts` format (sshd(8)).
//!
//! Names, hashed names and `[host]:port` are understood, and `@revoked` lines for any host. Wildcards and
//! `@cert-authority` lines aren't: such hosts count as unknown.

use std::{fs, path::Path};

use russh::keys::{Algorithm, PublicKey, known_hosts::known_host_keys_path, parse_public_key_base64};

/// What the file says about a key that a host shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is that host's.
    Known,
    /// The file has no key of that host.
    Unknown,
    /// The file has other keys of that host.
    Changed,
    /// The file says that nobody may use it any more.
    Revoked,
}

/// The keys of one host.
#[derive(Debug)]
pub(super) struct HostKeys {
    known: Vec<PublicKey>,
    revoked: Vec<PublicKey>,
}

impl HostKeys {
    /// Reads the keys of one host; its name is compared without regard to case.
    pub(super) fn read(file: &Path, host: &str, port: u16) -> Result<Self, String> {
        let unusable = |why: String| format!("cannot use the known hosts {}: {why}", file.display());
        let text = fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
        let known =
            known_host_keys_path(&host.to_ascii_lowercase(), port, file).map_err(|e| unusable(e.to_string()))?;
        let revoked = text.lines().filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some("@revoked")).then(|| words.nth(2)).flatten()
        });
        Ok(Self {
            known: known.into_iter().map(|(_, key)| key).collect(),
            revoked: revoked.filter_map(|key| parse_public_key_base64(key).ok()).collect(),
        })
    }

    /// Whether there is no key of the host that could be accepted.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The host's keys as the file has them.
    pub(super) fn known(&self) -> impl Iterator<Item = &PublicKey> {
        self.known.iter()
    }

    /// Judges the key that the host shows.
    pub(super) fn judge(&self, shown: &PublicKey) -> Trust {
        let is_shown = |key: &PublicKey| key.key_data() == shown.key_data();
        if self.revoked.iter().any(is_shown) {
            Trust::Revoked
        } else if self.known.iter().any(is_shown) {
            Trust::Known
        } else if self.known.is_empty() {
            Trust::Unknown
        } else {
            Trust::Changed
        }
    }

    /// The algorithms to ask the host for: those of its known keys first, so that it shows a key that can be judged.
    pub(super) fn preferred(&self) -> Vec<Algorithm> {
        let is_known = |algorithm: &Algorithm| {
            self.known.iter().any(|key| {
                // An RSA key is the same with any hash.
                let both_rsa =
                    |known: &Algorithm| matches!((known, algorithm), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }));
                key.algorithm() == *algorithm || both_rsa(&key.algorithm())
            })
        };
        // Not RSA with SHA-1, which OpenSSH doesn't accept any more either.
        let all = russh::Preferred::default().key.into_owned();
        let all = all.into_iter().filter(|algorithm| !matches!(algorithm, Algorithm::Rsa { hash: None }));
        let (mut first, rest): (Vec<_>, Vec<_>) = all.partition(is_known);
        first.extend(rest);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const OTHER: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";
    const HASHED: &str = "|1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak=";

    fn judge(lines: &str, host: &str, port: u16) -> Trust {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("known_hosts");
        fs::write(&file, lines).expect("written");
        let shown = parse_public_key_base64(ED25519).expect("a key");
        HostKeys::read(&file, host, port).expect("readable").judge(&shown)
    }

    #[test]
    fn a_key_must_be_that_hosts() {
        let known = format!("# comment\nother,host.example ssh-ed25519 {ED25519} note\n");
        assert_eq!(judge(&known, "host.example", 22), Trust::Known);
        assert_eq!(judge(&known, "Host.Example", 22), Trust::Known);
        assert_eq!(judge(&known, "host.example", 2222), Trust::Unknown);
        assert_eq!(judge(&known, "third.example", 22), Trust::Unknown);
        assert_eq!(judge("", "host.example", 22), Trust::Unknown);
        assert_eq!(judge(&format!("[host.example]:2222 ssh-ed25519 {ED25519}\n"), "host.example", 2222), Trust::Known);
        assert_eq!(judge(&format!("{HASHED} ssh-ed25519 {ED25519}\n"), "example.com", 22), Trust::Known);
        assert_eq!(judge(&format!("host.example ssh-ed25519 {OTHER}\n"), "host.example", 22), Trust::Changed);
        let both = format!("host.example ssh-ed25519 {OTHER}\nhost.example ssh-ed25519 {ED25519}\n");
        assert_eq!(judge(&both, "host.example", 22), Trust::Known, "a host may have two keys while they are changed");
        let revoked = format!("host.example ssh-ed25519 {ED25519}\n@revoked * ssh-ed25519 {ED25519}\n");
        assert_eq!(judge(&revoked, "host.example", 22), Trust::Revoked);
        let authority = format!("@cert-authority host.example ssh-ed25519 {ED25519}\n");
        assert_eq!(judge(&authority, "host.example", 22), Trust::Unknown);
    }

    #[test]
    fn the_known_algorithm_is_asked_for_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("known_hosts");
        fs::write(&file, format!("host ssh-ed25519 {ED25519}\n")).expect("written");
        let keys = HostKeys::read(&file, "host", 22).expect("readable");
        assert_eq!(keys.preferred().first(), Some(&Algorithm::Ed25519));
        assert!(HostKeys::read(&folder.path().join("nothing"), "host", 22).is_err());
    }
}
