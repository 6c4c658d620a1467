//! Whole files: what is accepted, and every kind of fault with its place.

mod manifests;
mod publish;
mod repositories;
mod review;
#[cfg(unix)]
mod signing;

use std::path::{Path, PathBuf};

use super::{
    ClusterAccess, Config, Credentials, Depth, Faults, RegistryKind, Remote, RepositoryConfig, SecretSource,
    check::check, check::warnings as all_warnings, convert::parse,
};
use crate::domain::{
    actor::ChatId,
    catalogue::{RepositoryBranch, Target},
    language::Language,
};

fn no_environment(_: &str) -> Option<String> {
    None
}

fn read(text: &str) -> Result<Config, Faults> {
    parse(Path::new("tiphys.yaml"), text, Depth::Text, &no_environment)
}

fn faults(text: &str) -> String {
    match read(text) {
        Ok(config) => panic!("no faults: {config:?}"),
        Err(faults) => faults.to_string(),
    }
}

/// The repository that is meant where nothing is said.
fn of(config: &Config) -> &RepositoryConfig {
    &config.repositories[&RepositoryBranch::default()]
}

/// The smallest file: what a CI job needs that only commits.
const SMALL: &str = "\
repository:
  url: /srv/manifests.git
  mirror: cache/manifests.git
  committer: { name: tiphys, email: tiphys@example.org }
registry: { kind: oci, url: 'http://127.0.0.1:5000' }
applications:
  - name: app
    image: 127.0.0.1:5000/team/app
    environments:
      - name: prod
        path: apps/prod
        workload: { namespace: team, name: app }
        argocd: { name: app-prod }
";

/// The smallest file with one piece of text replaced.
fn small(from: &str, to: &str) -> String {
    assert_eq!(SMALL.matches(from).count(), 1, "{from}");
    SMALL.replace(from, to)
}

#[test]
fn the_example_is_accepted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tiphys.yaml");
    let config = Config::load_to(&path, Depth::Text).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(all_warnings(&config).to_string(), "");
    assert_eq!(config.policy().chats, [ChatId(-1_001_234_567_890), ChatId(-1_009_876_543_210)]);
    assert_eq!(config.policy().people[0].name, "Анна Иванова");
    assert!(config.for_serve().is_ok());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert!(check(&path, Depth::Text, &mut out, &mut err).expect("written"));
    let out = String::from_utf8(out).expect("text").replace(&path.display().to_string(), "FILE");
    assert_eq!(out, "FILE: ok: 1 application, 1 environment, 2 people, 2 chats\n");
    assert_eq!(err, b"");
}

#[test]
fn values_get_their_types_and_defaults() {
    let config = parse(Path::new("/etc/tiphys/tiphys.yaml"), SMALL, Depth::Text, &no_environment).expect("no faults");
    assert_eq!(config.language, Language::Ru);
    assert!(config.telegram.is_none() && config.kubernetes.is_none() && config.policy().people.is_empty());
    assert_eq!(of(&config).remote, Remote::Path(PathBuf::from("/srv/manifests.git")));
    assert_eq!(of(&config).mirror, PathBuf::from("/etc/tiphys/cache/manifests.git"));
    assert_eq!((of(&config).branch.as_str(), &of(&config).credentials), ("main", &Credentials::None));
    assert_eq!((config.registry.kind, config.registry.deadline.as_secs()), (RegistryKind::Oci, 5));
    assert_eq!((config.follow.deadline.as_secs(), of(&config).deadline.as_secs()), (600, 60));
    let site = config.catalogue().site(&Target::default()).expect("the only one");
    assert_eq!((site.label().as_str(), site.environment.max_replicas), ("app/prod", 20));
    assert_eq!(site.environment.argocd.namespace, "argocd");
    assert_eq!(
        config.for_serve().err().map(|f| f.to_string()),
        Some(
            "/etc/tiphys/tiphys.yaml:1:1: missing key \"kubernetes\", which `serve` needs\n\
             /etc/tiphys/tiphys.yaml:1:1: missing key \"telegram\", which `serve` needs"
                .into()
        )
    );
}

