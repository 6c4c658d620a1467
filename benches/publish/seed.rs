//! Manifests repositories of any size, written by `git fast-import`.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::Path,
    process::Stdio,
    time::{SystemTime, UNIX_EPOCH},
};

use tiphys::domain::{
    catalogue::{Application, Catalogue, Environment, Manifests, ObjectName, RepositoryBranch, Workload},
    name::{ApplicationName, EnvironmentName, ImageName, RepoPath},
};

use crate::ground::Ground;

/// How the files are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `apps/NAME/base` and `apps/NAME/overlays/{stage,prod}`: ten files for each application.
    Folders,
    /// All in one folder, beside one kustomization: the largest tree that so many files can make.
    OneFolder,
}

/// What a repository is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seed {
    pub(crate) files: usize,
    pub(crate) layout: Layout,
    pub(crate) commits: usize,
    /// Branches besides `main`, each with a commit of its own.
    pub(crate) branches: usize,
}

/// The tag that everything starts with.
const FIRST_TAG: &str = "1.0.0";
/// Files of an application in [`Layout::Folders`].
const FILES_EACH: usize = 10;
/// Seconds between two commits of the history.
const PACE: u64 = 600;

impl Seed {
    pub(crate) fn folders(files: usize) -> Self {
        Self { files, layout: Layout::Folders, commits: 1_000, branches: 0 }
    }

    pub(crate) fn applications(&self) -> usize {
        match self.layout {
            Layout::Folders => (self.files / FILES_EACH).max(1),
            Layout::OneFolder => 1,
        }
    }

    /// The kustomization that a deployment of the application to `prod` changes.
    pub(crate) fn kustomization(&self, application: usize) -> String {
        format!("{}/kustomization.yaml", self.folder(application, "prod"))
    }

    fn folder(&self, application: usize, environment: &str) -> String {
        match self.layout {
            Layout::Folders => format!("apps/{}/overlays/{environment}", name(application)),
            Layout::OneFolder => "manifests".to_owned(),
        }
    }

    /// Every application of the repository.
    pub(crate) fn catalogue(&self) -> Catalogue {
        let names: &[&str] = if self.layout == Layout::Folders { &["prod", "stage"] } else { &["prod"] };
        let environment = |application: usize, environment: &str| Environment {
            name: EnvironmentName::new(environment).expect("valid"),
            path: RepoPath::new(self.folder(application, environment)).expect("valid"),
            workload: Workload { namespace: name(application), name: name(application) },
            argocd: ObjectName { namespace: "argocd".into(), name: format!("{}-{environment}", name(application)) },
            manifests: Manifests::default(),
            max_replicas: 20,
            repository: RepositoryBranch::default(),
        };
        let applications = (0..self.applications()).map(|number| Application {
            name: ApplicationName::new(name(number)).expect("valid"),
            image: ImageName::new(image(number)).expect("valid"),
            environments: names.iter().map(|name| environment(number, name)).collect(),
        });
        Catalogue { applications: applications.collect() }
    }

