//! The fetch: one branch, with what the mirror has told at once, in protocol version 2 or 0.

use std::{num::NonZeroU32, sync::Arc};

use bytes::Bytes;
use git2::Oid;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    AGENT,
    advertisement::{self, Advertisement, Greeting},
    pkt::{Exchange, Lines, Message, Pkt, text},
};
use crate::{
    adapters::git::{
        history::{Past, landmarks},
        mirror::{Fault, Mirror, MirrorError, PackWriter},
        transport::{Cut, Fetched, Interrupted, Want, blocking, has, no_branch},
        verdict,
        words::Words,
    },
    ports::RepositoryError,
};

/// The most that is kept of what the remote prints beside a pack, in bytes.
const MAX_WORDS: usize = 4_000;

/// How many chunks of a pack may wait for the disk.
const CHUNKS: usize = 64;

/// Fetches over an exchange whose first answer is still to be read, or is known to be version 2's.
/// Tells what it brought, and whether the remote speaks version 2.
pub(in crate::adapters::git) async fn run<E: Exchange>(
    exchange: E,
    want: &Want,
    speaks_v2: bool,
) -> Result<(Fetched, bool), Fault> {
    let mut lines = Lines::new(exchange);
    let reference = want.mirror.reference();
    let (head, v0, can_cut) = if speaks_v2 {
        (v2_head(&mut lines, reference).await.map_err(not_sent)?, None, true)
    } else {
        match advertisement::read(&mut lines, reference).await? {
            Greeting::V2(capabilities) => {
                lines.answered().await;
                let can_cut = capabilities.iter().any(|line| is_feature(line, "fetch", "shallow"));
                (v2_head(&mut lines, reference).await.map_err(not_sent)?, None, can_cut)
            }
            Greeting::V0(found) => {
                let can_cut = found.can("shallow");
                (found.head.ok_or_else(|| no_branch(reference))?, Some(found), can_cut)
            }
        }
    };
    let asked = want.clone();
    let haves = blocking(move || -> Result<_, MirrorError> {
        let repository = asked.mirror.open()?;
        match asked.known {
            _ if asked.depth.is_none() && has(&repository, head) => Ok(None),
            Some(known) => landmarks(Past { repository: &repository, cut: &asked.shallow, more: &[] }, known).map(Some),
            None => Ok(Some(Vec::new())),
        }
    });
    let Some(haves) = haves.await? else {
        lines.end().await;
        return Ok((Fetched { head, cut: Cut::default() }, v0.is_none()));
    };
    if !can_cut && !want.shallow.is_empty() {
        return Err(
            RepositoryError::Unreachable("the remote's git can't add to a history that is cut off".to_owned()).into()
        );
    }
    let depth = want.depth.filter(|_| can_cut);
    let request = match &v0 {
        None => v2_request(head, want, depth, &haves),
        Some(found) if !found.can("side-band-64k") => {
            return Err(RepositoryError::Unreachable("the remote's git is too old: no side-band-64k".to_owned()).into());
        }
        Some(found) => v0_request(head, want, depth, &haves, found),
    };
    lines.send(request).await.map_err(not_sent)?;
    let sink = PackSink::new(Arc::clone(&want.mirror));
    let speaks_v2 = v0.is_none();
    let cut = match v0 {
        None => v2_sections(&mut lines).await?,
        // Version 0 tells of a cut when it was asked for one, and of its own in its listing.
        Some(_) if depth.is_some() => v0_cut(&mut lines).await?,
        Some(found) => Cut { shallow: found.shallow, unshallow: Vec::new() },
    };
    receive(&mut lines, sink).await?;
    lines.answered().await;
    lines.end().await;
    Ok((Fetched { head, cut }, speaks_v2))
}

/// Whether a line of capabilities such as `fetch=shallow filter` names a feature.
fn is_feature(line: &str, command: &str, feature: &str) -> bool {
    line.split_once('=').is_some_and(|(name, features)| name == command && features.split(' ').any(|f| f == feature))
}

/// Asks where the branch is.
async fn v2_head<E: Exchange>(lines: &mut Lines<E>, reference: &str) -> Result<Oid, RepositoryError> {
    match v2_list(lines, reference).await?.into_iter().find(|(_, name)| name == reference) {
        Some((id, _)) => advertisement::parse(&id),
        None => Err(no_branch(reference)),
    }
}

/// The references that begin with a prefix.
async fn v2_list<E: Exchange>(lines: &mut Lines<E>, prefix: &str) -> Result<Vec<(String, String)>, RepositoryError> {
    let request = Message::default()
        .line("command=ls-refs\n")
        .line(&format!("agent={AGENT}\n"))
        .line("object-format=sha1\n")
        .delimiter()
        .line(&format!("ref-prefix {prefix}\n"))
        .flush();
    lines.send(request.finish()).await?;
    let mut found = Vec::new();
    loop {
        match lines.expect().await? {
            Pkt::Flush => {
                lines.answered().await;
                return Ok(found);
            }
            Pkt::Data(line) => {
                let line = text(&line);
                let mut parts = line.split(' ');
                if let (Some(id), Some(name)) = (parts.next(), parts.next()) {
                    found.push((id.to_owned(), name.to_owned()));
                }
            }
            Pkt::Delimiter | Pkt::ResponseEnd => {}
        }
    }
}

fn v2_request(head: Oid, want: &Want, depth: Option<NonZeroU32>, haves: &[Oid]) -> Bytes {
    let mut message = Message::default()
        .line("command=fetch\n")
        .line(&format!("agent={AGENT}\n"))
        .line("object-format=sha1\n")
        .delimiter()
        .line("thin-pack\n")
        .line("ofs-delta\n")
        .line("no-progress\n")
        .line(&format!("want {head}\n"));
    message = with_depth(message, want, depth);
    for have in haves {
        message = message.line(&format!("have {have}\n"));
    }
    message.line("done\n").flush().finish()
}