#[test]
fn everything_else_gets_its_type_too() {
    let text = small(
        "  url: /srv/manifests.git\n",
        "  url: git@gitlab.example.org:team/manifests.git\n  ssh_key_file: key\n  ssh_key_passphrase_file: pass\n  \
         known_hosts_file: known\n  deadline: 90s\n  web_url: https://gitlab.example.org/team/manifests/\n",
    ) + "kubernetes: { kubeconfig: kube, context: prod, deadline: 1m }\n\
         language: en\n\
         telegram: { token_env: TOKEN, chats: [ { id: -5 }, { id: -6, language: ru } ], private_chats: true }\n";
    let config = parse(Path::new("/etc/tiphys.yaml"), &text, Depth::Text, &no_environment).expect("no faults");
    assert_eq!(
        of(&config).credentials,
        Credentials::Ssh {
            key_file: "/etc/key".into(),
            passphrase: Some(SecretSource::File("/etc/pass".into())),
            known_hosts_file: "/etc/known".into()
        }
    );
    assert_eq!(of(&config).web_url.as_deref(), Some("https://gitlab.example.org/team/manifests"));
    assert_eq!(of(&config).deadline.as_secs(), 90);
    let (telegram, kubernetes) = config.for_serve().expect("both are there");
    assert_eq!(kubernetes.access, ClusterAccess::Kubeconfig { file: "/etc/kube".into(), context: "prod".into() });
    assert_eq!(telegram.token, SecretSource::Env("TOKEN".into()));
    assert_eq!(telegram.api_url.as_str(), "https://api.telegram.org/");
    assert_eq!(telegram.chats.iter().map(|c| c.language).collect::<Vec<_>>(), [Language::En, Language::Ru]);
    assert!(config.policy().private_chats);
}

