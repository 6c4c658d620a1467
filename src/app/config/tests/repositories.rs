//! Several repositories and branches: which one each environment is on, and every fault with its place.

use std::path::{Path, PathBuf};

use super::{
    Config, Credentials, Depth, RepositoryConfig, SMALL, SecretSource, all_warnings, faults, no_environment, parse,
    read,
};
use crate::domain::{
    catalogue::RepositoryBranch,
    name::{BranchName, RepositoryName},
};

const APPLICATIONS: &str = "applications:\n";

/// The repository of the smallest file, others, and environments with these keys.
fn several(repositories: &str, environments: &[&str]) -> String {
    let (head, _) = SMALL.split_once(APPLICATIONS).expect("the applications");
    let application = |(number, keys): (usize, &&str)| {
        format!(
            "  - name: app-{number}\n    image: registry.example.org/app-{number}\n    environments:\n      - {{ name: prod, path: apps, workload: {{ namespace: t, name: a }}, argocd: {{ name: a }}{keys} }}\n"
        )
    };
    let applications: String = environments.iter().enumerate().map(application).collect();
    format!("{head}{repositories}{APPLICATIONS}{applications}")
}

fn key(name: Option<&str>, branch: Option<&str>) -> RepositoryBranch {
    RepositoryBranch {
        name: name.map(|name| RepositoryName::new(name).expect("valid")),
        branch: branch.map(|branch| BranchName::new(branch).expect("valid")),
    }
}

/// The branches of the environments, in order.
fn keys(config: &Config) -> Vec<RepositoryBranch> {
    let applications = config.catalogue().applications;
    applications.iter().flat_map(|a| &a.environments).map(|e| e.repository.clone()).collect()
}

#[test]
fn each_environment_is_on_the_branch_that_is_said_nearest() {
    let text = several(
        "repositories:\n  shop:\n    url: https://gitlab.example.org/team/shop.git\n    branch: live\n    token_env: SHOP\n    \
         web_url: https://gitlab.example.org/team/shop\n  yard:\n    url: git@gitlab.example.org:team/yard.git\n    \
         ssh_key_file: key\n    known_hosts_file: known\n    mirror: elsewhere/yard\n    \
         committer: { name: yard, email: yard@example.org }\n    signing: { key_file: own }\n",
        &["", ", repository: shop", ", branch: staging", ", repository: yard, branch: release/1.0", ", repository: default"],
    )
    .replace(
        "image: registry.example.org/app-4\n",
        "image: registry.example.org/app-4\n    repository: shop\n    branch: live\n",
    )
    .replace("  mirror: cache/manifests.git\n", "  mirror: cache/manifests.git\n  signing: { key_file: sign }\n");
    let config = parse(Path::new("/etc/t.yaml"), &text, Depth::Text, &no_environment).expect("no faults");
    assert_eq!(all_warnings(&config).to_string(), "");
    let (main, shop) = (key(None, None), key(Some("shop"), None));
    let (staging, yard) = (key(None, Some("staging")), key(Some("yard"), Some("release/1.0")));
    // The last one's repository is its own word, and its branch the application's.
    let live = key(None, Some("live"));
    assert_eq!(keys(&config), [&main, &shop, &staging, &yard, &live].map(Clone::clone));
    assert_eq!(config.repositories.len(), 5);
    let of = |key: &RepositoryBranch| {
        let config = &config.repositories[key];
        (config.branch.as_str(), config.mirror.as_path(), config.label.as_str())
    };
    let mirror = |name: &'static str| Path::new(name);
    assert_eq!(of(&main), ("main", mirror("/etc/cache/manifests.git"), "/srv/manifests.git (main)"));
    assert_eq!(of(&staging), ("staging", mirror("/etc/cache/manifests@staging.git"), "/srv/manifests.git (staging)"));
    assert_eq!(of(&shop), ("live", mirror("/etc/cache/shop.git"), "team/shop"));
    assert_eq!(of(&yard), ("release/1.0", mirror("/etc/elsewhere/yard@release%2F1.0"), "team/yard"));
    let (shop, yard) = (&config.repositories[&shop], &config.repositories[&yard]);
    assert!(matches!(&shop.credentials, Credentials::Token { token: SecretSource::Env(name), .. } if name == "SHOP"));
    assert_eq!(shop.web_url.as_deref(), Some("https://gitlab.example.org/team/shop"));
    let signing = |config: &RepositoryConfig| config.signing.as_ref().map(|signing| signing.key_file.clone());
    assert_eq!((signing(shop), signing(yard)), (Some("/etc/sign".into()), Some("/etc/own".into())));
    assert_eq!((shop.committer.name.as_str(), yard.committer.name.as_str()), ("tiphys", "yard"));
    assert!(
        matches!(&yard.credentials, Credentials::Ssh { key_file, .. } if key_file.as_path() == Path::new("/etc/key"))
    );
}

