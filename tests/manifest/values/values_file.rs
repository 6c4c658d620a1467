//! Values files of Helm.

use tiphys::manifest::{
    Missing, Outcome,
    helm::{self, Host},
    key_path::KeyPath,
    value::{
        NewValue::{self, Auto, Bool, Integer, String},
        Number,
    },
};

use super::{
    cases::{Case, case},
    check,
};

const TAG: &str = "image.tag";
const V2: NewValue<'_> = String("v2");

/// A value that is there.
pub(crate) const THERE: &[Case] = &[
    case("plain", TAG, V2, "image:\n  tag: «v1|v2»\n"),
    case("single quotes", TAG, V2, "image:\n  tag: '«v1|v2»'\n"),
    case("double quotes", TAG, V2, "image:\n  tag: \"«v1|v2»\"\n"),
    case("an escape in the old value", TAG, V2, "image:\n  tag: \"«v\\x31|v2»\"\n"),
    case("one key", "tag", V2, "tag: «v1|v2»"),
    case("many keys", "a.b.c.d.e.f.g", V2, "a:\n b:\n  c:\n   d:\n    e:\n     f:\n      g: «v1|v2»\n      h: v1\n"),
    case(
        "keys of the same name elsewhere",
        "api.image.tag",
        V2,
        "image:\n  tag: v1\nweb:\n  image:\n    tag: v1\napi:\n  image:\n    tag: «v1|v2»\n    pullPolicy: Always\n",
    ),
    case("another case is another key", "Tag", V2, "tag: v1\nTAG: v1\nTag: «v1|v2»\n"),
    case(
        "a dot in a key, escaped",
        r"annotations.example\.org/tag",
        V2,
        "annotations:\n  example.org/tag: «v1|v2»\n  example: {org/tag: v1}\n",
    ),
    case("a dot in a key, quoted", r#""example.org/tag""#, V2, "example.org/tag: «v1|v2»\n"),
    case("a number as key", "ports.8080", V2, "ports:\n  8080: «v1|v2»\n"),
    case("a quoted key", TAG, V2, "\"image\":\n  'tag': «v1|v2»\n"),
    case("explicit keys", TAG, V2, "? image\n: ? tag\n  : «v1|v2»\n"),
    case("Cyrillic keys", "образ.метка", V2, "# Образ приложения 🚀\nобраз: # имя\n  метка: «v1|v2» # версия\n"),
    case("an item of a list by number", "hosts[1].name", V2, "hosts:\n- name: a\n- name: «b|v2»\n- name: c\n"),
    case("an item that is a scalar", "args[1]", V2, "args:\n  - \"v1\"\n  - \"«v1|v2»\"\n  - \"v1\"\n"),
    case("an item in brackets", "args[2]", V2, "args: [v1, v1, «v1|v2», v1]\n"),
    case("an item of an item", "m[1][0]", V2, "m:\n- - v1\n- - «v1|v2»\n  - v1\n"),
    case(
        "an item by name",
        "env[name=VERSION].value",
        V2,
        "env:\n  - name: V\n    value: v1\n  - value: «v1|v2»\n    name: VERSION\n",
    ),
    case("an item that is null", "args[0]", V2, "args:\n- «~|v2» # c\n"),
    case("a root list", "[0].tag", V2, "- tag: «v1|v2»\n- tag: v1\n"),
    case("braces", TAG, V2, "image: {repository: a/b, tag: «v1|v2»} # c\n"),
    case("braces over several lines", TAG, V2, "image: {\n  repository: 'a/b', # tag: v1\n  tag: '«v1|v2»',\n}\n"),
    case("JSON", TAG, V2, "{\"image\":{\"repository\":\"a\",\"tag\":\"«v1|v2»\"},\"replicaCount\":1}"),
    case("JSON, line by line", TAG, V2, "{\n  \"image\": {\n    \"tag\": \"«v1|v2»\"\n  }\n}\n"),
    case(
        "comments everywhere",
        TAG,
        V2,
        "# tag: v1\nimage: # tag: v1\n  # -- Tag of the image\n  tag: «v1|v2» # tag: v1\n  # tag: v1\n",
    ),
    case("a comment mark inside the value", TAG, V2, "image:\n  tag: '«v#1|v2»'\n"),
    case("CRLF", TAG, V2, "image:\r\n  tag: «v1|v2»\r\nx: 1\r\n"),
    case("a byte order mark", "tag", V2, "\u{feff}tag: «v1|v2»\n"),
    case("mixed line ends", TAG, V2, "# a\r\nimage:\n  tag: «v1|v2»\r\n"),
    case("no final newline", TAG, V2, "image:\n  tag: «v1|v2»"),
    case("white space at line ends", TAG, V2, "image:  \n  tag: «v1|v2»  \n  \n"),
    case("tabs after the colon", TAG, V2, "image:\t# c\n  tag:\t«v1|v2»\t# c\n"),
    case("a space before the colon", TAG, V2, "image :\n  tag : «v1|v2»\n"),
    case("the value on the next line", TAG, V2, "image:\n  tag:\n    «v1|v2»\n"),
    case("anchors elsewhere", TAG, V2, "x: &x {tag: v1}\ny: *x\nimage: &unused\n  tag: «v1|v2»\n"),
    case("an own key beside a merge", TAG, V2, "x: &x {tag: v1, a: b}\nimage:\n  <<: *x\n  tag: «v0|v2»\n"),
    case("an explicit string", TAG, String("1.11"), "image:\n  tag: !!str «1.10|1.11»\n"),
    case(
        "block scalars before and after",
        TAG,
        V2,
        "a: |\n  image:\n    tag: v1\n\nimage:\n  tag: «v1|v2»\nb: >-\n  tag: v1\n",
    ),
    case("a document marker", TAG, V2, "---\nimage:\n  tag: «v1|v2»\n...\n"),
    case("the first document counts", TAG, V2, "image:\n  tag: «v1|v2»\n---\nimage:\n  tag: v1\n"),
    case("templates in other values", TAG, V2, "name: '{{ .Release.Name }}'\nimage:\n  tag: «v1|v2»\n"),
    case("what only looks like a placeholder", TAG, V2, "image:\n  tag: \"«$TAG {x} $${y} {{z|v2»\"\n"),
];

/// Values of every kind.
pub(crate) const KINDS: &[Case] = &[
    case("a tag like a number", TAG, String("1.10"), "image:\n  tag: «v1|\"1.10\"»\n"),
    case("in the file's quotes", TAG, String("1.10"), "image:\n  repository: 'a/b'\n  tag: «v1|'1.10'»\n"),
    case("in its own quotes", TAG, String("1.10"), "image:\n  repository: 'a/b'\n  tag: \"«1.9|1.10»\"\n"),
    case("a float that should be a string", TAG, String("1.11"), "image:\n  tag: «1.10|\"1.11\"»\n"),
    case("a date", TAG, String("2024-01-31"), "image:\n  tag: «v1|\"2024-01-31\"»\n"),
    case("a word of YAML 1.1", TAG, String("on"), "image:\n  tag: «v1|\"on\"»\n"),
    case("an exponent", TAG, String("1234e5"), "image: {tag: «v1|\"1234e5\"»}\n"),
    case("the same text as a string", TAG, String("20240131"), "image:\n  tag: «20240131|\"20240131\"»\n"),
    case("a count", "replicaCount", Integer(3), "replicaCount: «2|3» # pods\n"),
    case("a quoted count", "replicaCount", Integer(3), "replicaCount: «\"3\"|3»\n"),
    case("a count in place of a text", "replicaCount", Integer(0), "replicaCount: «many|0»\n"),
    case("an octal count", "replicaCount", Integer(3), "replicaCount: «010|3»\n"),
    case("a negative number", "offset", Integer(-5), "offset: «1|-5»\n"),
    case("a large number", "limit", Integer(i64::MAX), "limit: «1|9223372036854775807»\n"),
    case("a truth value", "autoscaling.enabled", Bool(true), "autoscaling:\n  enabled: «false|true»\n"),
    case("a truth value in another case", "on", Bool(false), "on: «True|false»\n"),
    case("a quoted truth value", "enabled", Bool(true), "enabled: «'true'|true»\n"),
    case("whole numbers stay whole numbers", "replicaCount", Auto("3"), "replicaCount: «2|3»\n"),
    case("a string stays a string", TAG, Auto("3"), "image:\n  tag: «v1|\"3\"»\n"),
    case("quotes stay", "port", Auto("8080"), "port: \"«80|8080»\"\n"),
    case("a truth value stays one", "enabled", Auto("false"), "enabled: «true|false»\n"),
    case(
        "a whole number of any length",
        "limit",
        Auto("99999999999999999999999"),
        "limit: «1|99999999999999999999999»\n",
    ),
    case("an octal number stays one", "defaultMode", Auto("0755"), "defaultMode: «0644|0755» # rw\n"),
    case("a new octal number stays one", "mode", Auto("0o755"), "mode: «0o644|0o755»\n"),
    case("a hexadecimal number stays one", "a.mask", Auto("0x2f"), "a: {mask: «0x1F|0x2f»}\n"),
    case("a float stays one", "ratio", Auto("0.25"), "ratio: «0.5|0.25»\n"),
    case("a float as it is typed", "ratio", Auto("1.10"), "ratio: «0.5|1.10»\n"),
    case("an exponent stays one", "limit", Auto("2.5e-3"), "limit: «1e3|2.5e-3» # c\n"),
    case("a float becomes whole", "resources.cpu", Auto("2"), "resources:\n  cpu: «0.5|2»\n"),
    case("a float in a list", "steps[1]", Auto("0.7"), "steps: [0.1, «0.5|0.7»]\n"),
    case("a date stays one", "from", Auto("2024-02-29"), "from: «2024-01-31|2024-02-29»\n"),
    case("a word of YAML 1.1 becomes plain", "on", Auto("false"), "on: «yes|false»\n"),
    case("a version is no number", "app.appVersion", Auto("1.20"), "app:\n  appVersion: «1.10|\"1.20\"»\n"),
    case("a tag is no number", "imageTag", Auto("2.0"), "imageTag: «1.0|\"2.0\"»\n"),
    case("a whole number in place of a version", TAG, Auto("2"), "image:\n  tag: «1.10|\"2\"»\n"),
    case("a tag becomes a text", TAG, Auto("v1.2"), "image:\n  tag: «1.10|v1.2»\n"),
    case("a date as tag", TAG, Auto("v1.2"), "image:\n  tag: «2024-01-31|v1.2»\n"),
    case("no float is made", TAG, Auto("1.10"), "image:\n  tag: «1|\"1.10\"»\n"),
    case("no octal is made", TAG, Auto("010"), "image:\n  tag: «8|\"010\"»\n"),
    case("a text where nothing stands", TAG, Auto("v2"), "image:\n  tag:«| v2»\n"),
    case("plain words stay plain", "title", Auto("Hello, new world"), "title: «Hello, old world|Hello, new world»\n"),
    case("options stay plain", "opts", Auto("-Xmx2g -Da=b"), "opts: «-Xmx1g -Da=b|-Xmx2g -Da=b»\n"),
    case(
        "an address stays plain",
        "url",
        Auto("https://b.example.org/?x=1&y=%20"),
        "url: «https://a.example.org|https://b.example.org/?x=1&y=%20»\n",
    ),
    case("a comment mark is quoted", "title", Auto("a #b"), "title: «a|\"a #b\"»\n"),
    case("a colon is quoted", "title", Auto("a: b"), "title: «a|\"a: b\"»\n"),
    case("a comma in braces is quoted", "t.x", Auto("a,b"), "t: {x: «a|\"a,b\"»}\n"),
    case("an apostrophe in single quotes", "title", Auto("it's"), "title: '«a|it''s»'\n"),
    case("quotes in double quotes", "title", Auto("\"a\" \\ b"), "title: \"«a|\\\"a\\\" \\\\ b»\"\n"),
    case("line ends are escaped", "title", String("a\nb\tc"), "title: «'a'|\"a\\nb\\tc\"»\n"),
    case("an empty text", "title", String(""), "title: '«a|»'\n"),
    case("an empty text in place of a plain one", "title", String(""), "title: «a|\"\"»\n"),
    case("Cyrillic", "title", Auto("Привет, мир"), "title: «Hello|Привет, мир»\n"),
];

/// Values that are null or empty, and maps that are.
pub(crate) const FILLED: &[Case] = &[
    case("nothing after the colon", TAG, V2, "image:\n  tag:«| v2»\n"),
    case("a space after the colon", TAG, V2, "image:\n  tag: «|v2»\n"),
    case("a comment after the colon", TAG, V2, "image:\n  tag:«| v2» # set by the pipeline\n"),
    case("a tilde", TAG, V2, "image:\n  tag: «~|v2»\n"),
    case("null", TAG, V2, "image:\n  tag: «null|v2» # c\n"),
    case("an empty string", TAG, V2, "image:\n  tag: \"«|v2»\"\n"),
    case("null among quoted siblings", TAG, V2, "image:\n  repository: 'a/b'\n  tag: «null|'v2'»\n"),
    case("null in JSON", TAG, V2, "{\"image\": {\"tag\": «null|\"v2\"»}}"),
    case("a key alone in braces", TAG, V2, "image: {tag«|: v2»}\n"),
    case("a number for null", "replicaCount", Integer(2), "replicaCount:«| 2»\n"),
    case("an empty map", TAG, V2, "image:« {}|\n  tag: v2»\nx: 1\n"),
    case("an empty map with a comment", TAG, V2, "image: {«|tag: v2»} # none\n"),
    case("an empty map in braces", TAG, V2, "{image: {«|tag: v2»}, x: 1}\n"),
    case("an empty map in JSON", TAG, V2, "{\n  \"image\": {«|\"tag\": \"v2\"»}\n}\n"),
    case("a map that is not written", TAG, V2, "image:\n«|  tag: v2\n»x: 1\n"),
    case("a map that is commented out", TAG, V2, "image: # c\n«|  tag: v2\n»  # tag: v1\nx: 1\n"),
    case("a map that is null", TAG, V2, "image:« ~|\n  tag: v2»\n"),
    case("a map that is null, with a comment", TAG, V2, "image: «null|{tag: v2}» # c\n"),
    case("a map that is not written, at the end", TAG, V2, "x: 1\nimage:«|\n  tag: v2»"),
    case("an empty map in an item", "a[0].b.c", V2, "a:\n- b:« {}|\n    c: v2»\n"),
    case("an item that is an empty map", "a[0].b", V2, "a:\n- {«|b: v2»}\n"),
    case("an empty document", TAG, V2, "«{}|image:\n  tag: v2»\n"),
    case("an empty document after a marker", TAG, V2, "--- «{}|{image: {tag: v2}}»\n"),
    case("a document of comments", TAG, V2, "# Values of prod\n# none yet\n«|image:\n  tag: v2\n»"),
    case("a document of comments without a final newline", "tag", V2, "# none yet«|\ntag: v2\n»"),
    case("nothing at all", "tag", V2, "«|tag: v2\n»"),
    case("a marker and comments", TAG, V2, "---\n# none yet\n«|image:\n  tag: v2\n»"),
];

/// Keys and maps that are missing.
pub(crate) const PUT_IN: &[Case] = &[
    case("a key", TAG, V2, "image:\n  repository: a/b\n«|  tag: v2\n»service: {}\n"),
    case("a key at the end", TAG, V2, "image:\n  repository: a/b\n«|  tag: v2\n»"),
    case("a key without a final newline", TAG, V2, "image:\n  repository: a/b«|\n  tag: v2»"),
    case("a key with CRLF", TAG, V2, "image:\r\n  repository: a/b\r\n«|  tag: v2\r\n»service: {}\r\n"),
    case("a key with four spaces", TAG, V2, "image:\n    repository: a/b\n«|    tag: v2\n»"),
    case("a key in the siblings' quotes", TAG, V2, "image:\n  repository: \"a/b\"\n«|  tag: \"v2\"\n»x: y\n"),
    case("a key quoted like the last one", TAG, V2, "'image':\n  'repository': a/b\n«|  'tag': v2\n»"),
    case(
        "the next section's comment stays there",
        TAG,
        V2,
        "image:\n  repository: a/b\n«|  tag: v2\n»\n# -- The service\nservice:\n  port: 80\n",
    ),
    case("a trailing comment stays on its line", TAG, V2, "image:\n  repository: a/b # from CI\n«|  tag: v2\n»x: 1\n"),
    case(
        "comments inside the last value stay with it",
        "tag",
        V2,
        "image:\n  repository: a/b\n  # pullPolicy: Always\n\n  # pullSecrets: []\n«|tag: v2\n»",
    ),
    case("items commented out stay with their list", "tag", V2, "args:\n- a\n# - b\n«|tag: v2\n»# end\n"),
    case(
        "a map's keys commented out stay with it",
        "a.b",
        V2,
        "a:\n  lifecycle: {}\n  #  preStop:\n  #    exec: x\n«|  b: v2\n»\n  # -- other\n  # c: d\n",
    ),
    case(
        "items of an empty list commented out",
        "tag",
        V2,
        "tolerations: []\n# - key: x\n#   value: y\n«|tag: v2\n»# other: 1\n",
    ),
    case("a sibling commented out is none of it", "tag", V2, "a: {}\n«|tag: v2\n»# b: 1\n#   c: d\n"),
    case("after a list", "tag", V2, "args:\n- a\n- b: 1\n  c:\n  - d\n«|tag: v2\n»"),
    case("after a block scalar", "tag", V2, "a: |\n  x\n\n  y\n«|tag: v2\n»"),
    case("after a block scalar that keeps its line ends", "tag", V2, "a: |+\n  x\n\n«|tag: v2\n»"),
    case("after an empty value", "tag", V2, "a: 1\nb:\n«|tag: v2\n»"),
    case("after text on several lines", "tag", V2, "a: one\n  two\n  three\n«|tag: v2\n»"),
    case("before the next document", "tag", V2, "a: 1\n«|tag: v2\n»---\nb: 1\n"),
    case("before the end marker", "tag", V2, "---\na: 1\n«|tag: v2\n»...\n"),
    case("maps on the way", "api.image.tag", V2, "replicas: 1\napi:\n  port: 80\n«|  image:\n    tag: v2\n»web: {}\n"),
    case(
        "maps in the file's step",
        "api.image.tag",
        V2,
        "web:\n    port:\n        name: x\n«|api:\n    image:\n        tag: v2\n»",
    ),
    case("maps in a file that shows no step", "a.b.c", Integer(1), "x: y\n«|a:\n  b:\n    c: 1\n»"),
    case("a file indented as a whole", "tag", V2, "  a: 1\n  b: 2\n«|  tag: v2\n»"),
    case("a map in an item", "a[0].tag", V2, "a:\n  - name: x\n    port: 1\n«|    tag: v2\n»  - name: y\n"),
    case("an item by name", "a[name=x].image.tag", V2, "a:\n- name: x\n«|  image:\n    tag: v2\n»- name: y\n"),
    case("braces", TAG, V2, "image: {repository: a/b«|, tag: v2»}\n"),
    case("braces with an empty value at the end", TAG, V2, "image: {a: «|, tag: v2»}\n"),
    case("braces with nothing after the colon", TAG, V2, "image: {\"a\":«| , \"tag\": \"v2\"»}\n"),
    case("braces with spaces", TAG, V2, "image: { repository: a/b«|, tag: v2» }\n"),
    case("braces over several lines", TAG, V2, "image: {\n  repository: a/b«|,\n  tag: v2»\n}\n"),
    case("braces with a comma at the end", TAG, V2, "image: {\n  repository: a/b«|,\n  tag: v2»,\n}\n"),
    case("braces with a comment at the end", TAG, V2, "image: {\n  a: b«|,» # the last one«|\n  tag: v2»\n}\n"),
    case("braces with a comma and a comment", TAG, V2, "image: {\n  a: b, # the last one«|\n  tag: v2»\n}\n"),
    case("a map in braces", "api.image.tag", V2, "{api: {port: 80«|, image: {tag: v2}»}}\n"),
    case("JSON", TAG, String("1.10"), "{\"image\":{\"repository\":\"a/b\"«|, \"tag\": \"1.10\"»}}"),
    case(
        "JSON, line by line",
        TAG,
        V2,
        "{\n  \"image\": {\n    \"repository\": \"a/b\"«|,\n    \"tag\": \"v2\"»\n  }\n}\n",
    ),
    case("a map in JSON", TAG, V2, "{\n  \"replicaCount\": 1«|,\n  \"image\": {\"tag\": \"v2\"}»\n}\n"),
    case("a number", "replicaCount", Integer(2), "image:\n  tag: 'v1'\n«|replicaCount: 2\n»"),
    case("a tag like a number", TAG, String("1.10"), "image:\n  repository: a/b\n«|  tag: \"1.10\"\n»"),
    case("a key like a truth value", "a.on", V2, "a:\n  b: 1\n«|  \"on\": v2\n»"),
    case("a key with a dot", r"a.b\.c", V2, "a:\n  b: 1\n«|  b.c: v2\n»"),
    case("a key in Cyrillic", "образ.метка", V2, "образ:\n  имя: а\n«|  метка: v2\n»"),
    case("beside a merge without the key", TAG, V2, "x: &x {a: b}\nimage:\n  <<: *x\n«|  tag: v2\n»"),
    case("after an anchored map nobody uses", "image.tag", V2, "image: &image\n  repository: a/b\n«|  tag: v2\n»"),
];

#[test]
fn values_that_are_there() {
    check(&Host::ValuesFile, THERE);
}

#[test]
fn values_of_every_kind() {
    check(&Host::ValuesFile, KINDS);
}

#[test]
fn numbers_and_nothing_as_they_are_asked_for() {
    let number = |text| NewValue::Number(Number::parse(text).expect("a number"));
    check(
        &Host::ValuesFile,
        &[
            case("a float", "a", number("1.10"), "a: «x|1.10»\n"),
            case("a float in place of a quoted one", "a", number("0.50"), "a: «\"0.5\"|0.50»\n"),
            case("a float that is missing", "a.b", number("1e3"), "x: y\n«|a:\n  b: 1e3\n»"),
            case("a large number", "a", number("-99999999999999999999999"), "a: «1|-99999999999999999999999»\n"),
        ],
    );
    let path = KeyPath::parse("a.b").expect("a path");
    for (before, after) in [
        ("a:\n  b: 1 # c\n", "a:\n  b: null # c\n"),
        ("a: {b: 'x'}\n", "a: {b: null}\n"),
        ("a:\n  c: 1\n", "a:\n  c: 1\n  b: null\n"),
    ] {
        let set = |text: &str| helm::set(text.as_bytes(), &Host::ValuesFile, &path, NewValue::Null, Missing::Insert);
        let Ok(Outcome::Changed { text, .. }) = set(before) else { panic!("{before}: {:?}", set(before)) };
        assert_eq!(text, after);
        assert!(matches!(set(after), Ok(Outcome::AlreadySo { .. })), "{after}");
    }
    assert!(matches!(
        helm::set(b"a:\n  b:\n", &Host::ValuesFile, &path, NewValue::Null, Missing::Refuse),
        Ok(Outcome::AlreadySo { .. })
    ));
}

#[test]
fn what_stands_there_is_already_so() {
    for (text, value) in [
        ("defaultMode: 0644\n", "0644"),
        ("defaultMode: 0x1F\n", "0x1F"),
        ("defaultMode: 1.10\n", "1.10"),
        ("defaultMode: 1_000\n", "1_000"),
        ("defaultMode: 12:30\n", "12:30"),
        ("defaultMode: 2024-01-31\n", "2024-01-31"),
        ("defaultMode: True\n", "True"),
        ("defaultMode: .nan\n", ".nan"),
        ("defaultMode: ~\n", "~"),
        ("defaultMode: ''\n", ""),
    ] {
        let path = KeyPath::parse("defaultMode").expect("a path");
        let outcome = helm::set(text.as_bytes(), &Host::ValuesFile, &path, Auto(value), Missing::Refuse);
        assert_eq!(outcome, Ok(Outcome::AlreadySo { value: value.to_owned() }), "{text}");
    }
}

#[test]
fn values_that_are_empty() {
    check(&Host::ValuesFile, FILLED);
}

#[test]
fn values_that_are_missing() {
    check(&Host::ValuesFile, PUT_IN);
}
