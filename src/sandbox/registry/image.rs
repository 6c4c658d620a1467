//! Images: manifests and configs whose digests are true.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The media type of an OCI index.
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The media type of an OCI manifest.
pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A document of the registry.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) digest: String,
    pub(super) media_type: &'static str,
    pub(super) body: String,
}

/// An image that a tag names.
#[derive(Debug, Clone)]
pub(super) struct Image {
    /// What the tag names: a manifest or an index.
    pub(super) top: Document,
    /// The manifests that an index lists.
    pub(super) children: Vec<Document>,
    pub(super) config: Document,
    pub(super) created_at: Timestamp,
    /// When it was pushed.
    pub(super) published_at: Timestamp,
    /// The compressed size in bytes.
    pub(super) size: u64,
}

impl Image {
    /// Releases are OCI images, branches Docker ones.
    pub(super) fn build(repository: &str, tag: &str, created_at: Timestamp, size: u64) -> Self {
        let release = tag.starts_with(|c: char| c.is_ascii_digit());
        let types = if release {
            (OCI_MANIFEST, OCI_CONFIG, OCI_LAYER)
        } else {
            (DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER)
        };
        let layers: Vec<(String, u64)> = [(62, "base"), (31, "libraries"), (7, "application")]
            .iter()
            .map(|(percent, what)| (digest(&format!("{repository} {what} {tag} {created_at}")), size * percent / 100))
            .collect();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "created": created_at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string(),
            "config": {
                "User": "10001:10001",
                "ExposedPorts": {"8080/tcp": {}},
                "Entrypoint": ["/usr/bin/oil-refinery-application"],
                "Labels": {"org.opencontainers.image.version": tag},
            },
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|(digest, _)| digest).collect::<Vec<_>>()},
            "history": [{"created": created_at.to_string(), "created_by": "COPY application /usr/bin/"}],
        });
        let config = Document::new(types.1, &config);
        let layers: Vec<Value> = layers
            .into_iter()
            .map(|(digest, size)| json!({"mediaType": types.2, "size": size, "digest": digest}))
            .collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": types.0, "config": config.descriptor(), "layers": layers,
        });
        Self {
            top: Document::new(types.0, &manifest),
            children: Vec::new(),
            config,
            created_at,
            published_at: created_at,
            size,
        }
    }

    /// The same image behind an index with an attestation, as buildx and buildah push it.
    pub(super) fn indexed(repository: &str, tag: &str, created_at: Timestamp, size: u64) -> Self {
        let image = Self::build(repository, &format!("0-{tag}"), created_at, size);
        let statement = Document::new(OCI_CONFIG, &json!({"architecture": "unknown", "os": "unknown", "config": {}}));
        let attestation = Document::new(
            OCI_MANIFEST,
            &json!({
                "schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": statement.descriptor(), "layers": [],
            }),
        );
        let mut main = image.top.descriptor();
        main["platform"] = json!({"architecture": "amd64", "os": "linux"});
        let mut extra = attestation.descriptor();
        extra["platform"] = json!({"architecture": "unknown", "os": "unknown"});
        extra["annotations"] = json!({
            "vnd.docker.reference.digest": image.top.digest,
            "vnd.docker.reference.type": "attestation-manifest",
        });
        let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [main, extra]});
        Self { top: Document::new(OCI_INDEX, &index), children: vec![image.top.clone(), attestation], ..image }
    }

    /// The digest that the tag stands for.
    pub(super) fn digest(&self) -> &str {
        &self.top.digest
    }

    /// The manifest or index of this digest.
    pub(super) fn manifest(&self, digest: &str) -> Option<&Document> {
        std::iter::once(&self.top).chain(&self.children).find(|document| document.digest == digest)
    }
}

impl Document {
    fn new(media_type: &'static str, content: &Value) -> Self {
        let body = content.to_string();
        Self { digest: digest(&body), media_type, body }
    }

    fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "size": self.body.len(), "digest": self.digest})
    }
}

/// The SHA-256 digest of a text, as registries write it.
fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
