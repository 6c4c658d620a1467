//! Applications of Argo CD.

use tiphys::manifest::{
    Missing, Outcome,
    helm::{self, Host},
    key_path::KeyPath,
    value::NewValue::{self, Bool, Integer, String},
};

use super::{
    cases::{Case, case},
    check, set,
};

const TAG: &str = "image.tag";
const V2: NewValue<'_> = String("v2");
const ONE: Host = Host::Application { name: None };

macro_rules! application {
    ($($text:expr),*) => {
        concat!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: app\nspec:\n  project: default\n", $($text),*)
    };
}

macro_rules! helm {
    ($($text:expr),*) => {
        application!("  source:\n    chart: app\n    repoURL: https://charts.example.org\n    helm:\n", $($text,)* "  destination:\n    namespace: app\n")
    };
}

/// `valuesObject` and several sources.
pub(crate) const OBJECTS: &[Case] = &[
    case("an object", TAG, V2, helm!("      valuesObject:\n        image:\n          tag: «v1|v2» # c\n")),
    case(
        "an object beside a broken text, which isn't read",
        TAG,
        V2,
        helm!("      values: |\n        image: [\n      valuesObject:\n        image:\n          tag: «v1|v2»\n"),
    ),
    case("an object in braces", TAG, V2, helm!("      valuesObject: {image: {tag: '«v1|v2»'}}\n")),
    case("a count", "replicaCount", Integer(3), helm!("      valuesObject:\n        replicaCount: «2|3»\n")),
    case("a truth value", "a.enabled", Bool(true), helm!("      valuesObject:\n        a: {enabled: «false|true»}\n")),
    case(
        "a key is put in",
        TAG,
        V2,
        helm!(
            "      valuesObject:\n        image:\n          repository: a/b\n«|          tag: v2\n»      releaseName: app\n"
        ),
    ),
    case(
        "a map is put in",
        TAG,
        V2,
        helm!("      valuesObject:\n        replicaCount: 1\n«|        image:\n          tag: v2\n»"),
    ),
    case(
        "an empty object",
        TAG,
        V2,
        helm!("      valuesObject:« {}|\n        image:\n          tag: v2»\n      releaseName: app\n"),
    ),
    case(
        "an object is put in",
        TAG,
        V2,
        helm!(
            "      valueFiles:\n        - values.yaml\n        # - other.yaml\n«|      valuesObject:\n        image:\n          tag: v2\n»"
        ),
    ),
    case(
        "below helm",
        TAG,
        V2,
        application!(
            "  source:\n    chart: app\n    targetRevision: 1.2.3\n«|    helm:\n      valuesObject:\n        image:\n          tag: v2\n»  destination: {}\n"
        ),
    ),
    case(
        "the object beats the text",
        TAG,
        V2,
        helm!(
            "      values: |\n        image:\n          tag: v1\n      valuesObject:\n        image:\n          tag: «v1|v2»\n"
        ),
    ),
    case(
        "a text beside an object isn't read",
        TAG,
        V2,
        helm!(
            "      values: |\n        image:\n          tag: v1\n      valuesObject:\n        a: b\n«|        image:\n          tag: v2\n»"
        ),
    ),
    case(
        "an object that is null is none",
        TAG,
        V2,
        helm!("      valuesObject: null\n      values: |\n        image:\n          tag: «v1|v2»\n"),
    ),
    case(
        "one of several sources",
        TAG,
        V2,
        application!(
            "  sources:\n    - repoURL: https://git.example.org/values.git\n      ref: values\n    - chart: app\n      helm:\n        valueFiles: [$values/app.yaml]\n        valuesObject:\n          image:\n            tag: «v1|v2»\n"
        ),
    ),
    case(
        "the source that sets it",
        TAG,
        V2,
        application!(
            "  sources:\n    - chart: db\n      helm:\n        valuesObject: {image: {name: x}}\n    - chart: app\n      helm:\n        values: |\n          image:\n            tag: «v1|v2»\n"
        ),
    ),
    case(
        "sources beat source",
        TAG,
        V2,
        application!(
            "  source:\n    helm:\n      valuesObject: {image: {tag: v1}}\n  sources:\n    - chart: app\n      helm:\n        valuesObject: {image: {tag: «v1|v2»}}\n"
        ),
    ),
    case(
        "JSON",
        TAG,
        V2,
        r#"{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "spec": {"source": {"chart": "a", "helm": {"valuesObject": {"image": {"tag": "«v1|v2»"}}}}}}"#,
    ),
    case(
        "JSON, put in",
        TAG,
        V2,
        r#"{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "spec": {"source": {"chart": "a"«|, "helm": {"valuesObject": {"image": {"tag": "v2"}}}»}}}"#,
    ),
    case(
        "CRLF",
        TAG,
        V2,
        "apiVersion: argoproj.io/v1alpha1\r\nkind: Application\r\nspec:\r\n  source:\r\n    helm:\r\n      valuesObject:\r\n        image:\r\n          tag: «v1|v2»\r\n",
    ),
    case(
        "another document before it",
        TAG,
        V2,
        concat!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n---\n# the app\n",
            helm!("      valuesObject:\n        image: {tag: «v1|v2»}\n"),
            "---\nkind: x\n"
        ),
    ),
];

