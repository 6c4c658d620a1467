//! Before/after pairs, by what is special about each.

use tiphys::{
    domain::name::{ImageName, Tag},
    manifest::{Fault, Missing, Outcome, kustomization::Kustomization},
};

/// The image that the cases are about.
pub(crate) const IMAGE: &str = "registry.example.org:5000/team/app";
/// The workload that the cases are about.
pub(crate) const WORKLOAD: &str = "app";

/// What is set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Set {
    Tag(&'static str),
    Count(u32),
}

/// One pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) set: Set,
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
}

pub(crate) fn edit(text: &[u8], set: Set) -> Result<Outcome, Fault> {
    let kustomization = Kustomization::read(text)?;
    match set {
        Set::Tag(tag) => kustomization.set_tag(&image(), &Tag::new(tag).expect("a valid tag"), Missing::Insert),
        Set::Count(count) => kustomization.set_count(WORKLOAD, count, Missing::Insert),
    }
}

pub(crate) fn image() -> ImageName {
    ImageName::new(IMAGE).expect("a valid image")
}

const fn tag(name: &'static str, tag: &'static str, before: &'static str, after: &'static str) -> Case {
    Case { name, set: Set::Tag(tag), before, after }
}

const fn count(name: &'static str, count: u32, before: &'static str, after: &'static str) -> Case {
    Case { name, set: Set::Count(count), before, after }
}

macro_rules! image {
    () => {
        "registry.example.org:5000/team/app"
    };
}

