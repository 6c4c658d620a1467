//! Signed commits, and git's opinion of them.

use std::fs;

use russh::keys::{
    Algorithm, PrivateKey,
    ssh_key::{LineEnding, SshSig, private::Ed25519Keypair},
};
use tiphys::{
    adapters::git::{GitRepository, SigningSettings},
    domain::name::Revision,
    ports::{ManifestRepository, RepositoryError},
};

use crate::{
    sshd::make_key,
    support::{World, deploy},
};

fn repository(world: &World, passphrase: bool) -> GitRepository {
    let mut settings = world.settings(world.remote().to_str().expect("utf-8"));
    let passphrase_file = passphrase.then(|| world.path("passphrase"));
    settings.signing = Some(SigningSettings { key_file: world.path("signing"), passphrase_file });
    GitRepository::new(settings).expect("valid settings")
}

/// Puts an Ed25519 key there.
fn place_key(world: &World, seed: u8) -> PrivateKey {
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
    fs::write(world.path("signing"), key.to_openssh(LineEnding::LF).expect("a text")).expect("written");
    key
}

/// Checks the signature of a commit in the remote as git does: over the commit without its field.
fn assert_signed_by(world: &World, key: &PrivateKey, commit: &Revision) {
    let object = world.git(&world.remote(), &["cat-file", "commit", commit.as_str()]) + "\n";
    let start = object.find("\ngpgsig ").expect("signed") + 1;
    let end = object.find("\n\n").expect("a header") + 1;
    let pem = object[start..end].trim_start_matches("gpgsig ").replace("\n ", "\n");
    let signature: SshSig = pem.trim_end().parse().expect("a signature");
    let unsigned = format!("{}{}", &object[..start], &object[end..]);
    assert_eq!(signature.algorithm(), Algorithm::Ed25519);
    key.public_key().verify("git", unsigned.as_bytes(), &signature).expect("good");
}

#[tokio::test]
async fn every_commit_of_a_push_is_signed_by_the_key_of_the_day() {
    let world = World::new();
    let first = place_key(&world, 1);
    let repository = repository(&world, false);
    let base = repository.fetch().await.expect("fetched");
    let pushed = repository.push(&base, vec![deploy("cli/1", "1.1"), deploy("cli/2", "1.2")]).await.expect("pushed");
    for commit in &pushed {
        assert_signed_by(&world, &first, commit);
    }
    let second = place_key(&world, 2);
    let pushed = repository.push(&pushed[1], vec![deploy("cli/3", "1.3")]).await.expect("pushed");
    assert_signed_by(&world, &second, &pushed[0]);
    world.assert_sound(5);
    world.git(&world.path("mirror.git"), &["fsck", "--strict", "--full"]);
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_pushed() {
    let world = World::new();
    place_key(&world, 1);
    let repository = repository(&world, true);
    let base = repository.fetch().await.expect("fetched");
    let refused = async |words: &str| {
        let error = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect_err("not signed");
        assert!(matches!(&error, RepositoryError::Signing(text) if text.contains(words)), "{words}: {error}");
        assert_eq!(world.remote_head(), base);
    };
    refused("passphrase").await;
    fs::write(world.path("passphrase"), "never asked for\n").expect("written");
    fs::write(world.path("signing"), "ssh-ed25519 AAAA me@example.org").expect("written");
    refused("public key").await;
    fs::remove_file(world.path("signing")).expect("removed");
    refused("signing").await;

    let key = place_key(&world, 3);
    let pushed = repository.push(&base, vec![deploy("cli/1", "1.1")]).await.expect("pushed");
    assert_signed_by(&world, &key, &pushed[0]);
    world.assert_sound(3);
}

#[tokio::test]
#[ignore = "needs ssh-keygen"]
async fn git_calls_the_signatures_good() {
    for (kind, passphrase) in [
        ("ed25519", ""),
        ("ed25519", "open sesame"),
        ("ecdsa", ""),
        ("ecdsa", "open sesame"),
        ("rsa", ""),
        ("rsa", "open sesame"),
    ] {
        let world = World::new();
        make_key(&world, "signing", kind, passphrase);
        make_key(&world, "stranger", kind, "");
        fs::write(world.path("passphrase"), format!("{passphrase}\n")).expect("written");
        let repository = repository(&world, !passphrase.is_empty());
        let base = repository.fetch().await.expect("fetched");
        repository.push(&base, vec![deploy("cli/1", "1.1"), deploy("cli/2", "1.2")]).await.expect("pushed");
        let verify = |key: &str, commit: &str| {
            let public = fs::read_to_string(world.path(&format!("{key}.pub"))).expect("readable");
            fs::write(world.path("allowed"), format!("tiphys@example.org {public}")).expect("written");
            let allowed = format!("gpg.ssh.allowedSignersFile={}", world.path("allowed").display());
            world.try_git(&world.remote(), &["-c", &allowed, "verify-commit", "-v", commit])
        };
        for commit in ["main", "main~"] {
            let output = verify("signing", commit);
            let words = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{kind}: {words}");
            let good = format!("Good \"git\" signature for tiphys@example.org with {} key", kind.to_uppercase());
            assert!(words.contains(&good), "{kind}: {words}");
            assert!(!verify("stranger", commit).status.success(), "{kind}: not anybody's");
        }
        assert!(!verify("signing", "main~2").status.success(), "the person's commits aren't signed");
        world.assert_sound(4);
    }
}
