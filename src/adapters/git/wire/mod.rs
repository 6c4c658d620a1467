//! git's smart protocol, the same over HTTP and SSH: pkt-lines, the fetch and the push.
//!
//! Sources of the rules: git's own documentation, gitprotocol-common, gitprotocol-pack, gitprotocol-v2, gitprotocol-http.

mod advertisement;
pub(super) mod delta;
pub(super) mod fetch;
pub(super) mod pack;
pub(super) mod pkt;
pub(super) mod push;

pub(super) use advertisement::unsupported_format;

/// How this client introduces itself.
pub(super) const AGENT: &str = concat!("git/tiphys-", env!("CARGO_PKG_VERSION"));

/// The program on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Sends packs.
    UploadPack,
    /// Receives packs.
    ReceivePack,
}

impl Service {
    /// The program's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}