#[test]
fn what_is_one_branch_of_one_remote_is_one_whatever_its_names() {
    let text = several(
        "repositories:\n  again: { url: /srv//manifests.git/ }\n  staging: { url: /srv/manifests.git, branch: staging }\n",
        &[
            "",
            ", repository: again",
            ", branch: staging",
            ", repository: again, branch: staging",
            ", repository: staging",
            ", branch: x",
            ", repository: again, branch: x",
        ],
    );
    let config = read(&text).expect("no faults");
    let (main, staging, x) = (key(None, None), key(Some("staging"), None), key(None, Some("x")));
    let expected = [&main, &main, &staging, &staging, &staging, &x, &x].map(Clone::clone);
    assert_eq!(keys(&config), expected);
    assert_eq!(config.repositories.len(), 3);
    assert_eq!(
        all_warnings(&config).to_string(),
        "tiphys.yaml:7:3: has the remote and the branch of \"repository\" on line 1, whose keys count for both"
    );
    assert_eq!(config.repositories[&staging].mirror, PathBuf::from("cache/staging.git"));
}

#[test]
fn people_know_repositories_by_their_paths() {
    let labels = |text: &str| {
        let config = read(text).unwrap_or_else(|faults| panic!("{faults}"));
        config.repositories.values().map(|config| config.label.clone()).collect::<Vec<_>>()
    };
    assert_eq!(labels(SMALL), ["/srv/manifests.git"]);
    let ssh = "ssh_key_file: k, known_hosts_file: n";
    let text = several(
        &format!(
            "repositories:\n  a: {{ url: 'https://one.example.org/team/m.git' }}\n  b: {{ url: 'ssh://git@two.example.org:2222/team/x.git', {ssh} }}\n  c: {{ url: 'git@three.example.org:team/m.git', {ssh} }}\n"
        ),
        &[", repository: a", ", repository: b", ", repository: c"],
    );
    assert_eq!(labels(&text), ["https://one.example.org/team/m.git", "team/x", "git@three.example.org:team/m.git"]);
}

