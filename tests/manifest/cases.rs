//! Before/after pairs, read from `tests/fixtures/manifest`; its README tells how they are written.

use std::sync::LazyLock;

use tiphys::{
    domain::{
        image::{ImageArgument, ImageChange},
        name::{ImageName, Tag},
        replicas::ReplicasArgument,
    },
    manifest::{
        Fault, Missing, Outcome,
        argocd::{self, Place},
        kustomization::Kustomization,
    },
};

/// The image that the cases are about.
pub(crate) const IMAGE: &str = "registry.example.org:5000/team/app";
/// Another name of it.
pub(crate) const MIRROR: &str = "mirror.example.org/team/app";
/// The workload that the cases are about.
pub(crate) const WORKLOAD: &str = "app";
/// Two digests.
pub(crate) const DIGESTS: [&str; 2] = [
    "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210",
];

/// What is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Set {
    Image(ImageArgument),
    Replicas(ReplicasArgument),
}

impl Set {
    /// Another tag of the image.
    pub(crate) fn tag(tag: &str) -> Self {
        let change = ImageChange::tag(Tag::new(tag).expect("a valid tag"));
        Self::Image(ImageArgument { name: IMAGE.to_owned(), change })
    }

    /// A replica count of the workload.
    pub(crate) fn count(count: u32) -> Self {
        Self::Replicas(ReplicasArgument { name: WORKLOAD.to_owned(), count })
    }

    /// How an outcome tells that it is so already.
    pub(crate) fn value(&self) -> String {
        match self {
            Self::Image(image) => image.change.to_string(),
            Self::Replicas(replicas) => replicas.count.to_string(),
        }
    }

    /// The text that is to be found on the line that an outcome tells of.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Replicas(replicas) => replicas.count.to_string(),
            Self::Image(ImageArgument { change: ImageChange { name, tag, digest }, .. }) => {
                let tag = tag.as_ref().map(|tag| tag.to_string());
                let rest =
                    digest.as_ref().map(|digest| digest.to_string()).or(name.as_ref().map(|name| name.to_string()));
                tag.or(rest).unwrap_or_default()
            }
        }
    }
}

/// What kind of file a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Where {
    Kustomization,
    SourceFile,
    Application,
}

impl Where {
    fn place(self) -> Option<Place> {
        match self {
            Self::Kustomization => None,
            Self::SourceFile => Some(Place::SourceFile),
            Self::Application => Some(Place::Application { name: None }),
        }
    }
}

/// One pair.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) place: Where,
    pub(crate) set: Set,
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Case {
    /// Carries an edit out at the place of this case.
    pub(crate) fn edit(&self, text: &str, set: &Set) -> Result<Outcome, Fault> {
        edit_at(self.place, text.as_bytes(), set)
    }
}

/// All pairs.
pub(crate) static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    [
        include_str!("../fixtures/manifest/values.txt"),
        include_str!("../fixtures/manifest/surroundings.txt"),
        include_str!("../fixtures/manifest/shapes.txt"),
        include_str!("../fixtures/manifest/digests.txt"),
        include_str!("../fixtures/manifest/images.txt"),
        include_str!("../fixtures/manifest/insertions.txt"),
        include_str!("../fixtures/manifest/replicas.txt"),
        include_str!("../fixtures/manifest/overrides.txt"),
    ]
    .into_iter()
    .flat_map(read)
    .collect()
});

fn read(file: &str) -> Vec<Case> {
    let file = file.strip_suffix('\n').expect("a final line end");
    let cases = file.strip_prefix("##### ").expect("a heading").split("\n\n##### ");
    cases.map(|case| read_case(case).unwrap_or_else(|| panic!("not a case:\n{case}"))).collect()
}

fn read_case(case: &str) -> Option<Case> {
    let (name, rest) = case.split_once('\n')?;
    let (command, rest) = rest.split_once("\n=== before\n")?;
    let (before, after) = rest.split_once("=== after\n")?;
    let command = plain(command);
    let (place, command) = match command.split_once(' ')? {
        ("argocd-source", command) => (Where::SourceFile, command),
        ("application", command) => (Where::Application, command),
        _ => (Where::Kustomization, &*command),
    };
    let set = match command.split_once(' ')? {
        ("image", argument) => Set::Image(argument.parse().ok()?),
        ("replicas", argument) => Set::Replicas(argument.parse().ok()?),
        _ => return None,
    };
    let text = |text: &str| plain(text.strip_suffix("␄\n").unwrap_or(text));
    Some(Case { name: name.to_owned(), place, set, before: text(before), after: text(&format!("{after}\n")) })
}

/// The text that is meant, with all that a fixture makes visible.
fn plain(text: &str) -> String {
    text.replace('␍', "\r")
        .replace('␠', " ")
        .replace('⇥', "\t")
        .replace("⟨BOM⟩", "\u{feff}")
        .replace("⟨LONG⟩", &"x".repeat(10_000))
        .replace("IMAGE", IMAGE)
        .replace("MIRROR", MIRROR)
        .replace("DIGEST2", DIGESTS[1])
        .replace("DIGEST", DIGESTS[0])
}

pub(crate) fn edit_at(place: Where, text: &[u8], set: &Set) -> Result<Outcome, Fault> {
    match (place.place(), set) {
        (None, Set::Image(ImageArgument { name, change })) => {
            Kustomization::read(text)?.set_image(name, change, Missing::Insert)
        }
        (None, Set::Replicas(ReplicasArgument { name, count })) => {
            Kustomization::read(text)?.set_count(name, *count, Missing::Insert)
        }
        (Some(place), Set::Image(ImageArgument { name, change })) => {
            argocd::set_image(text, &place, name, change, Missing::Insert)
        }
        (Some(place), Set::Replicas(ReplicasArgument { name, count })) => {
            argocd::set_replicas(text, &place, name, *count, Missing::Insert)
        }
    }
}

/// Edits a kustomization.
pub(crate) fn edit(text: &[u8], set: &Set) -> Result<Outcome, Fault> {
    edit_at(Where::Kustomization, text, set)
}

pub(crate) fn image() -> ImageName {
    ImageName::new(IMAGE).expect("a valid image")
}
