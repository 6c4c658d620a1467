//! Keys of every kind, made here; `tests/git/signing.rs` has git's own opinion of the signatures.

use std::{fs, path::PathBuf};

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
use russh::keys::{
    decode_secret_key,
    ssh_key::{
        Cipher, Kdf, Mpint, SshSig,
        private::{DsaKeypair, DsaPrivateKey, KeypairData, RsaKeypair, RsaPrivateKey, SkEcdsaSha2NistP256, SkEd25519},
        public,
    },
};

use super::*;

const COMMIT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Анна <a@b> 0 +0000\ncommitter t <t@t> 0 +0000\n\n\
                      subject\n\nbody\n";

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        fs::write(self.path(name), content).expect("written");
        self.path(name)
    }

    fn signer(&self, passphrase: bool) -> Signer {
        let passphrase_file = passphrase.then(|| self.path("passphrase"));
        Signer::new(&SigningSettings { key_file: self.path("key"), passphrase_file })
    }
}

fn ed25519() -> PrivateKey {
    decoded(&KeyPair::generate_for(&PKCS_ED25519).expect("a key"))
}

fn decoded(pair: &KeyPair) -> PrivateKey {
    decode_secret_key(&pair.serialize_pem(), None).expect("a key")
}

fn openssh(key: &PrivateKey) -> String {
    key.to_openssh(LineEnding::LF).expect("a text").to_string()
}

/// As `ssh-keygen` does it, with fewer rounds: these take long without optimisation.
fn encrypted(key: &PrivateKey, passphrase: &str) -> String {
    let kdf = Kdf::Bcrypt { salt: vec![7; 16], rounds: 1 };
    openssh(&key.encrypt_with(Cipher::Aes256Ctr, kdf, 42, passphrase).expect("encrypted"))
}

/// The signature of a signed commit, which without it is the commit as it was.
fn signature(signed: &[u8]) -> SshSig {
    let signed = std::str::from_utf8(signed).expect("utf-8");
    let start = signed.find("\ngpgsig ").expect("signed") + 1;
    let end = signed.find("\n\n").expect("a header") + 1;
    let field = &signed[start..end];
    assert_eq!(format!("{}{}", &signed[..start], &signed[end..]), COMMIT);
    assert!(field.lines().skip(1).all(|line| line.starts_with(' ') && line.len() > 1), "{field}");
    let pem = field.trim_start_matches("gpgsig ").lines().map(|line| line.trim_start()).collect::<Vec<_>>().join("\n");
    pem.parse().expect("a signature")
}

#[test]
fn every_kind_of_key_signs_for_git_with_sha512() {
    let kinds = [&PKCS_ED25519, &PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384];
    let mut pairs: Vec<_> = kinds.map(|kind| KeyPair::generate_for(kind).expect("a key")).into();
    pairs.push(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("a key"));
    for pair in &pairs {
        let (files, key) = (Files::new(), decoded(pair));
        let mut forms = vec![encrypted(&key, "open sesame"), openssh(&key), pair.serialize_pem()];
        // RSA takes seconds without optimisation.
        forms.truncate(if key.algorithm().is_rsa() { 1 } else { 3 });
        for form in forms {
            files.write("key", &form);
            files.write("passphrase", "open sesame\n");
            let signed = files.signer(true).key().expect("a key").signed(COMMIT.as_bytes()).expect("signed");
            let signature = signature(&signed);
            key.public_key().verify("git", COMMIT.as_bytes(), &signature).expect("good");
            key.public_key().verify("git", b"another", &signature).expect_err("of another text");
            assert_eq!(signature.hash_alg(), HashAlg::Sha512);
            if let Algorithm::Rsa { hash } = signature.algorithm() {
                assert_eq!(hash, Some(HashAlg::Sha512), "not ssh-rsa, which nobody takes any more");
            }
        }
    }
}

