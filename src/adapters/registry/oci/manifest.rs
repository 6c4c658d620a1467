//! What registries answer: lists of tags, manifests, image configurations, errors.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;

/// The answer to `tags/list`.
#[derive(Debug, Deserialize)]
pub(super) struct TagList {
    pub(super) tags: Option<Vec<String>>,
}

/// The answer to a request that failed.
#[derive(Debug, Deserialize)]
pub(super) struct Errors {
    pub(super) errors: Vec<ErrorEntry>,
}

/// One error of it.
#[derive(Debug, Deserialize)]
pub(super) struct ErrorEntry {
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
}

/// A manifest or an index, of the OCI's or Docker's kind: they have the same shape. Docker's first version of it has
/// neither sizes nor a configuration; its history holds one.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    annotations: Option<HashMap<String, String>>,
    history: Option<Vec<FirstVersionLayer>>,
}

#[derive(Debug, Deserialize)]
struct FirstVersionLayer {
    #[serde(rename = "v1Compatibility", default)]
    configuration: String,
}

#[derive(Debug, Deserialize)]
struct Descriptor {
    #[serde(default)]
    digest: String,
    #[serde(default)]
    size: i64,
    platform: Option<Platform>,
    annotations: Option<HashMap<String, String>>,
}

impl Descriptor {
    fn is_for(&self, os: &str, architecture: &str) -> bool {
        self.platform.as_ref().is_some_and(|p| p.os == os && p.architecture == architecture)
    }

    /// Whether it is a statement about an image. Those stand in an index under the platform unknown/unknown.
    fn is_attestation(&self) -> bool {
        let annotated = self.annotations.as_ref().and_then(|all| all.get("vnd.docker.reference.type"));
        self.is_for("unknown", "unknown") || annotated.is_some_and(|kind| kind == "attestation-manifest")
    }
}

#[derive(Debug, Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

impl Manifest {
    /// An index's manifest to describe it by: linux/amd64, or else the first that is for any platform.
    pub(super) fn preferred(&self) -> Option<&str> {
        let manifests = self.manifests.as_deref()?;
        let images = || manifests.iter().filter(|descriptor| !descriptor.is_attestation());
        images()
            .find(|descriptor| descriptor.is_for("linux", "amd64"))
            .or_else(|| images().next())
            .map(|descriptor| descriptor.digest.as_str())
            .filter(|digest| is_digest(digest))
    }

    /// The compressed size: the configuration and the layers.
    pub(super) fn size(&self) -> Option<u64> {
        let layers = self.layers.as_deref()?;
        let parts = layers.iter().chain(&self.config).map(|part| u64::try_from(part.size).unwrap_or(0));
        Some(parts.fold(0, u64::saturating_add))
    }

    /// When it was made, by its own annotation (OCI image specification, "Pre-Defined Annotation Keys").
    pub(super) fn annotated_time(&self) -> Option<Timestamp> {
        time(self.annotations.as_ref()?.get("org.opencontainers.image.created")?)
    }

    /// When it was made, by the history of a manifest of Docker's first version.
    pub(super) fn first_version_time(&self) -> Option<Timestamp> {
        created_at(self.history.as_deref()?.first()?.configuration.as_bytes())
    }

    /// The digest of the image's configuration.
    pub(super) fn config_digest(&self) -> Option<&str> {
        self.config.as_ref().map(|config| config.digest.as_str()).filter(|digest| is_digest(digest))
    }
}

/// When the image was made, by its configuration.
pub(super) fn created_at(config: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Config {
        created: Option<String>,
    }
    let config: Config = serde_json::from_slice(config).ok()?;
    time(&config.created?)
}

/// A time that says something: builds that want to be reproducible write the epoch.
fn time(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().filter(|time| *time > Timestamp::UNIX_EPOCH)
}