/// `values`: YAML in a text.
pub(crate) const TEXTS: &[Case] = &[
    case("a text", TAG, V2, helm!("      values: |\n        image:\n          tag: «v1|v2»\n")),
    case(
        "a text with comments",
        TAG,
        V2,
        helm!(
            "      values: | # c\n        # -- tag: v1\n        image: # tag: v1\n          tag: «v1|v2» # tag: v1\n\n        # end\n"
        ),
    ),
    case("a text without a line end", TAG, V2, helm!("      values: |-\n        image:\n          tag: '«v1|v2»'\n")),
    case(
        "a text with all its line ends",
        TAG,
        V2,
        helm!("      values: |+\n        image:\n          tag: «v1|v2»\n\n\n"),
    ),
    case(
        "a text with an explicit indentation",
        TAG,
        V2,
        helm!("      values: |2\n          image:\n            tag: «v1|v2»\n        # end\n"),
    ),
    case("both signs", TAG, V2, helm!("      values: |2-\n        image:\n          tag: «v1|v2»\n")),
    case("a tagged text", TAG, V2, helm!("      values: !!str |\n        image:\n          tag: «v1|v2»\n")),
    case(
        "blank lines, short and long",
        TAG,
        V2,
        helm!("      values: |\n\n        a: 1\n   \n        image:\n            \n          tag: «v1|v2»\n\n"),
    ),
    case(
        "Cyrillic and long lines",
        "образ.метка",
        V2,
        helm!(
            "      values: |\n        # Образ 🚀 ",
            "очень длинная строка ",
            "очень длинная строка ",
            "\n        образ: {имя: 'а', метка: '«v1|v2»'}\n"
        ),
    ),
    case(
        "JSON in a text",
        TAG,
        V2,
        helm!("      values: |\n        {\n          \"image\": {\"tag\": \"«v1|v2»\"}\n        }\n"),
    ),
    case(
        "a marker in a text",
        TAG,
        V2,
        helm!("      values: |\n        ---\n        image:\n          tag: «v1|v2»\n"),
    ),
    case(
        "a block scalar in a text",
        TAG,
        V2,
        helm!("      values: |\n        script: |\n          tag: v1\n\n        image:\n          tag: «v1|v2»\n"),
    ),
    case(
        "a tag like a number",
        TAG,
        String("1.10"),
        helm!("      values: |\n        image:\n          repository: 'a'\n          tag: «v1|'1.10'»\n"),
    ),
    case(
        "nothing after the colon",
        TAG,
        V2,
        helm!("      values: |\n        image:\n          tag:«| v2»\n        a: b\n"),
    ),
    case(
        "put in at the end",
        TAG,
        V2,
        helm!("      values: |\n        image:\n          repository: a/b\n«|          tag: v2\n»"),
    ),
    case(
        "put in between",
        TAG,
        V2,
        helm!(
            "      values: |\n        image:\n          repository: a/b\n«|          tag: v2\n»\n        # -- next\n        service: {}\n"
        ),
    ),
    case(
        "put in where no line end is kept",
        "a.b.c",
        Integer(1),
        helm!("      values: |-\n        x:\n            y: z\n«|        a:\n            b:\n                c: 1\n»"),
    ),
    case(
        "put in before line ends that are kept",
        "tag",
        V2,
        helm!("      values: |+\n        x: y\n«|        tag: v2\n»\n\n"),
    ),
    case(
        "put in after comments",
        TAG,
        V2,
        helm!("      values: |\n        # none yet\n«|        image:\n          tag: v2\n»"),
    ),
    case(
        "put in after comments where no line end is kept",
        TAG,
        V2,
        helm!("      values: |-\n        # none yet\n«|        image:\n          tag: v2\n»"),
    ),
    case("filled in", TAG, V2, helm!("      values: |\n        image:« {}|\n          tag: v2»\n        a: b\n")),
    case(
        "CRLF",
        TAG,
        V2,
        "apiVersion: argoproj.io/v1alpha1\r\nkind: Application\r\nspec:\r\n  source:\r\n    helm:\r\n      values: |\r\n        image:\r\n          tag: «v1|v2»\r\n        a: b\r\n",
    ),
    case(
        "CRLF, put in",
        TAG,
        V2,
        "apiVersion: argoproj.io/v1alpha1\r\nkind: Application\r\nspec:\r\n  source:\r\n    helm:\r\n      values: |\r\n        image:\r\n          repository: a\r\n«|          tag: v2\r\n»        a: b\r\n",
    ),
    case(
        "an empty text",
        TAG,
        V2,
        helm!("      values: ''\n«|      valuesObject:\n        image:\n          tag: v2\n»"),
    ),
    case(
        "a text of several sources",
        TAG,
        V2,
        application!(
            "  sources:\n  - helm:\n      values: |\n        image:\n          tag: «v1|v2»\n    chart: app\n  - path: x\n"
        ),
    ),
];