#[test]
fn a_key_that_cannot_sign_is_told_why() {
    let files = Files::new();
    let reason = |text: &str| {
        let path = files.write("key", text);
        let reason = check_signing_key(&path, None).expect_err("unfit");
        let error = files.signer(false).key().map(drop).expect_err("unfit");
        assert_eq!(error, format!("the key {} {reason}", path.display()));
        reason
    };
    let of = |data: KeypairData| openssh(&PrivateKey::new(data, "x").expect("a key"));
    let Some(point) = ed25519().public_key().key_data().ed25519().copied() else { panic!("ed25519") };
    let touched = SkEd25519::new(public::SkEd25519::new(point, "ssh:"), 1, vec![1; 64]).expect("a key");
    let p256 = decoded(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key"));
    let Some(public::EcdsaPublicKey::NistP256(point)) = p256.public_key().key_data().ecdsa().copied() else {
        panic!("P-256")
    };
    let also = SkEcdsaSha2NistP256::new(public::SkEcdsaSha2NistP256::new(point, "ssh:"), 1, vec![1; 64]);
    for data in [KeypairData::from(touched), also.expect("a key").into()] {
        let reason = reason(&of(data));
        assert!(reason.starts_with("is one of a security key (FIDO)") && reason.contains("ed25519, ecdsa or rsa"));
    }

    let number = |bytes: usize| Mpint::from_positive_bytes(&vec![0xc5; bytes]);
    let dsa = public::DsaPublicKey::new(number(128), number(20), number(127), number(127)).expect("numbers");
    let dsa = DsaKeypair::new(dsa, DsaPrivateKey::new(number(19)).expect("a number")).expect("a key");
    assert!(reason(&of(dsa.into())).starts_with("is a DSA key"));
    assert!(reason("-----BEGIN DSA PRIVATE KEY-----\nMIIB\n-----END DSA PRIVATE KEY-----\n").contains("DSA"));

    let small = public::RsaPublicKey::new(number(3), number(128)).expect("numbers");
    let private = RsaPrivateKey::new(number(128), number(64), number(64), number(64)).expect("numbers");
    let small = RsaKeypair::new(small, private).expect("a key");
    assert_eq!(reason(&of(small.into())), "has 1024 bits only, and an RSA key needs 2048 or more");

    assert_eq!(reason(&encrypted(&ed25519(), "x")), "is encrypted: set signing.passphrase_file");
    let public = ed25519().public_key().to_openssh().expect("a text");
    assert_eq!(reason(&public), "is a public key: the private one is needed");
    assert!(reason("nothing of the kind").starts_with("cannot be used"));
}

#[test]
fn a_key_that_is_replaced_is_read_again_and_no_other_time() {
    let files = Files::new();
    let (first, second) = (ed25519(), ed25519());
    files.write("key", &openssh(&first));
    let signer = files.signer(false);
    let key = signer.key().expect("a key");
    assert!(Arc::ptr_eq(&key, &signer.key().expect("a key")), "not decoded again");
    files.write("key", &openssh(&second));
    let signed = signer.key().expect("a key").signed(COMMIT.as_bytes()).expect("signed");
    second.public_key().verify("git", COMMIT.as_bytes(), &signature(&signed)).expect("by the new one");

    files.write("key", "garbage");
    signer.key().map(drop).expect_err("the old one is not used any more");
    fs::remove_file(files.path("key")).expect("removed");
    let error = signer.key().map(drop).expect_err("gone");
    assert!(error.contains(&files.path("key").display().to_string()), "{error}");
}

#[test]
fn nothing_secret_is_told() {
    let files = Files::new();
    let text = encrypted(&ed25519(), "open sesame");
    files.write("key", &text);
    files.write("passphrase", "open barley\n");
    let signer = files.signer(true);
    let error = signer.key().map(drop).expect_err("the wrong passphrase");
    assert!(error.contains("the passphrase is wrong"), "{error}");
    files.write("passphrase", "open sesame\n");
    signer.key().expect("the right one");
    let told = format!("{error} {signer:?}");
    for secret in ["sesame", "barley", text.lines().nth(2).expect("three lines")] {
        assert!(!told.contains(secret), "{told}");
    }
}