    /// Makes the bare repository, packed as a server packs it.
    pub(crate) fn write(&self, ground: &Ground, repository: &str) {
        let path = ground.path(repository);
        ground.git(&ground.path(""), &["init", "--quiet", "--bare", "--initial-branch=main", repository]);
        let mut child = ground
            .hermetic("git")
            .args(["fast-import", "--quiet"])
            .current_dir(&path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("git runs");
        let mut input = std::io::BufWriter::new(child.stdin.take().expect("piped"));
        self.stream(&mut input).and_then(|()| input.flush()).expect("git reads it");
        drop(input);
        assert!(child.wait().expect("it ends").success());
        ground.git(&path, &["gc", "--quiet"]);
        ground.git(&path, &["config", "http.receivepack", "true"]);
    }

    fn stream(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let first = now - PACE * self.commits as u64;
        let commit = |out: &mut dyn std::io::Write, reference: &str, number: usize| {
            let at = first + PACE * number as u64;
            writeln!(out, "commit refs/heads/{reference}\nmark :{}", number + 1)?;
            writeln!(out, "committer Boris <boris@example.org> {at} +0000\ndata 8\nchange\n")
        };
        commit(out, "main", 0)?;
        for (path, content) in self.files() {
            write_file(out, &path, &content)?;
        }
        for number in 1..self.commits {
            commit(out, "main", number)?;
            let application = number % self.applications();
            let content = kustomization(application, "stage", &format!("0.{number}.0"));
            let path = match self.layout {
                Layout::Folders => format!("{}/kustomization.yaml", self.folder(application, "stage")),
                Layout::OneFolder => "manifests/stage.yaml".to_owned(),
            };
            write_file(out, &path, &content)?;
        }
        for branch in 0..self.branches {
            let from = branch * self.commits / self.branches + 1;
            writeln!(out, "commit refs/heads/feature-{branch:03}")?;
            writeln!(out, "committer Boris <boris@example.org> {now} +0000\ndata 8\nfeature\nfrom :{from}")?;
            write_file(out, "FEATURE", &format!("{branch}\n"))?;
        }
        writeln!(out, "done")
    }

    fn files(&self) -> Vec<(String, String)> {
        match self.layout {
            Layout::Folders => (0..self.applications()).flat_map(application).collect(),
            Layout::OneFolder => {
                let others = (2..self.files)
                    .map(|number| (format!("manifests/service-{number:05}.yaml"), service(number)))
                    .chain([("manifests/stage.yaml".to_owned(), kustomization(0, "stage", FIRST_TAG))]);
                others.chain([(self.kustomization(0), kustomization(0, "prod", FIRST_TAG))]).collect()
            }
        }
    }
}

fn write_file(out: &mut (impl std::io::Write + ?Sized), path: &str, content: &str) -> std::io::Result<()> {
    writeln!(out, "M 100644 inline {path}\ndata {}\n{content}", content.len())
}

fn application(number: usize) -> Vec<(String, String)> {
    let base = [
        ("kustomization.yaml", "resources:\n  - deployment.yaml\n  - service.yaml\n  - configmap.yaml\n".to_owned()),
        ("deployment.yaml", deployment(number)),
        ("service.yaml", service(number)),
        ("configmap.yaml", configmap(number)),
    ];
    let overlays = ["stage", "prod"].into_iter().flat_map(|environment| {
        let files = [
            ("kustomization.yaml", kustomization(number, environment, FIRST_TAG)),
            ("ingress.yaml", ingress(number, environment)),
            ("limits.yaml", limits(number, environment)),
        ];
        files.map(|(file, content)| (format!("overlays/{environment}/{file}"), content))
    });
    let all = base.into_iter().map(|(file, content)| (format!("base/{file}"), content)).chain(overlays);
    all.map(|(file, content)| (format!("apps/{}/{file}", name(number)), content)).collect()
}

/// An application's name.
pub(crate) fn name(number: usize) -> String {
    format!("app-{number:05}")
}

fn image(number: usize) -> String {
    format!("registry.example.org/team/{}", name(number))
}

fn kustomization(number: usize, environment: &str, tag: &str) -> String {
    let (name, image) = (name(number), image(number));
    format!(
        "# {name} in {environment}; the tag is set by the bot.\n\
         apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\nnamespace: {name}-{environment}\n\n\
         resources:\n  - ../../base\n  - ingress.yaml\n\npatches:\n  - path: limits.yaml\n\n\
         images:\n  - name: {image}\n    newTag: \"{tag}\"\n\nreplicas:\n  - name: {name}\n    count: 2\n"
    )
}

fn deployment(number: usize) -> String {
    let (name, image) = (name(number), image(number));
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels: {{app: {name}}}\nspec:\n  replicas: 1\n\
         \x20 selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n\
         \x20   spec:\n      containers:\n        - name: {name}\n          image: {image}:latest\n          env:\n"
    );
    for variable in 0..12 {
        write!(text, "            - name: OPTION_{variable}\n              value: \"{}\"\n", number * 31 + variable)
            .expect("a string takes everything");
    }
    text
}

fn service(number: usize) -> String {
    let name = name(number);
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector: {{app: {name}}}\n  ports:\n\
         \x20   - name: http\n      port: 80\n      targetPort: {}\n",
        8_000 + number % 1_000
    )
}

fn configmap(number: usize) -> String {
    let name = name(number);
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  LOG_LEVEL: info\n  SHARD: \"{number}\"\n"
    )
}

fn ingress(number: usize, environment: &str) -> String {
    let name = name(number);
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\nspec:\n  rules:\n\
         \x20   - host: {name}.{environment}.example.org\n      http:\n        paths:\n          - path: /\n\
         \x20           pathType: Prefix\n            backend: {{service: {{name: {name}, port: {{name: http}}}}}}\n"
    )
}

fn limits(number: usize, environment: &str) -> String {
    let name = name(number);
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n\
         \x20       - name: {name}\n          resources:\n            limits: {{cpu: 500m, memory: {}Mi}} # {environment}\n",
        128 + number % 512
    )
}

/// The text with another tag in the place of the one that stands there, as a script would do it.
pub(crate) fn with_tag(text: &str, tag: &str) -> String {
    const KEY: &str = "newTag: \"";
    let start = text.find(KEY).expect("has one") + KEY.len();
    let end = start + text[start..].find('"').expect("a quote");
    format!("{}{tag}{}", &text[..start], &text[end..])
}

/// Copies a repository.
pub(crate) fn copy(ground: &Ground, from: &str, to: &str) {
    let status = ground.hermetic("cp").arg("-r").arg(ground.path(from)).arg(ground.path(to)).status();
    assert!(status.expect("cp runs").success());
}

/// Removes a folder; there may be a hundred thousand files in it.
pub(crate) fn remove(path: &Path) {
    std::fs::remove_dir_all(path).expect("removed");
}
