//! Before/after pairs. Both stand in one text: `«before→after»`; the rest is the same in both.

use tiphys::manifest::workload::{ContainerRef, Selector};

use super::{ANY, Set, named, with_digests};

/// One pair.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) set: Set,
    pub(crate) before: String,
    pub(crate) after: String,
    /// The parts that are the same in both.
    pub(crate) outside: Vec<String>,
    /// The line of the first new value.
    pub(crate) line: usize,
}

/// All pairs.
pub(crate) fn all() -> Vec<Case> {
    [IMAGES, REPLICAS].concat().into_iter().map(|(name, set, text)| case(name, set, text)).collect()
}

fn case(name: &'static str, set: Set, text: &str) -> Case {
    let text = with_digests(text);
    let (mut before, mut after, mut outside, mut rest, mut line) = (String::new(), String::new(), vec![], &*text, None);
    while let Some((same, marked)) = rest.split_once('«') {
        let (marked, behind) = marked.split_once('»').expect("closed");
        let (old, new) = marked.split_once('→').expect("an arrow");
        outside.push(same.to_owned());
        before.extend([same, old]);
        after.push_str(same);
        let value = new.trim_start_matches(['\r', '\n']);
        let start = after.len() + new.len() - value.len();
        after.push_str(new);
        line = line.or_else(|| Some(after[..start].replace("\r\n", "\n").matches(['\n', '\r']).count() + 1));
        rest = behind;
    }
    before.push_str(rest);
    after.push_str(rest);
    outside.push(rest.to_owned());
    Case { name, set, before, after, outside, line: line.expect("a mark") }
}

type Text = (&'static str, Set, &'static str);

/// Of the container `app` of the only workload.
const fn app(to: &'static str) -> Set {
    Set::Image(ANY, ContainerRef::Name("app"), to)
}

/// Of the only container of the workload `web`.
const fn only(to: &'static str) -> Set {
    Set::Image(named("web"), ContainerRef::Only, to)
}

/// Of all containers with this image.
const fn every(name: &'static str, to: &'static str) -> Set {
    Set::Image(ANY, ContainerRef::Image(name), to)
}

const fn count(count: u32) -> Set {
    Set::Count(named("web"), count)
}

