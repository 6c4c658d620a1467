//! Commits that add files in new folders and take files away, over every road to a remote, judged by git itself.

use tiphys::{
    adapters::git::GitRepository,
    domain::snapshot::FileEdit,
    ports::{ManifestRepository, NewCommit, RepositoryError},
};

use crate::support::{World, change, repo_path};

/// A commit of several files; those without content go.
fn commit(request: &str, files: &[(&str, Option<&str>)]) -> NewCommit {
    let edits = files.iter().map(|(path, content)| match content {
        Some(content) => FileEdit::write(repo_path(path), *content),
        None => FileEdit::remove(repo_path(path)),
    });
    NewCommit { edits: edits.collect(), ..change(request, "x", "") }
}

/// What git lists of the remote's branch, in its own order: mode and path.
fn listed(world: &World, revision: &str) -> String {
    let format = "--format=%(objectmode) %(path)";
    let lines = world.git(&world.remote(), &["ls-tree", "-r", format, revision]);
    lines
        .lines()
        .filter(|line| !line.ends_with("README.md") && !line.contains("apps/shop/overlays"))
        .collect::<Vec<_>>()
        .join("\n")
}

async fn add_and_remove(world: &World, repository: GitRepository, mirror: &str) {
    let base = repository.fetch().await.expect("fetched");
    // The folders `a`, the files `a.b`, `a-b` and `a0` and the folder `a.c`: git sorts `a` as if it were `a/`.
    let (one, two) = ("review/a/kustomization.yaml", "review/a/deep/er/file");
    let pushed = repository
        .push(
            &base,
            vec![
                commit("cli/1", &[(one, Some("images: []\n")), ("review/a.b", Some("1")), ("review/a0", Some("2"))]),
                commit("cli/2", &[(two, Some("x")), ("review/a-b", Some("3")), ("review/a.c/x", Some("4"))]),
                commit("cli/3", &[(one, None), ("review/a.b", None), ("review/a.b/now/a/folder", Some("5"))]),
                commit("cli/4", &[(two, None), ("review/a", Some("now a file"))]),
            ],
        )
        .await
        .expect("pushed");
    let of = |number: usize| listed(world, pushed[number].as_str());
    assert_eq!(
        of(1),
        "100644 review/a-b\n100644 review/a.b\n100644 review/a.c/x\n100644 review/a/deep/er/file\n\
         100644 review/a/kustomization.yaml\n100644 review/a0\n100755 run.sh"
    );
    assert_eq!(
        of(2),
        "100644 review/a-b\n100644 review/a.b/now/a/folder\n100644 review/a.c/x\n100644 review/a/deep/er/file\n\
         100644 review/a0\n100755 run.sh"
    );
    assert_eq!(
        of(3),
        "100644 review/a\n100644 review/a-b\n100644 review/a.b/now/a/folder\n100644 review/a.c/x\n100644 review/a0\n\
         100755 run.sh"
    );
    let snapshot = repository.snapshot(&pushed[3]).await.expect("there");
    assert_eq!(snapshot.names(&repo_path("review")).expect("a folder"), ["a", "a-b", "a.b", "a.c", "a0"]);

    // All of it goes again, in a push of its own, and the folder with it: the tree is the one of the start.
    let rest = ["review/a", "review/a-b", "review/a.b/now/a/folder", "review/a.c/x", "review/a0"];
    let last = commit("cli/5", &rest.map(|path| (path, None)));
    let pushed = repository.push(&pushed[3], vec![last]).await.expect("pushed");
    let tree = |revision: &str| world.git(&world.remote(), &["rev-parse", &format!("{revision}^{{tree}}")]);
    assert_eq!(tree(pushed[0].as_str()), tree(base.as_str()));
    let snapshot = repository.snapshot(&pushed[0]).await.expect("there");
    assert_eq!(snapshot.names(&repo_path("review")).expect("nothing"), Vec::<String>::new());

    for (wrong, why) in [
        (commit("cli/6", &[("apps/shop", None)]), "apps/shop: not a regular file"),
        (commit("cli/6", &[("apps/none/x", None)]), "apps/none/x: there is no such file"),
        (commit("cli/6", &[("run.sh/x", Some(""))]), "run.sh/x: run.sh is not a folder"),
        (commit("cli/6", &[("apps", Some(""))]), "apps: not a regular file"),
        (commit("cli/6", &[("new/.GIT/hooks/x", Some(""))]), "new/.GIT/hooks/x: "),
    ] {
        let error = repository.push(&pushed[0], vec![wrong]).await.expect_err(why);
        assert!(matches!(&error, RepositoryError::Refused(text) if text.starts_with(why)), "{error}");
    }
    world.assert_sound(7);
    assert_eq!(world.depth(mirror), 7);
}

#[tokio::test]
async fn files_come_and_go_through_git_itself() {
    let world = World::new();
    add_and_remove(&world, world.by_path_with_git(), "mirror-by-git").await;
}

#[tokio::test]
async fn files_come_and_go_through_libgit2() {
    let world = World::new();
    add_and_remove(&world, world.by_path(), "mirror.git").await;
}

#[cfg(feature = "sandbox")]
#[tokio::test]
async fn files_come_and_go_over_http() {
    let world = World::new();
    let server = crate::cgi::GitServer::http(&world, "remote.git").await;
    add_and_remove(&world, world.by_url(&server.url(), "mirror.git"), "mirror.git").await;
}

#[tokio::test]
async fn the_last_file_may_go() {
    let world = World::new();
    let repository = world.by_path();
    let base = repository.fetch().await.expect("fetched");
    let all = world.git(&world.remote(), &["ls-tree", "-r", "--name-only", "main"]);
    let files: Vec<_> = all.lines().map(|path| (path, None)).collect();
    let emptied = repository.push(&base, vec![commit("cli/1", &files)]).await.expect("pushed");
    assert_eq!(world.git(&world.remote(), &["ls-tree", "-r", "main"]), "");
    repository.push(&emptied[0], vec![commit("cli/2", &[("again/x", Some("1"))])]).await.expect("pushed");
    assert_eq!(world.git(&world.remote(), &["ls-tree", "-r", "--name-only", "main"]), "again/x");
    world.assert_sound(4);
}