fn v0_request(head: Oid, want: &Want, depth: Option<NonZeroU32>, haves: &[Oid], found: &Advertisement) -> Bytes {
    let mut capabilities = "side-band-64k".to_owned();
    for capability in ["thin-pack", "ofs-delta", "no-progress"] {
        if found.can(capability) {
            capabilities.push(' ');
            capabilities.push_str(capability);
        }
    }
    if depth.is_some() || !want.shallow.is_empty() {
        capabilities.push_str(" shallow");
    }
    let message = Message::default().line(&format!("want {head} {capabilities} agent={AGENT}\n"));
    let mut message = with_depth(message, want, depth).flush();
    for have in haves {
        message = message.line(&format!("have {have}\n"));
    }
    message.line("done\n").finish()
}

/// Where the mirror's history is cut off, and how deep it is to be.
fn with_depth(mut message: Message, want: &Want, depth: Option<NonZeroU32>) -> Message {
    for id in &want.shallow {
        message = message.line(&format!("shallow {id}\n"));
    }
    match depth {
        Some(depth) => message.line(&format!("deepen {depth}\n")),
        None => message,
    }
}

/// Version 2 puts sections before the pack.
async fn v2_sections<E: Exchange>(lines: &mut Lines<E>) -> Result<Cut, RepositoryError> {
    let mut cut = Cut::default();
    loop {
        match lines.expect().await? {
            Pkt::Data(line) if text(&line) == "packfile" => return Ok(cut),
            Pkt::Data(line) => note(&mut cut, &text(&line))?,
            Pkt::Flush => return Err(RepositoryError::Unreachable("the remote sends no pack".to_owned())),
            Pkt::Delimiter | Pkt::ResponseEnd => {}
        }
    }
}

/// Version 0 tells where history is cut off, up to a flush.
async fn v0_cut<E: Exchange>(lines: &mut Lines<E>) -> Result<Cut, RepositoryError> {
    let mut cut = Cut::default();
    loop {
        match lines.expect().await? {
            Pkt::Data(line) => note(&mut cut, &text(&line))?,
            Pkt::Flush => return Ok(cut),
            Pkt::Delimiter | Pkt::ResponseEnd => {}
        }
    }
}

fn note(cut: &mut Cut, line: &str) -> Result<(), RepositoryError> {
    if let Some(id) = line.strip_prefix("shallow ") {
        cut.shallow.push(advertisement::parse(id)?);
    } else if let Some(id) = line.strip_prefix("unshallow ") {
        cut.unshallow.push(advertisement::parse(id)?);
    }
    Ok(())
}

/// Takes the pack out of the side band.
async fn receive<E: Exchange>(lines: &mut Lines<E>, mut sink: PackSink) -> Result<(), Fault> {
    let mut words = Words::default();
    loop {
        let line = match lines.expect().await? {
            Pkt::Data(line) => line,
            Pkt::Flush => return sink.finish().await,
            Pkt::Delimiter | Pkt::ResponseEnd => continue,
        };
        lines.uncount();
        match line.first() {
            Some(1) => sink.write(line.slice(1..)).await?,
            Some(2) => words.add(&line[1..], MAX_WORDS),
            Some(3) => {
                words.add(&line[1..], 2 * MAX_WORDS);
                return Err(verdict::of_refused_entry(&lines.discreet(&words.text())).into());
            }
            // Acknowledgements of what the mirror has.
            _ if line.is_empty() || line.starts_with(b"ACK ") || line.starts_with(b"NAK") => {}
            _ => return Err(RepositoryError::Unreachable("the answer is not git's protocol".to_owned()).into()),
        }
    }
}

/// A fetch applies nothing, so nothing of it is unclear.
fn not_sent(error: RepositoryError) -> RepositoryError {
    match error {
        RepositoryError::Unclear(text) => RepositoryError::Unreachable(text),
        error => error,
    }
}

/// A pack on its way to the disk, which has a thread of its own.
struct PackSink {
    chunks: mpsc::Sender<Option<Bytes>>,
    written: JoinHandle<Result<(), MirrorError>>,
}

impl PackSink {
    fn new(mirror: Arc<Mirror>) -> Self {
        let (chunks, mut received) = mpsc::channel::<Option<Bytes>>(CHUNKS);
        let written = tokio::task::spawn_blocking(move || {
            let repository = mirror.open()?;
            let mut writer = PackWriter::new(&repository)?;
            while let Some(chunk) = received.blocking_recv() {
                match chunk {
                    Some(chunk) => writer.write(&chunk)?,
                    None => return writer.finish().map(drop),
                }
            }
            // The transfer broke off: what was written is thrown away.
            Err(Interrupted.into())
        });
        Self { chunks, written }
    }

    async fn write(&mut self, chunk: Bytes) -> Result<(), Fault> {
        match self.chunks.send(Some(chunk)).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.outcome().await.err().unwrap_or_else(|| Interrupted.into())),
        }
    }

    async fn finish(mut self) -> Result<(), Fault> {
        // A writer that failed has hung up already: its outcome says why.
        self.chunks.send(None).await.ok();
        self.outcome().await
    }

    async fn outcome(&mut self) -> Result<(), Fault> {
        match (&mut self.written).await {
            Ok(outcome) => outcome.map_err(Fault::from),
            Err(_) => Err(Interrupted.into()),
        }
    }
}

#[cfg(test)]
mod tests;