/// All pairs.
pub(crate) const CASES: &[Case] = &[
    // Ways of writing the value.
    tag(
        "plain",
        "0.10.5",
        concat!("images:\n- name: ", image!(), "\n  newTag: 0.10.4\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: 0.10.5\n"),
    ),
    tag(
        "single quotes",
        "0.10.5",
        concat!("images:\n- name: ", image!(), "\n  newTag: '0.10.4'\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: '0.10.5'\n"),
    ),
    tag(
        "double quotes",
        "0.10.5",
        concat!("images:\n- name: ", image!(), "\n  newTag: \"0.10.4\"\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"0.10.5\"\n"),
    ),
    tag(
        "escapes in the old value",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: \"v\\x31\"\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"v2\"\n"),
    ),
    tag(
        "the value on a line of its own",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag:\n    v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag:\n    v2\n"),
    ),
    tag(
        "an explicit string",
        "1.11",
        concat!("images:\n- name: ", image!(), "\n  newTag: !!str 1.10\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: !!str 1.11\n"),
    ),
    tag(
        "spaces around the value",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag:    v1   \n"),
        concat!("images:\n- name: ", image!(), "\n  newTag:    v2   \n"),
    ),
    tag(
        "a space before the colon",
        "v2",
        concat!("images:\n- name : ", image!(), "\n  newTag : v1\n"),
        concat!("images:\n- name : ", image!(), "\n  newTag : v2\n"),
    ),
    tag(
        "tabs as white space",
        "v2",
        concat!("images:\t# c\n- name:\t", image!(), "\n  newTag:\tv1\t# c\n"),
        concat!("images:\t# c\n- name:\t", image!(), "\n  newTag:\tv2\t# c\n"),
    ),
    // Tags that YAML would read as something else.
    tag(
        "a number comes out quoted",
        "1.10",
        concat!("images:\n- name: ", image!(), "\n  newTag: 1.9.3\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"1.10\"\n"),
    ),
    tag(
        "in the file's quotes",
        "1.10",
        concat!("namespace: 'a'\nimages:\n- name: ", image!(), "\n  newTag: 1.9.3\n"),
        concat!("namespace: 'a'\nimages:\n- name: ", image!(), "\n  newTag: '1.10'\n"),
    ),
    tag(
        "in its own quotes first",
        "1.10",
        concat!("namespace: 'a'\nimages:\n- name: ", image!(), "\n  newTag: \"v1\"\n"),
        concat!("namespace: 'a'\nimages:\n- name: ", image!(), "\n  newTag: \"1.10\"\n"),
    ),
    tag(
        "octal",
        "0123",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"0123\"\n"),
    ),
    tag(
        "exponent",
        "1e5",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"1e5\"\n"),
    ),
    tag(
        "hexadecimal",
        "0x1F",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"0x1F\"\n"),
    ),
    tag(
        "a truth value of YAML 1.1",
        "on",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"on\"\n"),
    ),
    tag(
        "one letter that is a truth value",
        "y",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"y\"\n"),
    ),
    tag(
        "null",
        "null",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"null\"\n"),
    ),
    tag(
        "a date",
        "2024-01-31",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"2024-01-31\"\n"),
    ),
    tag(
        "digits with underscores",
        "1_000",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"1_000\"\n"),
    ),
    tag(
        "a commit id that is a float",
        "1234e567",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"1234e567\"\n"),
    ),
    tag(
        "a version needs no quotes",
        "1.10.0",
        concat!("images:\n- name: ", image!(), "\n  newTag: \"1.9\"\n- name: b\n  newTag: x\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"1.10.0\"\n- name: b\n  newTag: x\n"),
    ),
    // Empty values.
    tag(
        "nothing after the colon",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag:\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "a space after the colon",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: \n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "nothing but a comment",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: # later\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2 # later\n"),
    ),
    tag(
        "a tilde",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: ~\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "null in words",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: null # c\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2 # c\n"),
    ),
    tag(
        "an empty string",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: ''\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: 'v2'\n"),
    ),
    tag(
        "empty at the end of the text",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag:"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2"),
    ),
    tag(
        "an empty value in braces",
        "v2",
        concat!("images: [{name: '", image!(), "', newTag: }]\n"),
        concat!("images: [{name: '", image!(), "', newTag: v2 }]\n"),
    ),
    tag(
        "a key alone in braces",
        "v2",
        concat!("images: [{name: '", image!(), "', newTag}]\n"),
        concat!("images: [{name: '", image!(), "', newTag: v2}]\n"),
    ),
    // Comments, line ends, encodings.
    tag(
        "comments everywhere",
        "v2",
        concat!(
            "# top\nimages: # images\n# before\n- name: ",
            image!(),
            " # name\n  # between\n  newTag: v1 # tag\n  # after\n# end\n"
        ),
        concat!(
            "# top\nimages: # images\n# before\n- name: ",
            image!(),
            " # name\n  # between\n  newTag: v2 # tag\n  # after\n# end\n"
        ),
    ),
    tag(
        "a comment that looks like the value",
        "v2",
        concat!("images:\n# newTag: v1\n- name: ", image!(), "\n  # newTag: v1\n  newTag: v1 # newTag: v1\n"),
        concat!("images:\n# newTag: v1\n- name: ", image!(), "\n  # newTag: v1\n  newTag: v2 # newTag: v1\n"),
    ),
    tag(
        "CRLF",
        "v2",
        concat!("images:\r\n- name: ", image!(), "\r\n  newTag: v1\r\n"),
        concat!("images:\r\n- name: ", image!(), "\r\n  newTag: v2\r\n"),
    ),
    tag(
        "CRLF and an empty value",
        "v2",
        concat!("images:\r\n- name: ", image!(), "\r\n  newTag:\r\n"),
        concat!("images:\r\n- name: ", image!(), "\r\n  newTag: v2\r\n"),
    ),
    tag(
        "mixed line ends",
        "v2",
        concat!("# a\r\nimages:\n- name: ", image!(), "\r\n  newTag: v1\n"),
        concat!("# a\r\nimages:\n- name: ", image!(), "\r\n  newTag: v2\n"),
    ),
    tag(
        "a byte order mark",
        "v2",
        concat!("\u{feff}images:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("\u{feff}images:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "no final newline",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2"),
    ),
    tag(
        "blank lines at the end",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n\n\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n\n\n"),
    ),
    tag(
        "Cyrillic",
        "v2",
        concat!(
            "# Образы приложения\ncommonAnnotations: {заметка: 'привет 👋'}\nimages:\n- name: ",
            image!(),
            " # имя\n  newTag: v1 # метка\n"
        ),
        concat!(
            "# Образы приложения\ncommonAnnotations: {заметка: 'привет 👋'}\nimages:\n- name: ",
            image!(),
            " # имя\n  newTag: v2 # метка\n"
        ),
    ),
    tag(
        "spaces at line ends",
        "v2",
        concat!("images:  \n- name: ", image!(), "   \n  newTag: v1  \n   \n"),
        concat!("images:  \n- name: ", image!(), "   \n  newTag: v2  \n   \n"),
    ),
    // Shapes.
    tag(
        "an indented list",
        "v2",
        concat!("images:\n    -   name: ", image!(), "\n        newTag: v1\n"),
        concat!("images:\n    -   name: ", image!(), "\n        newTag: v2\n"),
    ),
    tag(
        "the tag before the name",
        "v2",
        concat!("images:\n- newTag: v1\n  newName: b\n  name: ", image!(), "\n"),
        concat!("images:\n- newTag: v2\n  newName: b\n  name: ", image!(), "\n"),
    ),
    tag(
        "a dash on a line of its own",
        "v2",
        concat!("images:\n-\n  name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n-\n  name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "braces in a list",
        "v2",
        concat!("images:\n- {name: '", image!(), "', newTag: v1} # c\n"),
        concat!("images:\n- {name: '", image!(), "', newTag: v2} # c\n"),
    ),
    tag(
        "brackets over several lines",
        "v2",
        concat!("images: [\n  { name: \"", image!(), "\", # c\n    newTag: \"v1\" },\n]\n"),
        concat!("images: [\n  { name: \"", image!(), "\", # c\n    newTag: \"v2\" },\n]\n"),
    ),
    tag(
        "JSON",
        "v2",
        concat!(
            "{\"resources\": [\"deployment.yaml\"], \"images\": [{\"name\": \"",
            image!(),
            "\", \"newTag\": \"v1\"}]}\n"
        ),
        concat!(
            "{\"resources\": [\"deployment.yaml\"], \"images\": [{\"name\": \"",
            image!(),
            "\", \"newTag\": \"v2\"}]}\n"
        ),
    ),
    tag(
        "JSON with null",
        "v2",
        concat!("{\"resources\":[\"deployment.yaml\"],\"images\":[{\"name\":\"", image!(), "\",\"newTag\":null}]}"),
        concat!("{\"resources\":[\"deployment.yaml\"],\"images\":[{\"name\":\"", image!(), "\",\"newTag\":\"v2\"}]}"),
    ),
    tag(
        "quoted keys",
        "v2",
        concat!("'images':\n- \"name\": ", image!(), "\n  \"newTag\": v1\n"),
        concat!("'images':\n- \"name\": ", image!(), "\n  \"newTag\": v2\n"),
    ),
    tag(
        "explicit keys",
        "v2",
        concat!("? images\n: - name: ", image!(), "\n    ? newTag\n    : v1\n"),
        concat!("? images\n: - name: ", image!(), "\n    ? newTag\n    : v2\n"),
    ),
    tag(
        "keys in another case",
        "v2",
        concat!("Images:\n- Name: ", image!(), "\n  newtag: v1\n"),
        concat!("Images:\n- Name: ", image!(), "\n  newtag: v2\n"),
    ),
    tag(
        "the old name of the section",
        "v2",
        concat!("imageTags:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("imageTags:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "other entries with the same tag",
        "v2",
        concat!(
            "images:\n- name: a\n  newTag: v1\n- name: ",
            image!(),
            "\n  newTag: v1\n- name: ",
            image!(),
            "-migrations\n  newTag: v1\n"
        ),
        concat!(
            "images:\n- name: a\n  newTag: v1\n- name: ",
            image!(),
            "\n  newTag: v2\n- name: ",
            image!(),
            "-migrations\n  newTag: v1\n"
        ),
    ),
    tag(
        "another port is another image",
        "v2",
        concat!("images:\n- name: registry.example.org/team/web\n  newTag: v1\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: registry.example.org/team/web\n  newTag: v1\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "the name given by newName",
        "v2",
        concat!("images:\n- name: app\n  newName: ", image!(), "\n  newTag: v1\n"),
        concat!("images:\n- name: app\n  newName: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "a quoted name",
        "v2",
        concat!("images:\n- name: \"", image!(), "\"\n  newTag: v1\n"),
        concat!("images:\n- name: \"", image!(), "\"\n  newTag: v2\n"),
    ),
    tag(
        "the name by an alias",
        "v2",
        concat!("commonAnnotations: {image: &image ", image!(), " }\nimages:\n- name: *image\n  newTag: v1\n"),
        concat!("commonAnnotations: {image: &image ", image!(), " }\nimages:\n- name: *image\n  newTag: v2\n"),
    ),
    tag(
        "anchors elsewhere",
        "v2",
        concat!(
            "commonLabels: &labels {a: b}\ncommonAnnotations: *labels\nimages: &unused\n- name: ",
            image!(),
            "\n  newTag: v1\n"
        ),
        concat!(
            "commonLabels: &labels {a: b}\ncommonAnnotations: *labels\nimages: &unused\n- name: ",
            image!(),
            "\n  newTag: v2\n"
        ),
    ),
    tag(
        "block scalars before and after",
        "v2",
        concat!(
            "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: add\n      path: /spec/newTag\n      value: v1\n\nimages:\n- name: ",
            image!(),
            "\n  newTag: v1\nconfigMapGenerator:\n- name: c\n  literals:\n  - |\n    a=images:\n"
        ),
        concat!(
            "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: add\n      path: /spec/newTag\n      value: v1\n\nimages:\n- name: ",
            image!(),
            "\n  newTag: v2\nconfigMapGenerator:\n- name: c\n  literals:\n  - |\n    a=images:\n"
        ),
    ),
    // Documents.
    tag(
        "a document marker",
        "v2",
        concat!("---\nimages:\n- name: ", image!(), "\n  newTag: v1\n"),
        concat!("---\nimages:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "an end marker",
        "v2",
        concat!("%YAML 1.1\n---\nresources: [deployment.yaml]\nimages:\n- name: ", image!(), "\n  newTag: v1\n...\n"),
        concat!("%YAML 1.1\n---\nresources: [deployment.yaml]\nimages:\n- name: ", image!(), "\n  newTag: v2\n...\n"),
    ),
    tag(
        "only the first document counts",
        "v2",
        concat!(
            "resources: [deployment.yaml]\nimages:\n- name: ",
            image!(),
            "\n  newTag: v1\n---\nimages:\n- name: ",
            image!(),
            "\n  newTag: v1\n"
        ),
        concat!(
            "resources: [deployment.yaml]\nimages:\n- name: ",
            image!(),
            "\n  newTag: v2\n---\nimages:\n- name: ",
            image!(),
            "\n  newTag: v1\n"
        ),
    ),
    // Digests.
    tag(
        "a digest beside the tag goes",
        "v2",
        concat!(
            "images:\n- name: ",
            image!(),
            "\n  newTag: v1\n  digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n# end\n"
        ),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n# end\n"),
    ),
    tag(
        "a digest before the tag",
        "v2",
        concat!(
            "images:\n- name: ",
            image!(),
            "\n  digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'\n  newTag: v1 # c\n"
        ),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2 # c\n"),
    ),
    tag(
        "a digest at the end of the text",
        "v2",
        concat!(
            "images:\r\n- name: ",
            image!(),
            "\r\n  newTag: v1\r\n  digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        ),
        concat!("images:\r\n- name: ", image!(), "\r\n  newTag: v2"),
    ),
    tag(
        "a digest as the first key",
        "v2",
        concat!(
            "images:\n- digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n  name: ",
            image!(),
            "\n  newTag: v1\n"
        ),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "a digest in braces",
        "v2",
        concat!(
            "images:\n- {name: '",
            image!(),
            "', newTag: v1, digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}\n"
        ),
        concat!("images:\n- {name: '", image!(), "', newTag: v2}\n"),
    ),
    tag(
        "a digest first in braces",
        "v2",
        concat!(
            "images:\n- { digest: 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', name: '",
            image!(),
            "', newTag: v1 }\n"
        ),
        concat!("images:\n- { name: '", image!(), "', newTag: v2 }\n"),
    ),
    tag(
        "a digest in the tag's place",
        "v2",
        concat!(
            "images:\n- name: ",
            image!(),
            "\n  digest: \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\" # c\n"
        ),
        concat!("images:\n- name: ", image!(), "\n  newTag: \"v2\" # c\n"),
    ),
    tag(
        "an empty digest stays",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n  digest: \"\" # none\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n  digest: \"\" # none\n"),
    ),
    tag(
        "the comment of a digest that goes stays",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n  digest: sha256:0 # pinned by hand\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n  # pinned by hand\n"),
    ),
    tag(
        "a digest on a line of its own",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  newTag: v1\n  digest:\n    sha256:0\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "a digest beside the wanted tag goes",
        "v2",
        concat!("images:\n- name: ", image!(), "\n  digest: sha256:0\n  newTag: v2\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    // A missing key.
    tag(
        "the key is put in",
        "v2",
        concat!("images:\n- name: ", image!(), "\n"),
        concat!("images:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "after the new name",
        "v2",
        concat!("images:\n  - newName: b # c\n    name: ", image!(), "\n"),
        concat!("images:\n  - newName: b # c\n    newTag: v2\n    name: ", image!(), "\n"),
    ),
    tag(
        "in quotes like the others",
        "v2",
        concat!("images:\n- name: a\n  newTag: 'x'\n- name: ", image!(), "\n\n# end\n"),
        concat!("images:\n- name: a\n  newTag: 'x'\n- name: ", image!(), "\n  newTag: 'v2'\n\n# end\n"),
    ),
    tag(
        "with CRLF and without a final line end",
        "v2",
        concat!("images:\r\n-   name: ", image!()),
        concat!("images:\r\n-   name: ", image!(), "\r\n    newTag: v2"),
    ),
    tag(
        "in braces",
        "v2",
        concat!("images: [{name: '", image!(), "'}]\n"),
        concat!("images: [{name: '", image!(), "', newTag: v2}]\n"),
    ),
    tag(
        "in JSON, line by line",
        "v2",
        concat!(
            "{\n  \"resources\": [\"deployment.yaml\"],\n  \"images\": [\n    {\n      \"name\": \"",
            image!(),
            "\"\n    }\n  ]\n}\n"
        ),
        concat!(
            "{\n  \"resources\": [\"deployment.yaml\"],\n  \"images\": [\n    {\n      \"name\": \"",
            image!(),
            "\",\n      \"newTag\": \"v2\"\n    }\n  ]\n}\n"
        ),
    ),
    // A missing entry.
    tag(
        "an entry is put in",
        "v2",
        "images:\n- name: other\n  newTag: v1\nnamespace: x\n",
        concat!("images:\n- name: other\n  newTag: v1\n- name: ", image!(), "\n  newTag: v2\nnamespace: x\n"),
    ),
    tag(
        "an entry in the list's style",
        "v2",
        "images:\n  -   name: \"other\" # c\n      newTag: 'v1' # d\n  # end of images\n\nnamespace: x\n",
        concat!(
            "images:\n  -   name: \"other\" # c\n      newTag: 'v1' # d\n  -   name: \"",
            image!(),
            "\"\n      newTag: 'v2'\n  # end of images\n\nnamespace: x\n"
        ),
    ),
    tag(
        "an entry in braces",
        "v2",
        "images:\n- { name: other, newTag: v1 }\n",
        concat!("images:\n- { name: other, newTag: v1 }\n- { name: ", image!(), ", newTag: v2 }\n"),
    ),
    tag(
        "an entry in brackets",
        "1.10",
        "images: [{name: other, newTag: v1}]\n",
        concat!("images: [{name: other, newTag: v1}, {name: ", image!(), ", newTag: \"1.10\"}]\n"),
    ),
    tag(
        "an entry in JSON, line by line",
        "v2",
        "{\n  \"resources\": [\"deployment.yaml\"],\n  \"images\": [\n    {\n      \"name\": \"other\",\n      \"newTag\": \"v1\"\n    }\n  ]\n}\n",
        concat!(
            "{\n  \"resources\": [\"deployment.yaml\"],\n  \"images\": [\n    {\n      \"name\": \"other\",\n      \"newTag\": \"v1\"\n    },\n    {\n      \"name\": \"",
            image!(),
            "\",\n      \"newTag\": \"v2\"\n    }\n  ]\n}\n"
        ),
    ),
    tag(
        "an entry with CRLF at the end of the text",
        "v2",
        "images:\r\n- name: other\r\n  newTag: v1",
        concat!("images:\r\n- name: other\r\n  newTag: v1\r\n- name: ", image!(), "\r\n  newTag: v2"),
    ),
    // A missing section.
    tag(
        "a section at the end",
        "v2",
        "resources:\n- deployment.yaml\n",
        concat!("resources:\n- deployment.yaml\nimages:\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    tag(
        "a section, indented like the others, in quotes",
        "1.10",
        "resources:\n  - 'deployment.yaml'",
        concat!("resources:\n  - 'deployment.yaml'\nimages:\n  - name: ", image!(), "\n    newTag: '1.10'"),
    ),
    tag(
        "a section after a block scalar",
        "v2",
        "resources: [deployment.yaml]\nconfigMapGenerator:\n- name: c\n  literals:\n  - |+\n    a=b\n\n",
        concat!(
            "resources: [deployment.yaml]\nconfigMapGenerator:\n- name: c\n  literals:\n  - |+\n    a=b\n\nimages:\n- name: ",
            image!(),
            "\n  newTag: v2\n"
        ),
    ),
    tag(
        "a section before the next document",
        "v2",
        "resources: [deployment.yaml] # c\n# d\n---\na: b\n",
        concat!("resources: [deployment.yaml] # c\n# d\nimages:\n- name: ", image!(), "\n  newTag: v2\n---\na: b\n"),
    ),
    tag(
        "a section before the end marker",
        "v2",
        "\u{feff}resources: [deployment.yaml]\r\n...\r\n",
        concat!("\u{feff}resources: [deployment.yaml]\r\nimages:\r\n- name: ", image!(), "\r\n  newTag: v2\r\n...\r\n"),
    ),
    tag(
        "a section in JSON",
        "v2",
        "{\n  \"resources\": [\n    \"deployment.yaml\"\n  ]\n}",
        concat!(
            "{\n  \"resources\": [\n    \"deployment.yaml\"\n  ],\n  \"images\": [{\"name\": \"",
            image!(),
            "\", \"newTag\": \"v2\"}]\n}"
        ),
    ),
    tag(
        "an empty section",
        "v2",
        "resources:\n- deployment.yaml\nimages:\n# none yet\nnamespace: x\n",
        concat!(
            "resources:\n- deployment.yaml\nimages:\n- name: ",
            image!(),
            "\n  newTag: v2\n# none yet\nnamespace: x\n"
        ),
    ),
    tag(
        "an empty list",
        "v2",
        "images: []\nresources:\n  - deployment.yaml\n",
        concat!("images:\n  - name: ", image!(), "\n    newTag: v2\nresources:\n  - deployment.yaml\n"),
    ),
    tag(
        "an empty list with a comment",
        "v2",
        "images: [] # none yet\n",
        concat!("images: [{name: ", image!(), ", newTag: v2}] # none yet\n"),
    ),
    tag(
        "an empty section with a comment",
        "v2",
        "images: # none yet\n",
        concat!("images: # none yet\n- name: ", image!(), "\n  newTag: v2\n"),
    ),
    // Replica counts.
    count("a count", 3, "replicas:\n- name: app\n  count: 2\n", "replicas:\n- name: app\n  count: 3\n"),
    count(
        "a count before the name",
        0,
        "replicas:\n- count: 2 # c\n  name: app\n",
        "replicas:\n- count: 0 # c\n  name: app\n",
    ),
    count(
        "the workload among others",
        3,
        "replicas:\n- name: app2\n  count: 2\n- {name: app, count: 2}\n",
        "replicas:\n- name: app2\n  count: 2\n- {name: app, count: 3}\n",
    ),
    count(
        "a quoted count is none to kustomize",
        3,
        "replicas:\n- name: app\n  count: \"2\"\n",
        "replicas:\n- name: app\n  count: 3\n",
    ),
    count("an octal count", 12, "replicas:\n- name: app\n  count: 010\n", "replicas:\n- name: app\n  count: 12\n"),
    count("an empty count", 3, "replicas:\n- name: app\n  count: # c\n", "replicas:\n- name: app\n  count: 3 # c\n"),
    count("a missing count", 3, "replicas:\n- name: app\n", "replicas:\n- name: app\n  count: 3\n"),
    count(
        "a missing entry",
        3,
        "replicas:\n- name: 'other'\n  count: 1\n",
        "replicas:\n- name: 'other'\n  count: 1\n- name: 'app'\n  count: 3\n",
    ),
    count(
        "a missing entry in braces",
        3,
        "replicas: [{name: other, count: 1}]",
        "replicas: [{name: other, count: 1}, {name: app, count: 3}]",
    ),
    count(
        "a missing section",
        3,
        "resources:\n- deployment.yaml\n",
        "resources:\n- deployment.yaml\nreplicas:\n- name: app\n  count: 3\n",
    ),
    count(
        "a missing section in a file indented as a whole",
        3,
        "  resources:\n    - deployment.yaml\n",
        "  resources:\n    - deployment.yaml\n  replicas:\n    - name: app\n      count: 3\n",
    ),
    count(
        "a section that is null",
        3,
        "replicas: ~\nresources:\n- deployment.yaml\n",
        "replicas:\n- name: app\n  count: 3\nresources:\n- deployment.yaml\n",
    ),
    count(
        "a component",
        3,
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nreplicas:\n- name: app\n  count: 2\n",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nreplicas:\n- name: app\n  count: 3\n",
    ),
];
