//! A `docker-registry` process on a free port, and images to push to it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::token_server::TokenServer;

pub(crate) const USER: &str = "robot";
pub(crate) const PASSWORD: &str = "s3cret";
/// bcrypt of the password: the registry takes no other kind.
const HTPASSWD: &str = "robot:$2b$04$34GF7Nz5QPv2I2Iv6mCrIeohrGD704uJ8wG2Tnay6ULjJXtPk8DXK\n";

/// A registry that stops when it is dropped.
pub(crate) struct RealRegistry {
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    /// The base URL.
    pub(crate) url: String,
    /// The private CA's certificate, when the registry speaks TLS.
    pub(crate) ca_file: Option<PathBuf>,
    /// The token server's address with the service, when there is one.
    token_url: Option<String>,
    folder: TempDir,
    process: Child,
}

impl RealRegistry {
    pub(crate) fn with_basic_auth_and_tls() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ca_file = write_certificates(folder.path());
        fs::write(folder.path().join("htpasswd"), HTPASSWD).expect("written");
        let path = |name: &str| folder.path().join(name);
        let auth = json!({"htpasswd": {"realm": "registry", "path": path("htpasswd")}});
        let tls = json!({"certificate": path("server.pem"), "key": path("server.key")});
        Self::start(folder, &auth, Some(&tls), Some(ca_file))
    }

    pub(crate) fn with_tokens(tokens: &TokenServer) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let roots = folder.path().join("tokens.pem");
        fs::write(&roots, &tokens.certificate).expect("written");
        let auth = json!({"token": {
            "realm": tokens.realm, "service": tokens.service, "issuer": tokens.issuer, "rootcertbundle": roots,
        }});
        let token_url = format!("{}?service={}", tokens.realm, tokens.service);
        let mut registry = Self::start(folder, &auth, None, None);
        registry.token_url = Some(token_url);
        registry
    }

    fn start(
        folder: TempDir,
        auth: &serde_json::Value,
        tls: Option<&serde_json::Value>,
        ca_file: Option<PathBuf>,
    ) -> Self {
        let mut http = json!({"addr": "127.0.0.1:0", "secret": "for this test"});
        if let Some(tls) = tls {
            http["tls"] = tls.clone();
        }
        let config = json!({
            "version": "0.1",
            "log": {"level": "info", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": folder.path().join("storage")}},
            "auth": auth,
            "http": http,
        });
        let path = folder.path().join("config.yml");
        fs::write(&path, config.to_string()).expect("written");
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry is installed");
        let mut log = BufReader::new(process.stderr.take().expect("piped"));
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            let read = log.read_line(&mut line).expect("the log is text");
            said.push_str(&line);
            assert!(read > 0, "the registry ended: {said}");
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect::<String>();
            }
        };
        // The log must be read on, or the registry stops at a full pipe.
        std::thread::spawn(move || log.lines().for_each(drop));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        Self { address, url, ca_file, token_url: None, folder, process }
    }

    /// Pushes an image of the layout.
    pub(crate) fn push(&self, layout: &Layout, image: &str, reference: &str, options: &[&str]) {
        let source = format!("oci:{}:{image}", layout.folder.path().display());
        let target = format!("docker://{}/{reference}", self.address);
        self.skopeo(
            "copy",
            &["--dest-creds", &format!("{USER}:{PASSWORD}"), "--dest-tls-verify=false"],
            options,
            &[&source, &target],
        );
    }

    /// The digest of an image, as skopeo sees it.
    pub(crate) fn digest(&self, reference: &str) -> String {
        let target = format!("docker://{}/{reference}", self.address);
        let credentials = format!("{USER}:{PASSWORD}");
        let raw = self.skopeo("inspect", &["--raw", "--creds", &credentials, "--tls-verify=false"], &[], &[&target]);
        format!("sha256:{}", sha256(self.folder.path(), &raw))
    }

    /// Gives an image of a repository more tags, by the registry's own protocol.
    pub(crate) async fn tag_again(&self, path: &str, image: &str, tags: &[String]) {
        let target = format!("docker://{}/{path}:{image}", self.address);
        let credentials = format!("{USER}:{PASSWORD}");
        let raw = self.skopeo("inspect", &["--raw", "--creds", &credentials, "--tls-verify=false"], &[], &[&target]);
        let manifest: Value = serde_json::from_slice(&raw).expect("a manifest");
        let kind = manifest["mediaType"].as_str().unwrap_or("application/vnd.oci.image.manifest.v1+json").to_owned();
        let roots = self.ca_file.as_ref().map(|path| {
            let pem = fs::read(path).expect("the CA's certificate");
            reqwest::Certificate::from_pem_bundle(&pem).expect("certificates")
        });
        let client = reqwest::Client::builder().no_proxy().tls_certs_only(roots.unwrap_or_default());
        let client = client.build().expect("a client");
        let basic = format!("Basic {}", STANDARD.encode(&credentials));
        let authorization = match &self.token_url {
            None => basic,
            Some(url) => {
                let url = format!("{url}&scope=repository:{path}:pull,push");
                let answer = client.get(url).header("authorization", basic).send().await.expect("an answer");
                let answer: Value = answer.json().await.expect("a token");
                format!("Bearer {}", answer["token"].as_str().expect("a token"))
            }
        };
        for tag in tags {
            let url = format!("{}/v2/{path}/manifests/{tag}", self.url);
            let request = client.put(url).header("authorization", &authorization).header("content-type", &kind);
            let answer = request.body(raw.clone()).send().await.expect("an answer");
            assert_eq!(answer.status(), 201, "{tag}");
        }
    }

    fn skopeo(&self, command: &str, access: &[&str], options: &[&str], operands: &[&str]) -> Vec<u8> {
        let output = Command::new("skopeo")
            .args(["--insecure-policy", command])
            .args(access)
            .args(options)
            .args(operands)
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .output()
            .expect("skopeo is installed");
        assert!(output.status.success(), "skopeo {command}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An OCI layout folder with `single`, an image, and `index`, two platforms of it.
pub(crate) struct Layout {
    folder: TempDir,
}

impl Layout {
    pub(crate) const CREATED: &str = "2026-11-01T09:30:00Z";

    pub(crate) fn new() -> Self {
        let layout = Self { folder: tempfile::tempdir().expect("a folder") };
        let root = layout.folder.path();
        fs::create_dir_all(root.join("blobs/sha256")).expect("made");
        fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("written");
        // An empty tar archive.
        let (layer, layer_size) = layout.blob(&[0; 1024]);
        let image = |architecture: &str| {
            let config = json!({
                "architecture": architecture, "os": "linux", "created": Self::CREATED, "config": {},
                "rootfs": {"type": "layers", "diff_ids": [layer]},
            });
            let (config, config_size) = layout.blob(config.to_string().as_bytes());
            let manifest = json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": config_size},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": layer, "size": layer_size}],
            });
            let (digest, size) = layout.blob(manifest.to_string().as_bytes());
            json!({
                "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size,
                "platform": {"os": "linux", "architecture": architecture},
            })
        };
        let (arm64, amd64) = (image("arm64"), image("amd64"));
        let media_type = "application/vnd.oci.image.index.v1+json";
        let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": [arm64, amd64]});
        let (digest, size) = layout.blob(index.to_string().as_bytes());
        let named = |mut descriptor: serde_json::Value, name: &str| {
            descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
            descriptor
        };
        let index = json!({"mediaType": media_type, "digest": digest, "size": size});
        let entries = json!({"schemaVersion": 2, "manifests": [named(amd64, "single"), named(index, "index")]});
        fs::write(root.join("index.json"), entries.to_string()).expect("written");
        layout
    }

    fn blob(&self, content: &[u8]) -> (String, usize) {
        let digest = sha256(self.folder.path(), content);
        fs::write(self.folder.path().join("blobs/sha256").join(&digest), content).expect("written");
        (format!("sha256:{digest}"), content.len())
    }
}

fn sha256(folder: &Path, content: &[u8]) -> String {
    let path = folder.join("to-hash");
    fs::write(&path, content).expect("written");
    let output = Command::new("sha256sum").arg(&path).output().expect("sha256sum is installed");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_whitespace().next().expect("a digest").to_owned()
}

/// A CA of the test's own and a certificate by it for 127.0.0.1.
fn write_certificates(folder: &Path) -> PathBuf {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "private CA of a test");
    let ca_key = KeyPair::generate().expect("a key");
    let ca = params.self_signed(&ca_key).expect("a certificate");
    let issuer = Issuer::new(params, ca_key);
    let key = KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names).expect("names").signed_by(&key, &issuer).expect("a certificate");
    fs::write(folder.join("server.pem"), certificate.pem()).expect("written");
    fs::write(folder.join("server.key"), key.serialize_pem()).expect("written");
    let ca_file = folder.join("ca.pem");
    fs::write(&ca_file, ca.pem()).expect("written");
    ca_file
}