#[test]
fn all_faults_are_reported_at_once() {
    let text = "\
# a comment
language: de
telegram:
  tokenfile: /run/token
  api_url: http://telegram.example.org
  private_chats: yes
  chats:
    - id: '-100'
    - id: 5
people:
  - { id: 1, name: Anna, email: anna@example.org, gitlab: 7 }
  - { id: 1, name: \"B\\nX: y\", email: boris, phone: 5, gitlab: 7 }
repository:
  url: https://oauth2:hunter2@gitlab.example.org/x.git
  branch: a..b
  token_file: a
  token_env: B
  committer: tiphys
registry:
  kind: quay
  url:
  deadline: 0s
kubernetes:
  kubeconfig: k
follow: { deadline: 5 }
applications:
  - name: Shop
    image: registry.example.org/shop:1.0
    environments: []
  - name: shop
    image: registry.example.org/shop
    environments:
      - name: prod
        path: ../x
        workload: { namespace: a/b, name: [] }
        argocd: {}
        max_replicas: 0
      - name: prod
        path: a
        workload: { namespace: a, name: b }
        argocd: { name: b }
        max_replicas: 1e9
  - name: shop
    name: shop
    image: registry.example.org/shop
    environments:
      - { name: 1.10, path: a, workload: { namespace: a, name: b }, argocd: { name: b } }
";
    insta::assert_snapshot!(faults(text), @r#"
    tiphys.yaml:2:11: "language" must be ru or en, not "de"
    tiphys.yaml:4:3: missing key "token_file" or "token_env" in "telegram"
    tiphys.yaml:4:3: unknown key "tokenfile"; did you mean "token_file"?
    tiphys.yaml:5:12: "telegram.api_url" must be https://; plain http:// is for loopback addresses only
    tiphys.yaml:6:18: "telegram.private_chats" must be true or false, not a text
    tiphys.yaml:8:11: "telegram.chats[0].id" must be a whole number, not a text
    tiphys.yaml:9:11: "telegram.chats[1].id" must be at most -1
    tiphys.yaml:12:11: a second person with the id 1; the first is on line 11
    tiphys.yaml:12:20: "people[1].name" must be a name on one line, without < and >, not "B\nX: y"
    tiphys.yaml:12:38: "people[1].email" must be an e-mail address, not "boris"
    tiphys.yaml:12:45: unknown key "phone"; known here: can, email, gitlab, id, name
    tiphys.yaml:12:63: a second person with the gitlab 7; the first is on line 11
    tiphys.yaml:14:3: missing key "mirror" in "repository"
    tiphys.yaml:14:8: "repository.url" holds a user name or a password; they don't belong into an address
    tiphys.yaml:15:11: "repository.branch" must be a branch's name, not "a..b"
    tiphys.yaml:17:3: only one of "token_file" and "token_env" may be given
    tiphys.yaml:18:14: "repository.committer" must be a mapping of keys to values, not a text
    tiphys.yaml:20:9: "registry.kind" must be gitlab or oci, not "quay"
    tiphys.yaml:21:3: "registry.url" has no value
    tiphys.yaml:22:13: "registry.deadline" must be a duration such as 5s, 10m or 1h, at most 24h, not "0s"
    tiphys.yaml:24:3: missing key "context" (the kubeconfig's current context is never used) in "kubernetes"
    tiphys.yaml:25:21: "follow.deadline" must be a duration such as 5s, 10m or 1h, at most 24h, not a number
    tiphys.yaml:27:11: "applications[0].name" must be an application's name (a-z, 0-9 and -, at most 63 characters), not "Shop"
    tiphys.yaml:28:12: "applications[0].image" must be an image's name (host/path, without tag and digest), not "registry.example.org/shop:1.0"
    tiphys.yaml:29:19: "applications[0].environments" must have at least one entry
    tiphys.yaml:34:15: "applications[1].environments[0].path" must be a relative path inside the repository, not "../x"
    tiphys.yaml:35:32: "applications[1].environments[0].workload.namespace" must be a namespace (a-z, 0-9 and -), not "a/b"
    tiphys.yaml:35:43: "applications[1].environments[0].workload.name" must be a Kubernetes name (a-z, 0-9, - and .), not a list
    tiphys.yaml:36:17: missing key "name" in "applications[1].environments[0].argocd"
    tiphys.yaml:37:23: "applications[1].environments[0].max_replicas" must be at least 1
    tiphys.yaml:38:15: a second environment with the name "prod"; the first is on line 33
    tiphys.yaml:42:23: "applications[1].environments[1].max_replicas" must be at most 10000
    tiphys.yaml:43:11: a second application with the name "shop"; the first is on line 30
    tiphys.yaml:44:5: the key "name" stands already on line 43
    tiphys.yaml:47:17: "applications[2].environments[0].name" must be an environment's name (a-z, 0-9 and -, at most 63 characters), not a number
    tiphys.yaml:47:29: the environment on line 39 has the same path and image: a command for one would change both
    "#);
}

#[test]
fn keys_that_need_or_exclude_each_other() {
    let telegram = |keys: &str| faults(&format!("{SMALL}telegram: {{ {keys} }}\n"));
    let kubernetes = |keys: &str| faults(&format!("{SMALL}kubernetes: {{ {keys} }}\n"));
    let repository = |keys: &str| faults(&small("  url: /srv/manifests.git\n", &format!("  {keys}\n")));
    let registry = |keys: &str| faults(&small("kind: oci, url: 'http://127.0.0.1:5000'", keys));
    let all = [
        telegram(""),
        telegram("token_env: A, token_file: /a"),
        kubernetes(""),
        kubernetes("in_cluster: false, context: c"),
        kubernetes("kubeconfig: k"),
        kubernetes("in_cluster: true, kubeconfig: k, context: c"),
        repository("url: https://h/x\n  username: u\n  ssh_key_file: k"),
        repository("url: ssh://git@h/x\n  token_env: T\n  ca_file: c"),
        repository("url: /srv/x\n  token_env: T\n  known_hosts_file: k"),
        registry("kind: gitlab, url: 'https://h', username: u"),
        registry("kind: oci, url: 'https://h', project: a/b, token_env: T"),
        registry("kind: oci, url: 'https://h', username: u"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    tiphys.yaml:14:11: missing key "token_file" or "token_env" in "telegram"
    tiphys.yaml:14:27: only one of "token_file" and "token_env" may be given
    tiphys.yaml:14:13: missing key "in_cluster: true", or "kubeconfig" and "context", in "kubernetes"
    tiphys.yaml:14:13: missing key "kubeconfig" in "kubernetes"
    tiphys.yaml:14:13: missing key "context" (the kubeconfig's current context is never used) in "kubernetes"
    tiphys.yaml:14:33: "kubeconfig" has no meaning beside "in_cluster: true"
    tiphys.yaml:14:48: "context" has no meaning beside "in_cluster: true"
    tiphys.yaml:3:3: "username" needs "token_file" or "token_env" beside it
    tiphys.yaml:4:3: "ssh_key_file" is for ssh:// only
    tiphys.yaml:2:3: missing key "known_hosts_file" in "repository", which ssh:// needs
    tiphys.yaml:2:3: missing key "ssh_key_file" in "repository", which ssh:// needs
    tiphys.yaml:3:3: "token_env" is for https:// only
    tiphys.yaml:4:3: "ca_file" is for https:// only
    tiphys.yaml:3:3: "token_env" is for https:// only
    tiphys.yaml:4:3: "known_hosts_file" is for ssh:// only
    tiphys.yaml:5:45: "username" is for kind oci only
    tiphys.yaml:5:11: missing key "username", which goes with the token, in "registry"
    tiphys.yaml:5:42: "project" is for kind gitlab only
    tiphys.yaml:5:42: "username" needs "token_file" or "token_env" beside it
    "#);
}

#[test]
fn what_is_not_a_configuration_at_all() {
    let all = [
        faults(""),
        faults("# nothing\n"),
        faults("- a\n"),
        faults("just text\n"),
        faults("a: [1\n"),
        faults("language: ru\n---\nlanguage: en\n"),
        faults(&small("  committer: { name: tiphys, email: tiphys@example.org }\n", "  committer: &c *d\n")),
        faults(&(SMALL.to_owned() + "follow: &f { deadline: 1m }\ntelegram: *f\n")),
        faults(&(SMALL.to_owned() + "applications: []\n")),
        faults(&small("path: apps/prod", "path: !env PATH")),
        faults(&small("  url: /srv/manifests.git", "  url: ${REMOTE}")),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    tiphys.yaml: is empty
    tiphys.yaml: is empty
    tiphys.yaml:1:1: the file must be a mapping of keys to values, not a list
    tiphys.yaml:1:1: the file must be a mapping of keys to values, not a text
    tiphys.yaml:1:4: is not valid YAML: unclosed bracket '['
    tiphys.yaml:2:1: a second document begins; one file holds one document
    tiphys.yaml:4:17: is not valid YAML: while parsing a block mapping, did not find expected key
    tiphys.yaml:15:11: aliases (*name) are not supported; write the value out
    tiphys.yaml:14:1: the key "applications" stands already on line 6
    tiphys.yaml:11:20: the tag !env is not understood here; quote the value if it is to be a text
    tiphys.yaml:2:8: ${…} is not replaced here; write the value, or use "token_env"
    "#);
}

#[test]
fn unreadable_files_are_faults() {
    let folder = tempfile::tempdir().expect("a folder");
    let load = |name: &str| match Config::load(&folder.path().join(name)) {
        Ok(_) => panic!("no faults"),
        Err(faults) => faults.to_string().replace(&folder.path().display().to_string(), "DIR"),
    };
    std::fs::write(folder.path().join("latin1.yaml"), b"language: \xe9\n").expect("written");
    std::fs::write(folder.path().join("large.yaml"), vec![b'#'; 2_000_000]).expect("written");
    assert_eq!(
        load("none.yaml"),
        "DIR/none.yaml: cannot be read: No such file or directory (os error 2)".to_owned()
            + if cfg!(feature = "sandbox") {
                "; name one with --config or TIPHYS_CONFIG, or try tiphys playground"
            } else {
                "; name one with --config or TIPHYS_CONFIG"
            }
    );
    assert_eq!(load("latin1.yaml"), "DIR/latin1.yaml: is not a text in UTF-8");
    assert_eq!(load("large.yaml"), "DIR/large.yaml: is larger than 1 MiB, so it cannot be a configuration");
    assert!(load(".").contains("cannot be read"));
}

#[test]
fn files_and_variables_that_are_named_must_be_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).expect("written");
    write("empty", "\n");
    write("two-lines", "a\nb\n");
    write("kube", "apiVersion: v1\nkind: Config\ncontexts:\n  - name: dev\n    context: { cluster: c, user: u }\n");
    let text = SMALL
        .replace(
            "url: /srv/manifests.git",
            "url: https://gitlab.example.org/x.git\n  token_env: UNSET\n  ca_file: two-lines",
        )
        .replace("cache/manifests.git", "empty")
        .replace("kind: oci, url", "kind: gitlab, token_file: ./empty, ca_file: ., url")
        + "telegram: { token_file: 4242:pasted-by-mistake }\n\
           kubernetes: { kubeconfig: kube, context: prod }\n";
    let faults = |depth| {
        parse(&folder.path().join("tiphys.yaml"), &text, depth, &no_environment)
            .map(|config| all_warnings(&config).to_string())
            .unwrap_or_else(|faults| faults.to_string())
            .replace(&folder.path().display().to_string(), "DIR")
    };
    insta::assert_snapshot!(faults(Depth::Everything), @r#"
    DIR/tiphys.yaml:3:14: the environment variable of "token_env" is not set
    DIR/tiphys.yaml:4:12: the file of "ca_file" holds no certificates in PEM form
    DIR/tiphys.yaml:5:11: DIR/empty is not a folder
    DIR/tiphys.yaml:7:39: DIR/./empty is empty
    DIR/tiphys.yaml:7:57: the file of "ca_file" is not a file
    DIR/tiphys.yaml:16:25: the file of "token_file": there is no such file
    DIR/tiphys.yaml:17:27: the file of "kubeconfig" has no context "prod"; there are: dev
    "#);
    insta::assert_snapshot!(faults(Depth::Text), @r#"
    DIR/tiphys.yaml:16:1: "people" is empty, so nobody may give commands
    DIR/tiphys.yaml:16:1: there are no "chats", and "private_chats" is not true, so the bot listens nowhere
    "#);
}

#[test]
fn what_is_named_must_be_what_it_should_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("bot"), "xx\n").expect("written");
    std::fs::write(at("key"), "-----BEGIN OPENSSH PRIVATE KEY-----\n").expect("written");
    std::fs::create_dir_all(at("photos")).expect("a folder");
    std::fs::write(at("photos/cat.jpg"), "miaow").expect("written");
    let faults = |known: &str, mirror: &str, token: &str| {
        std::fs::write(at("known"), known).expect("written");
        let remote = "url: git@git.example.org:x.git\n  ssh_key_file: key\n  known_hosts_file: known";
        let text = small("url: /srv/manifests.git", remote).replace("cache/manifests.git", mirror)
            + &format!("telegram: {{ {token} }}\n");
        let env = |_: &str| Some("yy".to_owned());
        parse(&at("tiphys.yaml"), &text, Depth::Everything, &env)
            .map_or_else(|faults| faults.to_string(), |_| "none".to_owned())
            .replace(&folder.path().display().to_string(), "DIR")
    };
    insta::assert_snapshot!(faults("git.example.org ssh-ed25519 broken\n", "photos", "token_file: bot"), @r#"
    DIR/tiphys.yaml:4:21: the file of "known_hosts_file" is not a list of known hosts in the form of OpenSSH
    DIR/tiphys.yaml:5:11: DIR/photos is not empty and not a mirror made by tiphys
    DIR/tiphys.yaml:16:25: the file of "token_file" does not look like a bot's token: it has the form 123456:ABC-def
    "#);
    insta::assert_snapshot!(faults("example.org ssh-ed25519 x\n", "photos/cat.jpg/mirror.git", "token_env: T"), @r#"
    DIR/tiphys.yaml:4:21: the file of "known_hosts_file" has no key of git.example.org: ssh-keyscan prints it, for you to compare with the server's before you add it
    DIR/tiphys.yaml:5:11: DIR/photos/cat.jpg/mirror.git cannot be made: DIR/photos/cat.jpg is not a folder
    DIR/tiphys.yaml:16:24: the environment variable of "token_env" does not look like a bot's token: it has the form 123456:ABC-def
    "#);
    let key = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    std::fs::write(at("bot"), "4242:secret-of-the-test\n").expect("written");
    assert_eq!(faults(&format!("git.example.org ssh-ed25519 {key}\n"), "new/mirror.git", "token_file: bot"), "none");
    assert!(!at("new").exists(), "a check makes nothing");
}

#[test]
fn warnings_about_the_bot_are_kept_apart() {
    let text = small("  url: /srv/manifests.git\n", "  url: .\n") + "telegram: { token_env: T }\n";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tiphys.yaml");
    std::fs::write(&path, &text).expect("written");
    let config = Config::load_to(&path, Depth::Text).expect("no faults");
    assert_eq!(config.warnings.list, []);
    assert_eq!(config.bot_warnings.list.len(), 3, "{}", config.bot_warnings);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert!(check(&path, Depth::Text, &mut out, &mut err).expect("written"));
    let err = String::from_utf8(err).expect("text");
    assert!(err.contains("tiphys.yaml:14:1: warning: there is no \"kubernetes\", which `serve` needs\n"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_secret_that_everybody_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, "42:abc\n").expect("written");
    let text = small("  url: /srv/manifests.git\n", "  url: https://h/x.git\n  token_file: ./token\n");
    let warnings = |mode| {
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(mode)).expect("changed");
        let config = parse(&folder.path().join("t.yaml"), &text, Depth::Everything, &no_environment);
        all_warnings(&config.expect("no faults")).to_string().replace(&folder.path().display().to_string(), "DIR")
    };
    assert_eq!(warnings(0o640), "");
    assert_eq!(warnings(0o644), "DIR/t.yaml:3:15: DIR/./token: every user of this machine may read it");
}

#[test]
fn nothing_that_looks_like_a_secret_is_repeated() {
    for text in [
        small("url: /srv/manifests.git", "url: https://u:hunter2@h/x"),
        small("url: /srv/manifests.git", "url: 'https://h/x'\n  token_env: hunter2-x"),
        small("url: /srv/manifests.git", "url: 'https://h/x'\n  token_file: [hunter2]"),
        small("'http://127.0.0.1:5000'", "'http://hunter2.example.org'"),
        SMALL.to_owned() + "telegram: hunter2\n",
        SMALL.to_owned() + "telegram: { token: hunter2 }\n",
    ] {
        assert!(!faults(&text).contains("hunter2"), "{}", faults(&text));
    }
}

/// Values that go wrong in different ways.
const ODD: &[&str] = &[
    "",
    "~",
    "true",
    "-1",
    "0",
    "1e400",
    "99999999999999999999",
    "1.5",
    "0x1F",
    "\"\"",
    "'x'",
    "{}",
    "[]",
    "[[]]",
    "{a: b}",
    "*a",
    "&a b",
    "!t x",
    "|",
    ">-",
    "${X}",
    "http://[",
    "ssh://",
    "a:b",
    "5s",
    "0s",
    "\u{0}",
    "\"\\0\"",
    "й",
    "- x",
    "? x",
    ": x",
    "#",
];

proptest::proptest! {
    /// Whatever is done to a good file, it is accepted or has faults with places; nothing panics, and no fault is
    /// found only when the checks are through.
    #[test]
    fn damaged_files_have_faults_with_places(
        changes in proptest::collection::vec((0..60_usize, 0..4_usize, 0..ODD.len()), 1..4)
    ) {
        let example = include_str!("../../../examples/tiphys.yaml");
        let mut lines: Vec<String> = example.lines().map(str::to_owned).collect();
        for (line, how, odd) in changes {
            let line = line % lines.len();
            match how {
                0 => drop(lines.remove(line)),
                1 => lines.insert(line, lines[line].clone()),
                2 => lines[line] = lines[line].split_once(':').map_or_else(String::new, |(k, _)| format!("{k}: {}", ODD[odd])),
                _ => lines[line] = lines[line].replacen(&[',', '}', ':', ' '][odd % 4].to_string(), ODD[odd], 1),
            }
        }
        if let Err(faults) = read(&(lines.join("\n") + "\n")) {
            for fault in &faults.list {
                proptest::prop_assert!(fault.place.is_some(), "{faults}\n{}", lines.join("\n"));
            }
        }
    }
}