#[test]
fn unknown_names_and_shared_mirrors_are_refused() {
    let yard = "repositories:\n  shop: { url: /srv/shop.git }\n  yard: { url: /srv/yard.git }\n";
    let all = [
        several(yard, &[", repository: shp", ", repository: cellar", ", repository: shop"]),
        several("", &[", repository: shop"]),
        several(yard, &[", repository: [shop]", ", branch: a..b", ", branch: HEAD"]),
        several("repositories:\n  Shop: { url: /srv/shop.git }\n  default: { url: /srv/x.git }\n  empty: {}\n", &[""]),
        several(
            "repositories:\n  shop: { url: /srv/shop.git, mirror: cache/x/../manifests.git }\n",
            &[", repository: shop"],
        ),
        several("repositories:\n  manifests: { url: /srv/shop.git }\n", &[", repository: manifests"]),
        several("repositories:\n  shop: { url: /srv/shop.git, mirror: cache }\n", &[", repository: shop"]),
        several("repositories:\n  'manifests@a': { url: /srv/shop.git }\n", &[", branch: a"]),
        several(
            "repositories:\n  shop: { url: /srv/shop.git, mirror: cache/manifests@a.git }\n",
            &[", branch: a", ", repository: shop"],
        ),
        several("repositories:\n  shop: { url: ssh://git@h/x, token_env: T, colour: red }\n", &[", repository: shop"]),
        several("repositories: [shop]\n", &[""]),
        several("repositories: { shop: 5 }\n", &[""]),
    ];
    insta::assert_snapshot!(all.map(|text| faults(&text)).join("\n"), @r#"
    tiphys.yaml:13:105: there is no repository "shp"; did you mean "shop"?
    tiphys.yaml:17:105: there is no repository "cellar"; there are "shop", "yard" and "default"
    tiphys.yaml:10:105: there is no repository "shop"; "repositories" has none
    tiphys.yaml:13:105: "applications[0].environments[0].repository" must be a repository's name (a-z, 0-9 and -, at most 63 characters), not a list
    tiphys.yaml:17:101: "applications[1].environments[0].branch" must be a branch's name, not "a..b"
    tiphys.yaml:21:101: "applications[2].environments[0].branch" must be a branch's name, not "HEAD"
    tiphys.yaml:7:3: the key "Shop" in "repositories" must be a repository's name (a-z, 0-9 and -, at most 63 characters)
    tiphys.yaml:8:3: "default" is the name of the repository under "repository"; choose another one
    tiphys.yaml:9:10: missing key "url" in "repositories.empty"
    tiphys.yaml:7:39: the mirror cache/x/../manifests.git is also that of the branch on line 3; each branch needs a folder of its own
    tiphys.yaml:7:3: the mirror cache/manifests.git is also that of the branch on line 3; each branch needs a folder of its own
    tiphys.yaml:7:39: the mirror cache and that of the branch on line 3 lie one in the other; each branch needs a folder of its own
    tiphys.yaml:7:3: the key "manifests@a" in "repositories" must be a repository's name (a-z, 0-9 and -, at most 63 characters)
    tiphys.yaml:12:101: the mirror cache/manifests@a.git is also that of the branch on line 7; each branch needs a folder of its own
    tiphys.yaml:12:101: the mirror cache/manifests@a.git is also that of the branch on line 7; each branch needs a folder of its own
    tiphys.yaml:7:9: missing key "known_hosts_file" in "repositories.shop", which ssh:// needs
    tiphys.yaml:7:9: missing key "ssh_key_file" in "repositories.shop", which ssh:// needs
    tiphys.yaml:7:31: "token_env" is for https:// only
    tiphys.yaml:7:45: unknown key "colour"; known here: branch, ca_file, committer, deadline, known_hosts_file, mirror, proxy, signing, ssh_key_file, ssh_key_passphrase_file, token_env, token_file, url, username, web_url
    tiphys.yaml:6:15: "repositories" must be a mapping of keys to values, not a list
    tiphys.yaml:6:23: "repositories.shop" must be a mapping of keys to values, not a number
    "#);
}

#[test]
fn what_is_rarely_meant_is_warned_of() {
    let text = several(
        "repositories:\n  idle: { url: /srv/idle.git }\n  shop: { url: https://h.example.org/team/shop.git, token_env: T }\n  \
         again: { url: 'git@h.example.org:team/shop', ssh_key_file: k, known_hosts_file: n }\n",
        &["", ", repository: shop", ", repository: again"],
    );
    insta::assert_snapshot!(all_warnings(&read(&text).expect("no faults")).to_string(), @r#"
    tiphys.yaml:7:3: no environment is in "repositories.idle"
    tiphys.yaml:8:3: seems to have the remote and the branch of "repositories.again" on line 9, by another address: two writers would get in each other's way; write the same "url"
    "#);
}

#[test]
fn the_same_folder_in_another_place_is_another_value() {
    let two = |first: &str, second: &str| {
        let environment = |name: &str, keys: &str| {
            format!(
                "      - {{ name: {name}, path: apps, workload: {{ namespace: t, name: a }}, argocd: {{ name: {name} }}{keys} }}\n"
            )
        };
        let (head, _) = SMALL.split_once("      - name: prod").expect("the environment");
        let repositories = "repositories:\n  shop: { url: /srv/shop.git }\n  again: { url: /srv/manifests.git }\n";
        let text = head.replace(APPLICATIONS, &format!("{repositories}{APPLICATIONS}"));
        let text = format!("{text}{}{}", environment("a", first), environment("b", second));
        read(&text).map_or_else(|faults| faults.to_string(), |_| "fine".to_owned())
    };
    assert_eq!(two("", ", repository: shop"), "fine");
    assert_eq!(two("", ", branch: staging"), "fine");
    assert_eq!(two(", branch: staging", ", repository: shop, branch: staging"), "fine");
    for (first, second) in [("", ", repository: again"), ("", ", branch: main"), (", branch: x", ", branch: x")] {
        let same = "the environment on line 13 has the same path and image: a command for one would change both";
        assert!(two(first, second).ends_with(same), "{}", two(first, second));
    }
}

const PROTECTED: &str = "; GitLab gives protected variables to protected branches and tags only";

#[test]
fn what_other_repositories_name_must_be_there_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("known"), "git.example.org ssh-ed25519 broken\n").expect("written");
    std::fs::create_dir_all(at("cache/manifests@staging.git")).expect("a folder");
    std::fs::write(at("cache/manifests@staging.git/cat.jpg"), "miaow").expect("written");
    std::fs::write(at("cache/shop.git"), "").expect("written");
    let text = several(
        "repositories:\n  shop: { url: 'https://h/x', token_env: SHOP_TOKEN, ca_file: ./none }\n  \
         yard: { url: git@git.example.org:x.git, ssh_key_file: known, known_hosts_file: known }\n",
        &[", branch: staging", ", repository: shop", ", repository: yard"],
    );
    let faults = |env: &dyn Fn(&str) -> Option<String>| {
        let faults = parse(&at("tiphys.yaml"), &text, Depth::Everything, env).map(drop).expect_err("faults");
        faults.to_string().replace(&folder.path().display().to_string(), "DIR")
    };
    let shown = faults(&no_environment);
    insta::assert_snapshot!(shown, @r#"
    DIR/tiphys.yaml:2:8: there is no folder /srv/manifests.git
    DIR/tiphys.yaml:7:3: DIR/cache/shop.git is not a folder
    DIR/tiphys.yaml:7:42: the environment variable SHOP_TOKEN of "token_env" is not set
    DIR/tiphys.yaml:7:63: DIR/./none: there is no such file
    DIR/tiphys.yaml:8:57: the file of "ssh_key_file" is not a private key in PEM or OpenSSH form
    DIR/tiphys.yaml:8:82: the file of "known_hosts_file" is not a list of known hosts in the form of OpenSSH
    DIR/tiphys.yaml:13:101: DIR/cache/manifests@staging.git is not empty and not a mirror made by tiphys
    "#);
    // In a GitLab job the likely cause is named.
    let in_a_job = faults(&|name| (name == "GITLAB_CI").then(|| "true".to_owned()));
    let added = |shown: &str| shown.lines().filter(|line| line.ends_with(PROTECTED)).count();
    assert_eq!((added(&shown), added(&in_a_job)), (0, 2), "{in_a_job}");
    assert_eq!(in_a_job.replace(PROTECTED, ""), shown);
}
