//! What a remote tells first: its references and capabilities (gitprotocol-pack, "reference discovery").

use git2::Oid;

use super::pkt::{Exchange, Lines, Pkt, text};
use crate::ports::RepositoryError;

/// The first answer of a service.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// Version 2 speaks of its capabilities only.
    V2(Vec<String>),
    /// Version 0 or 1 lists its references at once.
    V0(Advertisement),
}

/// Everything in a listing that matters for one reference.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Advertisement {
    /// Where the reference is.
    pub(super) head: Option<Oid>,
    /// Whether there are no references at all.
    pub(super) empty: bool,
    /// Where the remote's own history is cut off.
    pub(super) shallow: Vec<Oid>,
    capabilities: Vec<String>,
}

impl Advertisement {
    /// Whether the remote has a capability.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|c| c == capability)
    }
}

/// Reads a service's first answer.
pub(super) async fn read<E: Exchange>(lines: &mut Lines<E>, reference: &str) -> Result<Greeting, RepositoryError> {
    let mut found = Advertisement { empty: true, ..Advertisement::default() };
    let mut first = true;
    loop {
        let line = match lines.expect().await? {
            // The service's name, over HTTP only, ends with a flush of its own.
            Pkt::Flush if first => {
                first = false;
                continue;
            }
            Pkt::Flush => break,
            Pkt::Data(line) => text(&line),
            Pkt::Delimiter | Pkt::ResponseEnd => return Err(odd("a delimiter among the references")),
        };
        if line.starts_with("# service=") {
            continue;
        }
        first = false;
        match line.as_str() {
            "version 2" => return capabilities(lines).await.map(Greeting::V2),
            "version 1" => continue,
            _ => {}
        }
        let (line, capabilities) = match line.split_once('\0') {
            Some((line, capabilities)) => (line, Some(capabilities)),
            None => (line.as_str(), None),
        };
        if let Some(capabilities) = capabilities {
            found.capabilities = capabilities.split_ascii_whitespace().map(str::to_owned).collect();
        }
        let Some((id, name)) = line.split_once(' ') else { return Err(odd(line)) };
        match (id, name) {
            ("shallow", id) => {
                found.shallow.push(parse(id)?);
                continue;
            }
            (_, "capabilities^{}") => continue,
            _ => {}
        }
        found.empty = false;
        if name == reference {
            found.head = Some(parse(id)?);
        }
    }
    check_format(&found.capabilities)?;
    Ok(Greeting::V0(found))
}

/// Reads an id; those of SHA-256 repositories are longer.
pub(super) fn parse(id: &str) -> Result<Oid, RepositoryError> {
    match id.len() {
        40 => Oid::from_str(id).map_err(|_| odd(id)),
        64 => Err(unsupported_format()),
        _ => Err(odd(id)),
    }
}

async fn capabilities<E: Exchange>(lines: &mut Lines<E>) -> Result<Vec<String>, RepositoryError> {
    let mut capabilities = Vec::new();
    loop {
        match lines.expect().await? {
            Pkt::Flush => break,
            Pkt::Data(line) => capabilities.push(text(&line)),
            Pkt::Delimiter | Pkt::ResponseEnd => return Err(odd("a delimiter among the capabilities")),
        }
    }
    check_format(&capabilities)?;
    Ok(capabilities)
}

fn check_format(capabilities: &[String]) -> Result<(), RepositoryError> {
    match capabilities.iter().find_map(|c| c.strip_prefix("object-format=")) {
        None | Some("sha1") => Ok(()),
        Some(_) => Err(unsupported_format()),
    }
}

pub(in crate::adapters::git) fn unsupported_format() -> RepositoryError {
    RepositoryError::Refused("the repository's object format is not SHA-1, which is all that is supported".to_owned())
}

fn odd(line: &str) -> RepositoryError {
    let line = crate::adapters::git::verdict::bounded(line);
    RepositoryError::Unreachable(format!("the answer is not git's protocol: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::git::wire::pkt::{Message, tests::Canned};

    const ID: &str = "1111111111111111111111111111111111111111";

    async fn greeting(message: Message) -> Result<Greeting, RepositoryError> {
        read(&mut Canned::new(&message.finish(), 7), "refs/heads/main").await
    }

    #[tokio::test]
    async fn version_0_lists_references() {
        let http = Message::default().line("# service=git-receive-pack\n").flush();
        for start in [http, Message::default(), Message::default().line("version 1\n")] {
            let message = start
                .line(&format!("{ID} refs/heads/main2\0report-status ofs-delta agent=x\n"))
                .line(&format!("{ID} refs/heads/main\n"))
                .line(&format!("{ID} refs/tags/v1^{{}}\n"))
                .line(&format!("shallow {ID}\n"))
                .flush();
            let Greeting::V0(found) = greeting(message).await.expect("well formed") else { panic!("version 0") };
            assert_eq!(found.head, Some(Oid::from_str(ID).expect("an id")));
            assert_eq!(found.shallow, [Oid::from_str(ID).expect("an id")]);
            assert!(!found.empty && found.can("ofs-delta") && !found.can("ofs"));
        }
    }

    #[tokio::test]
    async fn empty_repositories_and_strangers() {
        let zero = "0".repeat(40);
        let message = Message::default().line(&format!("{zero} capabilities^{{}}\0report-status\n")).flush();
        let Greeting::V0(found) = greeting(message).await.expect("well formed") else { panic!("version 0") };
        assert!(found.empty && found.head.is_none() && found.can("report-status"));

        let message = Message::default().line(&format!("{ID} refs/heads/main\0object-format=sha256\n")).flush();
        assert!(matches!(greeting(message).await, Err(RepositoryError::Refused(_))));
        let message = Message::default().line("ERR access denied or repository not exported: /x\n");
        assert!(matches!(greeting(message).await, Err(RepositoryError::Authentication(_))));
        assert!(matches!(
            greeting(Message::default().line("hello\n").flush()).await,
            Err(RepositoryError::Unreachable(_))
        ));
        assert!(matches!(greeting(Message::default()).await, Err(RepositoryError::Unreachable(_))));
    }

    #[tokio::test]
    async fn version_2_lists_capabilities() {
        let message = Message::default()
            .line("# service=git-upload-pack\n")
            .flush()
            .line("version 2\n")
            .line("ls-refs=unborn\n")
            .line("object-format=sha1\n")
            .flush();
        let expected = Greeting::V2(vec!["ls-refs=unborn".to_owned(), "object-format=sha1".to_owned()]);
        assert_eq!(greeting(message).await.expect("well formed"), expected);
    }
}
