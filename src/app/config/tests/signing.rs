//! The key that signs commits.

use russh::keys::{PrivateKey, ssh_key::LineEnding, ssh_key::private::Ed25519Keypair};

use super::{all_warnings, no_environment, small};
use crate::{
    app::config::{Config, Depth, Signing, convert::parse},
    domain::catalogue::RepositoryBranch,
};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32]));
        folder.write("key", &key.to_openssh(LineEnding::LF).expect("a text"));
        folder.write("key.pub", &key.public_key().to_openssh().expect("a text"));
        folder.write("torn", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
        folder.write("pass", "open sesame\n");
        std::fs::create_dir(folder.0.path().join("manifests.git")).expect("made");
        folder
    }

    fn write(&self, name: &str, content: &str) {
        use std::os::unix::fs::PermissionsExt;
        let file = self.0.path().join(name);
        std::fs::write(&file, content).expect("written");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).expect("set");
    }

    fn parse(&self, signing: &str, depth: Depth) -> Result<Config, String> {
        let url = format!("  url: ./manifests.git\n  signing: {signing}\n");
        parse(&self.0.path().join("tiphys.yaml"), &small("  url: /srv/manifests.git\n", &url), depth, &no_environment)
            .map_err(|faults| self.shown(&faults.to_string()))
    }

    fn shown(&self, text: &str) -> String {
        text.replace(&self.0.path().display().to_string(), "DIR")
    }

    fn faults(&self, signing: &str) -> String {
        self.parse(signing, Depth::Everything).map_or_else(|faults| faults, |_| "none".to_owned())
    }
}

#[test]
fn it_is_tried_at_the_start() {
    let folder = Folder::new();
    let config = folder.parse("{ key_file: ./key }", Depth::Everything).expect("no faults");
    let key_file = folder.0.path().join("./key");
    assert_eq!(
        config.repositories[&RepositoryBranch::default()].signing,
        Some(Signing { key_file, passphrase_file: None })
    );
    assert_eq!(folder.faults("{ key_file: ./key, passphrase_file: ./pass }"), "none");
    insta::assert_snapshot!([
        folder.faults("{ key_file: ./torn }"),
        folder.faults("{ key_file: ./key.pub }"),
        folder.faults("{ key_file: ./torn, passphrase_file: ./nowhere }"),
        folder.faults("{ key_file: ./nowhere }"),
        folder.faults("{ passphrase_file: ./pass }"),
        folder.faults("key"),
    ]
    .join("\n"), @r#"
    DIR/tiphys.yaml:3:24: DIR/./torn: cannot be used: SshKey: length invalid
    DIR/tiphys.yaml:3:24: DIR/./key.pub is a public key: the private one is needed
    DIR/tiphys.yaml:3:49: DIR/./nowhere: there is no such file
    DIR/tiphys.yaml:3:24: DIR/./nowhere: there is no such file
    DIR/tiphys.yaml:3:12: missing key "key_file" in "repository.signing"
    DIR/tiphys.yaml:3:12: "repository.signing" must be a mapping of keys to values, not a text
    "#);
    assert!(folder.parse("{ key_file: ./torn }", Depth::Text).is_ok(), "the text alone is right");
}

#[test]
fn it_is_for_the_bot_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    std::fs::set_permissions(folder.0.path().join("key"), std::fs::Permissions::from_mode(0o644)).expect("set");
    let config = folder.parse("{ key_file: ./key }", Depth::Everything).expect("no faults");
    let warnings = folder.shown(&all_warnings(&config).to_string());
    assert_eq!(warnings, "DIR/tiphys.yaml:3:24: DIR/./key: every user of this machine may read it");
}