const fn kind(kind: &'static str) -> Selector<'static> {
    Selector { kind: Some(kind), namespace: None, name: Some("web") }
}

const IMAGES: &[Text] = &[
    // Kinds.
    (
        "a deployment",
        app("*:0.10.5"),
        r"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: app
          image: registry.example.org:5000/team/app:«0.10.4→0.10.5»
        - name: proxy
          image: registry.example.org:5000/team/proxy:0.10.4
",
    ),
    (
        "a stateful set",
        app("*:v2"),
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: postgres:«16→v2»\n",
    ),
    (
        "a daemon set",
        app("*:v2"),
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec:\n  template:\n    spec:\n      containers:\n      - image: agent:«v1→v2»\n        name: app\n",
    ),
    (
        "a replica set",
        app("*:v2"),
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - image: «agent→agent:v2»\n        name: app\n",
    ),
    (
        "a rollout",
        app("*:v2"),
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  strategy:\n    canary: {}\n  template:\n    spec:\n      containers:\n      - {name: app, image: 'web:«v1→v2»'}\n",
    ),
    (
        "a job",
        app("*:v2"),
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: once}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: app\n        image: web:«v1→v2»\n",
    ),
    (
        "a cron job",
        app("*:v2"),
        "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: report\nspec:\n  schedule: '5 4 * * *'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          containers:\n          - name: app\n            image: web:«v1→v2»\n",
    ),
    (
        "a pod",
        app("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: debug}\nspec:\n  containers:\n  - name: app\n    image: web:«v1→v2»\n",
    ),
    (
        "a replication controller",
        app("*:v2"),
        "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: old}\nspec:\n  template:\n    spec:\n      containers:\n      - {image: web:«v1→v2», name: app}\n",
    ),
    // Images.
    (
        "a port is no tag",
        only("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: «localhost:5000/web→localhost:5000/web:v2»\n",
    ),
    (
        "a tag takes the digest out",
        only("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: r.example.org:443/web«@SHA1→:v2»\n",
    ),
    (
        "a tag takes tag and digest out",
        only("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web:«v1@SHA1→v2» # pinned\n",
    ),
    (
        "a digest takes the tag out",
        only("*@SHA2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web«:v1→@SHA2»\n",
    ),
    (
        "a digest instead of another one",
        only("*@SHA2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: \"web@«SHA1→SHA2»\"\n",
    ),
    (
        "tag and digest together",
        only("*:v2@SHA2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web:«v1@SHA1→v2@SHA2»\n",
    ),
    (
        "another name keeps tag and digest",
        only("mirror.example.org/web"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: «→mirror.example.org/»web:v1@SHA1\n",
    ),
    (
        "another name and tag",
        only("mirror.example.org:5000/a/b:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: «web:v1→mirror.example.org:5000/a/b:v2»\n",
    ),
    (
        "a value of base 60 comes out quoted",
        only("*:30"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: 'app'\n    image: «12:v1→'12:30'»\n",
    ),
    (
        "an empty image is filled in",
        only("web:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image:«→ web:v2»\n",
    ),
    (
        "a null image is filled in",
        only("web:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: «~→web:v2» # later\n",
    ),
    (
        "an empty string is filled in",
        only("web:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: '«→web:v2»'\n",
    ),
    // Containers.
    (
        "an init container by name",
        Set::Image(ANY, ContainerRef::Name("migrate"), "*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  initContainers:\n  - name: migrate\n    image: web:«v1→v2»\n  containers:\n  - name: app\n    image: web:v1\n",
    ),
    (
        "an ephemeral container by name",
        Set::Image(ANY, ContainerRef::Name("debug"), "*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web:v1\n  ephemeralContainers:\n  - name: debug\n    image: busybox:«v1→v2»\n",
    ),
    (
        "the only container beside an init container",
        only("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  initContainers:\n  - name: migrate\n    image: web:v1\n  containers:\n  - name: app\n    image: web:«v1→v2»\n",
    ),
    (
        "all containers with an image",
        every("r.example.org/web", "*:v2"),
        r#"apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      initContainers:
      - {name: migrate, image: "r.example.org/web:«v1→v2»", args: [migrate]}
      containers:
      - name: app
        image: r.example.org/web:«v1→v2»
      - name: proxy
        image: r.example.org/web-proxy:v1
"#,
    ),
    (
        "all documents with an image",
        every("web", "*:1.10"),
        r"apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - name: app
        image: web:«1.9→1.10»
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          containers:
          - name: report
            image: 'web:«1.9→1.10»'
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  image: web:1.9
",
    ),
    (
        "all containers get another name",
        every("web", "r.example.org/web:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - image: «web→r.example.org/web:v2»\n    name: a\n  - name: b\n    image: «web→r.example.org/web:v2»\n",
    ),
    // Selectors.
    (
        "one of two by its kind",
        Set::Image(kind("StatefulSet"), ContainerRef::Only, "*:v2"),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app, image: web:v1}]}}}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app, image: web:«v1→v2»}]}}}\n",
    ),
    (
        "one of two by its namespace",
        Set::Image(Selector { kind: None, namespace: Some("b"), name: Some("web") }, ContainerRef::Only, "*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: a}\nspec: {containers: [{name: app, image: web:v1}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: b}\nspec: {containers: [{name: app, image: web:«v1→v2»}]}\n",
    ),
    (
        "a manifest without a namespace is for any",
        Set::Image(Selector { kind: None, namespace: Some("b"), name: Some("web") }, ContainerRef::Only, "*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: app, image: web:«v1→v2»}]}\n",
    ),
    (
        "kinds of other groups are none of ours",
        Set::Image(ANY, ContainerRef::Only, "*:v2"),
        "apiVersion: batch.example.org/v1\nkind: Job\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app, image: web:v1}]}}}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app, image: web:«v1→v2»}]}}}\n",
    ),
    (
        "keys that differ in case are others",
        only("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    Image: web:v0\n    image: web:«v1→v2»\n",
    ),
    // Ways of writing.
    (
        "a comment behind, for another tool",
        app("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app # here\n    image: web:«v1→v2»   # {\"$imagepolicy\": \"flux-system:web\"}\n    # after\n",
    ),
    (
        "the value on a line of its own",
        app("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image:\n      # which\n      web:«v1→v2»\n",
    ),
    (
        "escapes in the old value",
        app("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: \"w«\\x65→e»b:«v\\u0031→v2»\"\n",
    ),
    (
        "an explicit string",
        app("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: !!str web:«v1→v2»\n",
    ),
    (
        "windows line ends",
        app("*:v2"),
        "apiVersion: v1\r\nkind: Pod\r\nmetadata: {name: web}\r\nspec:\r\n  containers:\r\n  - name: app\r\n    image: web:«v1→v2»\r\n",
    ),
    (
        "a byte order mark, Cyrillic and no final line end",
        app("*:v2"),
        "\u{feff}# Под приложения\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  annotations: {описание: 'Ёлка 👋'}\nspec:\n  containers:\n  - {name: app, image: web:«v1→v2»}",
    ),
    (
        "tabs where YAML takes them",
        app("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\t# c\n    image: web:«v1→v2»\t# c\t\n",
    ),
    (
        "quoted keys",
        app("*:v2"),
        "\"apiVersion\": v1\n\"kind\": \"Pod\"\n'metadata': {\"name\": web}\n'spec':\n  'containers':\n  - 'name': 'app'\n    'image': 'web:«v1→v2»'\n",
    ),
    (
        "flow over several lines",
        app("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {\n  containers: [\n    { name: proxy, image: proxy:v1 },\n    { name: app,   # ours\n      image: web:«v1→v2» }, ]\n}\n",
    ),
    (
        "comments and markers between documents",
        app("*:v2"),
        "# licence\n--- # first\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n...\n# between\n---\n---\n# empty above\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web:«v1→v2»\n...\n---\n",
    ),
    (
        "a directive",
        app("*:v2"),
        "%YAML 1.1\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web:«v1→v2»\n",
    ),
    (
        "anchors and merges elsewhere",
        app("*:v2"),
        r"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: &labels {app: web}
spec:
  selector: {matchLabels: *labels}
  template:
    metadata: {labels: {<<: *labels, tier: front}}
    spec:
      containers:
      - name: app
        image: web:«v1→v2»
        resources:
          requests: &r {cpu: 1}
          limits: *r
",
    ),
    (
        "block scalars around it",
        app("*:v2"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    args:\n    - |\n      image: web:v1\n        # not a comment\n    image: web:«v1→v2»\n    command: [sh, -c, \"echo 'image: web:v1'\"]\n    env:\n    - name: X\n      value: >-\n        image: web:v1\n",
    ),
    (
        "items of a list",
        Set::Image(named("b"), ContainerRef::Only, "*:v2"),
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: {containers: [{name: app, image: web:v1}]}\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: b}\n  spec:\n    containers:\n    - name: app\n      image: web:«v1→v2»\n",
    ),
    (
        "a list of one kind, in a list",
        Set::Image(named("b"), ContainerRef::Only, "*:v2"),
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: DeploymentList\n  items:\n  - apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: b}\n    spec: {template: {spec: {containers: [{name: app, image: web:«v1→v2»}]}}}\n",
    ),
    (
        "JSON on one line",
        app("*:v2"),
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"},"spec":{"containers":[{"name":"app","image":"web:«v1→v2»"},{"name":"b","image":"web:v1"}]}}"#,
    ),
    (
        "JSON with tabs",
        app("*@SHA2"),
        "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": {\n\t\t\"name\": \"web\"\n\t},\n\t\"spec\": {\n\t\t\"containers\": [\n\t\t\t{\n\t\t\t\t\"name\": \"app\",\n\t\t\t\t\"image\": \"web«:v1→@SHA2»\"\n\t\t\t}\n\t\t]\n\t}\n}\n",
    ),
    (
        "JSON with a byte order mark, escapes and windows line ends",
        app("*:v2"),
        "\u{feff}{\r\n  \"apiVersion\": \"v1\",\r\n  \"kind\": \"\\u0050od\",\r\n  \"metadata\": {\"name\": \"web\", \"annotations\": {\"a\": \"\\\"x\\\\\\n\\u0416\"}},\r\n  \"spec\": {\"containers\": [{\"name\": \"app\", \"image\": \"«r.example.org\\/web:v1→r.example.org/web:v2»\"}]}\r\n}\r\n",
    ),
    (
        "null in JSON",
        app("web:v2"),
        r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "app", "image": «null→"web:v2"»}]}}"#,
    ),
    (
        "a JSON list",
        every("web", "*:v2"),
        r#"{
  "apiVersion": "v1",
  "kind": "List",
  "items": [
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "app", "image": "web:«v1→v2»"}]}},
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}, "spec": {"containers": [{"name": "app", "image": "web:«v1→v2»"}]}}
  ]
}
"#,
    ),
];

const REPLICAS: &[Text] = &[
    (
        "a count",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: «2→3» # two are enough\n  template: {}\n",
    ),
    (
        "down to none",
        count(0),
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n  serviceName: web\n  replicas: «12→0»\n",
    ),
    (
        "of a rollout that has its template elsewhere",
        count(3),
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\nspec:\n  replicas: «1→3»\n  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n",
    ),
    (
        "of a replica set",
        count(3),
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web}\nspec: {replicas: «1→3»}\n",
    ),
    (
        "of a replication controller",
        count(3),
        "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: web}\nspec: {replicas: «1→3»}\n",
    ),
    (
        "in quotes before",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: «\"2\"→3»\n",
    ),
    (
        "an equal count in quotes",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: «'3'→3»\n",
    ),
    (
        "an explicit number",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: !!int «2→3»\n",
    ),
    (
        "octal before",
        count(8),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: «011→8»\n",
    ),
    (
        "nothing there",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas:«→ 3»\n  template: {}\n",
    ),
    (
        "nothing there but a comment",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas:«→ 3» # the autoscaler's\n  template: {}\n",
    ),
    ("null", count(3), "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: «null→3»\n"),
    (
        "missing",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:«→\n  replicas: 3»\n  selector:\n    matchLabels: {app: web}\n  template: {}\n",
    ),
    (
        "missing, comments around spec",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: # what we want«→\n    replicas: 3»\n\n    # of ours\n    selector:\n      matchLabels: {app: web}\n",
    ),
    (
        "missing, windows line ends",
        count(3),
        "apiVersion: apps/v1\r\nkind: Deployment\r\nmetadata: {name: web}\r\nspec:«→\r\n  replicas: 3»\r\n  template: {}\r\n",
    ),
    (
        "missing, spec first and quoted keys",
        count(3),
        "\"spec\":«→\n  \"replicas\": 3»\n  \"paused\": true\n\"apiVersion\": apps/v1\n\"kind\": Deployment\n\"metadata\": {name: web}\n",
    ),
    (
        "missing, an anchor on spec",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: &spec«→\n  replicas: 3»\n  paused: true\n",
    ),
    (
        "missing in a list's item",
        count(3),
        "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n    spec:«→\n      replicas: 3»\n      paused: true",
    ),
    (
        "missing in a list's item that starts with spec",
        count(3),
        "apiVersion: v1\nkind: List\nitems:\n- spec:«→\n    replicas: 3»\n    paused: true\n  apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: web}\n",
    ),
    (
        "missing in a flow",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: { «→replicas: 3, »paused: true }\n",
    ),
    (
        "missing in a flow over lines",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {\n  «→replicas: 3,\n  »paused: true,\n  minReadySeconds: 5\n}\n",
    ),
    (
        "missing in a flow that is empty",
        count(3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {«→replicas: 3»}\n",
    ),
    (
        "missing in the last of several documents",
        count(3),
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:«→\n  replicas: 3»\n  paused: true\n",
    ),
    (
        "JSON on one line",
        count(3),
        r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":«2→3»,"paused":true}}"#,
    ),
    (
        "missing in JSON on one line",
        count(3),
        r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{«→"replicas":3,»"paused":true}}"#,
    ),
    (
        "missing in wide JSON on one line",
        count(3),
        r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {«→"replicas": 3, »"paused": true, "minReadySeconds": 1}}"#,
    ),
    (
        "missing in JSON with an empty spec",
        count(3),
        r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {«→"replicas": 3»}}"#,
    ),
    (
        "missing in JSON with tabs",
        count(3),
        "{\n\t\"apiVersion\": \"apps/v1\",\n\t\"kind\": \"Deployment\",\n\t\"metadata\": {\"name\": \"web\"},\n\t\"spec\": {\n\t\t«→\"replicas\": 3,\n\t\t»\"paused\": true\n\t}\n}\n",
    ),
    (
        "null in JSON",
        count(3),
        r#"{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": «null→3»}}"#,
    ),
    (
        "one of two by its kind",
        Set::Count(kind("StatefulSet"), 3),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {replicas: «1→3»}\n",
    ),
    (
        "what has no count is not in the way",
        count(3),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: []}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: «1→3»}\n",
    ),
];