/// A text at the end of the file, without a final line end.
const UNENDED: &[Case] = &[
    case(
        "a text",
        TAG,
        V2,
        application!("  source:\n    helm:\n      values: |\n        image:\n          tag: «v1|v2»"),
    ),
    case(
        "a text, not its last line",
        TAG,
        V2,
        application!("  source:\n    helm:\n      values: |\n        image:\n          tag: «v1|v2»\n        a: b"),
    ),
    case(
        "a text without a line end",
        TAG,
        V2,
        application!("  source:\n    helm:\n      values: |-\n        image:\n          tag: «v1|v2»"),
    ),
    case(
        "put in",
        TAG,
        V2,
        application!("  source:\n    helm:\n      values: |\n        image:\n          a: b«|\n          tag: v2»"),
    ),
    case(
        "put in where no line end is kept",
        TAG,
        V2,
        application!("  source:\n    helm:\n      values: |-\n        image:\n          a: b«|\n          tag: v2»"),
    ),
];

/// `parameters`.
pub(crate) const PARAMETERS: &[Case] = &[
    case("a parameter", TAG, V2, helm!("      parameters:\n        - name: image.tag\n          value: «v1|v2»\n")),
    case("a quoted parameter", TAG, V2, helm!("      parameters:\n        - {name: 'image.tag', value: '«v1|v2»'}\n")),
    case(
        "a parameter with a dot",
        r"a.b\.c",
        V2,
        helm!("      parameters:\n        - name: a.b\\.c\n          value: «v1|v2»\n"),
    ),
    case(
        "a parameter with an index",
        "a[0].b",
        V2,
        helm!("      parameters:\n        - name: a[0].b\n          value: «v1|v2»\n"),
    ),
    case(
        "parameters beat all else",
        TAG,
        V2,
        helm!(
            "      parameters:\n        - name: other\n          value: v1\n        - name: image.tag\n          value: «v1|v2»\n      valuesObject:\n        image:\n          tag: v1\n"
        ),
    ),
    case(
        "a count is a string there",
        "replicaCount",
        Integer(3),
        helm!("      parameters:\n        - name: replicaCount\n          value: \"«2|3»\"\n"),
    ),
    case(
        "a bare count becomes a string",
        "replicaCount",
        Integer(3),
        helm!("      parameters:\n        - name: replicaCount\n          value: «2|\"3\"»\n"),
    ),
    case(
        "a truth value",
        "a.enabled",
        Bool(true),
        helm!("      parameters:\n        - name: a.enabled\n          value: '«false|true»'\n"),
    ),
    case(
        "a forced string",
        TAG,
        String("20240131"),
        helm!(
            "      parameters:\n        - name: image.tag\n          value: '«20240130|20240131»'\n          forceString: true\n"
        ),
    ),
    case(
        "a version needs no force",
        TAG,
        String("1.10"),
        helm!("      parameters:\n        - name: image.tag\n          value: \"«1.9|1.10»\"\n"),
    ),
    case(
        "no value yet",
        TAG,
        V2,
        helm!("      parameters:\n        - name: image.tag\n«|          value: v2\n»        - name: other\n"),
    ),
    case(
        "a parameter is added",
        TAG,
        V2,
        helm!(
            "      parameters:\n        - name: \"other\"\n          value: \"v1\"\n«|        - name: \"image.tag\"\n          value: \"v2\"\n»"
        ),
    ),
    case(
        "a count is added",
        "replicaCount",
        Integer(3),
        helm!(
            "      parameters:\n        - name: other\n          value: v1\n«|        - name: replicaCount\n          value: \"3\"\n»"
        ),
    ),
    case(
        "what a parameter can't hold goes elsewhere",
        TAG,
        String("123"),
        helm!(
            "      parameters:\n        - name: other\n          value: v1\n«|      valuesObject:\n        image:\n          tag: \"123\"\n»"
        ),
    ),
    case(
        "values are there already",
        TAG,
        V2,
        helm!(
            "      parameters:\n        - name: other\n          value: v1\n      valuesObject:\n        a: b\n«|        image:\n          tag: v2\n»"
        ),
    ),
];