/// `algorithm:encoded` as the OCI image specification has it, so that it can stand in a path.
pub(super) fn is_digest(text: &str) -> bool {
    text.len() <= 200
        && text.split_once(':').is_some_and(|(algorithm, encoded)| {
            !algorithm.is_empty()
                && algorithm.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+._-".contains(&b))
                && !encoded.is_empty()
                && encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"=_-".contains(&b))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(json: &str) -> Manifest {
        serde_json::from_str(json).expect("a manifest")
    }

    #[test]
    fn an_index_is_described_by_linux_amd64_or_its_first_platform() {
        let amd64 = r#"{"digest":"sha256:a","platform":{"os":"linux","architecture":"amd64"}}"#;
        let arm64 = r#"{"digest":"sha256:b","platform":{"os":"linux","architecture":"arm64","variant":"v8"}}"#;
        let attestation = r#"{"digest":"sha256:c","platform":{"os":"unknown","architecture":"unknown"}}"#;
        let bare = r#"{"digest":"sha256:d"}"#;
        let statement = r#"{"digest":"sha256:e","annotations":{"vnd.docker.reference.type":"attestation-manifest"}}"#;
        let evil = r#"{"digest":"../../../x:y"}"#;
        for (list, expected) in [
            (vec![attestation, arm64, amd64], Some("sha256:a")),
            (vec![attestation, arm64], Some("sha256:b")),
            (vec![bare, arm64], Some("sha256:d")),
            (vec![statement, arm64], Some("sha256:b")),
            (vec![attestation], None),
            (vec![evil], None),
            (vec![], None),
        ] {
            let index = manifest(&format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(",")));
            assert_eq!(index.preferred(), expected, "{list:?}");
            assert_eq!((index.size(), index.config_digest()), (None, None));
        }
    }

    #[test]
    fn the_size_is_that_of_all_parts() {
        let image = manifest(
            r#"{"config":{"digest":"sha256:c","size":10},"layers":[{"digest":"sha256:l","size":90},{"size":-1}]}"#,
        );
        assert_eq!((image.size(), image.config_digest(), image.preferred()), (Some(100), Some("sha256:c"), None));
    }

    #[test]
    fn annotations_and_the_first_version_tell_a_time() {
        let image = manifest(
            r#"{"schemaVersion":1,"name":"team/app","fsLayers":[{"blobSum":"sha256:a"}],"history":[
                {"v1Compatibility":"{\"id\":\"b\",\"created\":\"2016-02-03T04:05:06.789Z\"}"},{"v1Compatibility":"{}"}]}"#,
        );
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        assert_eq!(time(image.first_version_time()).as_deref(), Some("2016-02-03T04:05:06.789Z"));
        assert_eq!((image.size(), image.config_digest(), image.annotated_time()), (None, None, None));
        let index = manifest(
            r#"{"manifests":[],"annotations":{"org.opencontainers.image.created":"2026-11-02T10:00:00Z","x":"y"}}"#,
        );
        assert_eq!(time(index.annotated_time()).as_deref(), Some("2026-11-02T10:00:00Z"));
        for odd in [r#"{"history":[]}"#, r#"{"history":[{}]}"#, r#"{"history":[{"v1Compatibility":"["}]}"#] {
            assert_eq!(manifest(odd).first_version_time(), None, "{odd}");
        }
    }

    #[test]
    fn the_time_of_creation_is_one_that_says_something() {
        let read = |json: &str| created_at(json.as_bytes()).map(|time| time.to_string());
        assert_eq!(read(r#"{"created":"2026-11-02T10:00:00.5+03:00"}"#).as_deref(), Some("2026-11-02T07:00:00.5Z"));
        for silent in [
            r#"{"created":"1970-01-01T00:00:00Z"}"#,
            r#"{"created":"0001-01-01T00:00:00Z"}"#,
            r#"{"created":"yesterday"}"#,
            r#"{"created":null}"#,
            "{}",
            "[",
        ] {
            assert_eq!(read(silent), None, "{silent}");
        }
    }
}