#[test]
fn objects() {
    check(&ONE, OBJECTS);
}

#[test]
fn texts_at_the_end_of_the_file() {
    check(&ONE, UNENDED);
}

#[test]
fn texts() {
    check(&ONE, TEXTS);
}

#[test]
fn parameters() {
    check(&ONE, PARAMETERS);
}

#[test]
fn one_of_several_by_its_name() {
    let file = |a: &str, b: &str| {
        format!(
            "{}---\n{}",
            helm!("      valuesObject: {tag: A}\n").replace("tag: A", &format!("tag: {a}")),
            helm!("      valuesObject: {tag: B}\n")
                .replace("name: app", "name: web")
                .replace("tag: B", &format!("tag: {b}"))
        )
    };
    let host = Host::Application { name: Some("web".into()) };
    let outcome = set(file("v1", "v1"), &host, "tag", V2).expect("one of that name");
    assert!(matches!(outcome, Outcome::Changed { text, .. } if text == file("v1", "v2")));
}

#[test]
fn values_without_effect_are_told() {
    let path = KeyPath::parse(TAG).expect("a path");
    let text = helm!(
        "      parameters:\n        - name: image.tag\n          value: p\n      values: |\n        image:\n          tag: t\n      valuesObject:\n        image:\n          tag: o\n"
    );
    let found = helm::get(text.as_bytes(), &ONE, &path).expect("readable").expect("set");
    assert_eq!((found.0.as_str(), found.1.to_string().as_str()), ("p", "13:18"));
    let shadowed = helm::shadowed(text.as_bytes(), &ONE, &path).expect("readable");
    assert_eq!(shadowed.iter().map(ToString::to_string).collect::<Vec<_>>(), ["19:16", "16:16"]);
    // The text isn't read where there is an object, even one without the key.
    let text = helm!("      values: |\n        image:\n          tag: t\n      valuesObject: {}\n");
    assert_eq!(helm::get(text.as_bytes(), &ONE, &path), Ok(None));
    let refused = helm::set(text.as_bytes(), &ONE, &path, V2, Missing::Refuse).expect_err("not set");
    assert_eq!(refused.to_string(), "has no value at image.tag");
}

#[test]
fn texts_can_be_read_in_every_style() {
    let path = KeyPath::parse(TAG).expect("a path");
    for text in [
        helm!("      values: '{image: {tag: v1}}'\n"),
        helm!("      values: \"image:\\n  tag: v1\\n\"\n"),
        helm!("      values: >\n        {image: {tag: v1}}\n"),
        helm!("      values: &v |\n        image: {tag: v1}\n"),
    ] {
        let found = helm::get(text.as_bytes(), &ONE, &path).expect("readable");
        assert_eq!(found.map(|(value, at)| (value, at.line)), Some(("v1".to_owned(), 11)), "{text}");
    }
}

#[test]
fn files_beside_a_chart_are_read() {
    let path = KeyPath::parse(TAG).expect("a path");
    let read = |text: &str| helm::overriding(text.as_bytes(), &path).map(|found| found.map(|(v, at)| (v, at.line)));
    let parameters = "helm:\n  parameters:\n  - name: image.tag\n    value: v1\n    forcestring: true\n";
    assert_eq!(read(parameters), Ok(Some(("v1".to_owned(), 4))));
    assert_eq!(read("helm: {valuesObject: {image: {tag: v1}}}\n"), Ok(Some(("v1".to_owned(), 1))));
    for none in ["", "# c\n", "kustomize: {}\n", "helm:\n", "helm: {parameters: [{name: image.name, value: a}]}\n"] {
        assert_eq!(read(none), Ok(None), "{none}");
    }
}
