//! The push: one reference, as a compare-and-swap, with the remote's report read to its end.
//!
//! Two ways. *At once*: the request goes out with the head that the mirror knows, unseen; a remote that has moved on says
//! so in its report, and nothing has changed there. *In two steps*: the remote's listing is read first, which tells what it
//! can do and where the branch is.

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use super::{
    AGENT,
    advertisement::{self, Greeting},
    pack::{self, Bases},
    pkt::{Exchange, Lines, Message, Pkt, text},
};
use crate::{
    adapters::git::{
        mirror::MirrorError,
        transport::{Update, blocking, no_branch},
        verdict,
        words::Words,
    },
    ports::RepositoryError,
};

/// The most that is kept of a report and of what hooks print, in bytes.
const MAX_REPORT: usize = 64 << 10;

/// What every server of the last fifteen years can do; a server overlooks what it doesn't know.
/// Not `atomic`: it changes nothing for one reference, but hides the reason of a lost race from the report.
const ASSUMED: &str = "report-status side-band-64k quiet object-format=sha1";

/// What an attempt to push at once came to.
#[derive(Debug)]
pub(in crate::adapters::git) enum AtOnce {
    /// The remote took the request, or it is unknown whether it did.
    Verdict(Result<(), RepositoryError>),
    /// It doesn't take such a request, or not such a pack (`unpack failed`): the second step is to tell.
    NotTaken {
        /// The remote's words.
        why: String,
        /// What the next pack may build on.
        bases: Bases,
        /// There was no report at all: it may have been applied, and something in between has kept the report.
        in_doubt: bool,
    },
}

/// How a push in two steps has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters::git) enum Arrival {
    /// By these steps.
    Now,
    /// By an earlier attempt, which the listing showed.
    Earlier,
}

/// The verdict on a push after another one that may have arrived: that the remote can't be reached says nothing of the
/// first one.
pub(in crate::adapters::git) fn in_doubt(verdict: Result<(), RepositoryError>) -> Result<(), RepositoryError> {
    verdict.map_err(|error| match error {
        RepositoryError::Unreachable(text) => RepositoryError::Unclear(text),
        error => error,
    })
}

/// The request that needs no listing.
pub(in crate::adapters::git) async fn request_at_once(update: &Update) -> Result<Bytes, RepositoryError> {
    let pack = packed(update, Bases::Remote).await?;
    Ok(request(update, ASSUMED, &pack))
}

/// Sends such a request, or reads the answer to one that was sent (`None`); gives up at `until`.
/// `listing`: the service sends its listing before the report.
pub(in crate::adapters::git) async fn run_at_once<E: Exchange>(
    exchange: E,
    request: Option<Bytes>,
    update: &Update,
    listing: bool,
    until: Instant,
) -> AtOnce {
    let mut lines = Lines::new(exchange);
    let reference = update.mirror.reference();
    let talk = async {
        if let Some(request) = request {
            lines.send(request).await?;
        }
        if listing && let Err(error) = advertisement::read(&mut lines, reference).await {
            // The service lists before it reads: if it refuses to start, it has read nothing.
            return Err(match error {
                RepositoryError::Authentication(_) | RepositoryError::Refused(_) => error,
                error if lines.is_over() => error,
                error => unclear(error),
            });
        }
        Ok(())
    };
    match timeout_at(until, talk).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return AtOnce::Verdict(Err(error)),
        Err(_) => return AtOnce::Verdict(Err(no_verdict())),
    }
    let (report, broken) = report(&mut lines, true, until).await;
    match (&report.unpacked, &broken) {
        (Some(unpacked), _) if unpacked != "ok" => AtOnce::NotTaken {
            why: format!("unpack failed: {unpacked}"),
            bases: Bases::Pack,
            in_doubt: !report.rejects(reference),
        },
        (None, None) => {
            let words = verdict::bounded(&report.words);
            let why = if words.is_empty() { "no report".to_owned() } else { words };
            AtOnce::NotTaken { why, bases: Bases::Remote, in_doubt: true }
        }
        _ => AtOnce::Verdict(judged(&report, broken, reference)),
    }
}

/// Pushes in two steps over an exchange whose first answer is still to be read; gives up at `until`. The pack builds on
/// `bases`, and on nothing of the remote's if that says so.
pub(in crate::adapters::git) async fn run<E: Exchange>(
    exchange: E,
    update: &Update,
    bases: Bases,
    until: Instant,
) -> Result<Arrival, RepositoryError> {
    let mut lines = Lines::new(exchange);
    let prepared = timeout_at(until, prepare(&mut lines, update, bases))
        .await
        .unwrap_or_else(|_| Err(RepositoryError::Unreachable("no answer in time".to_owned())))?;
    let (request, side_band) = match prepared {
        Prepared::Send { request, side_band } => (request, side_band),
        Prepared::Settled(verdict) => {
            // A polite end, so that the remote's log has no complaint.
            timeout_at(until, lines.end()).await.ok();
            return verdict.map(|()| Arrival::Earlier);
        }
    };
    submit(&mut lines, request, side_band, update.mirror.reference(), until).await.map(|()| Arrival::Now)
}

/// What the first step came to.
enum Prepared {
    /// This is to be sent; whether its answer comes in a side band.
    Send { request: Bytes, side_band: bool },
    /// Nothing is to be sent.
    Settled(Result<(), RepositoryError>),
}

/// Reads where the remote is, and packs what it lacks.
async fn prepare<E: Exchange>(
    lines: &mut Lines<E>,
    update: &Update,
    bases: Bases,
) -> Result<Prepared, RepositoryError> {
    let reference = update.mirror.reference();
    let Greeting::V0(found) = advertisement::read(lines, reference).await? else {
        return Err(RepositoryError::Unreachable("the remote speaks an unknown version of the protocol".to_owned()));
    };
    lines.answered().await;
    match found.head {
        None => return Ok(Prepared::Settled(Err(no_branch(reference)))),
        // An earlier attempt has arrived: nobody else makes a commit with this id.
        Some(head) if head == update.new => return Ok(Prepared::Settled(Ok(()))),
        Some(head) if head != update.old => return Ok(Prepared::Settled(Err(RepositoryError::LostRace))),
        Some(_) => {}
    }
    if !found.can("report-status") {
        return Err(RepositoryError::Refused("the remote's git is too old: no report-status".to_owned()));
    }
    let bases = if found.can("no-thin") { Bases::Pack } else { bases };
    let pack = packed(update, bases).await?;
    let mut capabilities = "report-status".to_owned();
    for capability in ["side-band-64k", "quiet", "object-format=sha1"] {
        if found.can(capability) {
            capabilities.push(' ');
            capabilities.push_str(capability);
        }
    }
    Ok(Prepared::Send { request: request(update, &capabilities, &pack), side_band: found.can("side-band-64k") })
}

async fn packed(update: &Update, bases: Bases) -> Result<Vec<u8>, RepositoryError> {
    let (mirror, objects) = (update.mirror.clone(), update.objects.clone());
    blocking(move || -> Result<_, MirrorError> {
        match bases {
            Bases::Remote => Ok(pack::thin(&objects.all)),
            Bases::Pack => {
                let repository = mirror.open()?;
                let odb = repository.odb()?;
                pack::whole(&objects.all, |id| Ok(odb.read(id)?.data().to_vec()))
            }
        }
    })
    .await
    .map_err(|error| update.mirror.error(error))
}

fn request(update: &Update, capabilities: &str, pack: &[u8]) -> Bytes {
    let command = format!("{} {} {}\0{capabilities} agent={AGENT}", update.old, update.new, update.mirror.reference());
    Message::default().line(&command).flush().raw(pack).finish()
}

/// Sends the request and reads the verdict; from here on a broken connection leaves the outcome unclear.
async fn submit<E: Exchange>(
    lines: &mut Lines<E>,
    request: Bytes,
    side_band: bool,
    reference: &str,
    until: Instant,
) -> Result<(), RepositoryError> {
    timeout_at(until, lines.send(request)).await.unwrap_or_else(|_| Err(no_verdict()))?;
    let (report, broken) = report(lines, side_band, until).await;
    judged(&report, broken, reference)
}

fn no_verdict() -> RepositoryError {
    RepositoryError::Unclear(
        "no verdict in time (repository.deadline): the server, or a hook of its, takes longer".to_owned(),
    )
}

/// Reads the report and what the server's last hook prints after it, up to the end or `until`, and how it broke off if it
/// did. It isn't left before: a server may end a hook whose words nobody reads.
async fn report<E: Exchange>(
    lines: &mut Lines<E>,
    side_band: bool,
    until: Instant,
) -> (Report, Option<RepositoryError>) {
    let mut report = Report::default();
    let broken = loop {
        match timeout_at(until, lines.next()).await {
            Ok(Ok(Some(Pkt::Data(line)))) if side_band => match line.first() {
                Some(1) => report.band(&line[1..]),
                Some(2 | 3) => report.say(&line[1..]),
                _ => report.say(&line),
            },
            Ok(Ok(Some(Pkt::Data(line)))) => report.line(&line),
            Ok(Ok(Some(Pkt::Flush) | None)) => break None,
            Ok(Ok(Some(Pkt::Delimiter | Pkt::ResponseEnd))) => {}
            Ok(Err(error)) => break Some(error),
            Err(_) => break Some(no_verdict()),
        }
    };
    report.say(lines.words().as_bytes());
    report.hide(|words| lines.discreet(words));
    if broken.is_none() {
        timeout_at(until, lines.answered()).await.ok();
    }
    (report, broken)
}

fn judged(report: &Report, broken: Option<RepositoryError>, reference: &str) -> Result<(), RepositoryError> {
    let words = verdict::bounded(&report.words);
    let verdict = report.verdict(reference);
    if let (Some(Ok(())), false) = (&verdict, words.is_empty()) {
        // Such as that the project has moved, or where to look next.
        tracing::info!(words, "the remote has taken the push, and says");
    }
    verdict.unwrap_or_else(|| {
        Err(match broken {
            Some(error) => unclear(error),
            None if words.is_empty() => RepositoryError::Unclear("no verdict".to_owned()),
            None => RepositoryError::Unclear(words),
        })
    })
}

fn unclear(error: RepositoryError) -> RepositoryError {
    RepositoryError::Unclear(match error {
        RepositoryError::Unreachable(text) | RepositoryError::Unclear(text) => text,
        error => error.to_string(),
    })
}

/// What the remote said so far.
#[derive(Debug, Default)]
struct Report {
    /// Bytes of the band that carries the report, itself in lines.
    buffer: BytesMut,
    unpacked: Option<String>,
    /// Each reference's fate: `None` for updated, or the reason why not.
    fates: Vec<(String, Option<String>)>,
    /// What hooks and the server print.
    printed: Words,
    /// The same when all is there.
    words: String,
}

impl Report {
    fn band(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        while let Some(head) = self.buffer.get(..4) {
            let length = std::str::from_utf8(head).ok().and_then(|head| usize::from_str_radix(head, 16).ok());
            let Some(length) = length else { return self.buffer.clear() };
            let length = length.max(4);
            if self.buffer.len() < length {
                // A line that never ends isn't waited for.
                return self.buffer.truncate(MAX_REPORT);
            }
            let line = self.buffer.split_to(length).split_off(4);
            self.line(&line);
        }
    }

    fn line(&mut self, line: &[u8]) {
        let line = text(line);
        if let Some(outcome) = line.strip_prefix("unpack ") {
            self.unpacked.get_or_insert_with(|| outcome.to_owned());
        } else if self.fates.len() > 8 {
            // Only one reference was asked for.
        } else if let Some(name) = line.strip_prefix("ok ") {
            self.fates.push((name.to_owned(), None));
        } else if let Some((name, reason)) = line.strip_prefix("ng ").and_then(|rest| rest.split_once(' ')) {
            self.fates.push((name.to_owned(), Some(reason.to_owned())));
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.printed.add(bytes, MAX_REPORT);
    }

    /// Takes down what was printed; nothing of it, nor of the reasons, is shown with our credentials in it.
    fn hide(&mut self, discreet: impl Fn(&str) -> String) {
        self.words = discreet(&self.printed.text());
        let reasons = self.fates.iter_mut().filter_map(|(_, reason)| reason.as_mut());
        reasons.chain(self.unpacked.as_mut()).for_each(|reason| *reason = discreet(reason));
    }

    fn fate(&self, reference: &str) -> Option<Option<&str>> {
        self.fates.iter().find(|(name, _)| name == reference).map(|(_, fate)| fate.as_deref())
    }

    /// Whether it says in so many words that the reference wasn't updated.
    fn rejects(&self, reference: &str) -> bool {
        matches!(self.fate(reference), Some(Some(_)))
    }

    /// The verdict, if the remote gave one.
    fn verdict(&self, reference: &str) -> Option<Result<(), RepositoryError>> {
        let unpacked = self.unpacked.as_deref()?;
        match (unpacked, self.fate(reference)) {
            ("ok", Some(None)) => Some(Ok(())),
            // It contradicts itself.
            (_, Some(None)) => None,
            ("ok", Some(Some(reason))) => Some(Err(verdict::of_rejection(reason, &self.words))),
            ("ok", None) => None,
            (reason, _) => Some(Err(verdict::of_rejection(&format!("unpack failed: {reason}"), &self.words))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::adapters::git::{mirror::Mirror, wire::pkt::tests::Canned};

    const MAIN: &str = "refs/heads/main";

    fn soon() -> Instant {
        Instant::now() + std::time::Duration::from_secs(20)
    }

    /// Puts a report into band 1, cut at odd places, with hooks' output between.
    fn in_band(report: Message, words: &[&str]) -> Bytes {
        let mut message = Message::default();
        for word in words {
            message = message.line(&format!("\x02{word}"));
        }
        for part in report.finish().chunks(7) {
            message = message.line(&format!("\x01{}", String::from_utf8_lossy(part)));
        }
        message.flush().finish()
    }

    async fn verdict_of(answer: &[u8], side_band: bool) -> Result<(), RepositoryError> {
        submit(&mut Canned::new(answer, 5), Bytes::new(), side_band, MAIN, soon()).await
    }

    #[tokio::test]
    async fn reports_become_verdicts() {
        let report = |lines: &[&str]| lines.iter().fold(Message::default(), |m, l| m.line(l)).flush();
        let ok = report(&["unpack ok\n", "ok refs/heads/main\n"]);
        assert!(verdict_of(&in_band(ok, &["remote chatter\n"]), true).await.is_ok());
        let ok = report(&["unpack ok\n", "ok refs/heads/main\n"]);
        assert!(verdict_of(&ok.finish(), false).await.is_ok(), "without a side band");

        let declined = report(&["unpack ok\n", "ng refs/heads/main pre-receive hook declined\n"]);
        let error = verdict_of(&in_band(declined, &["GitLab: no\n", "\n"]), true).await.expect_err("refused");
        assert!(
            matches!(&error, RepositoryError::Refused(text) if text == "pre-receive hook declined: GitLab: no"),
            "{error}"
        );
        let stale = report(&["unpack ok\n", "ng refs/heads/main failed to update ref\n"]);
        assert!(matches!(verdict_of(&in_band(stale, &[]), true).await, Err(RepositoryError::LostRace)));
        let full = report(&["unpack index-pack abnormal exit\n", "ng refs/heads/main unpacker error\n"]);
        assert!(matches!(verdict_of(&in_band(full, &[]), true).await, Err(RepositoryError::Refused(_))));
    }

    #[tokio::test]
    async fn without_a_verdict_the_outcome_is_unclear() {
        let only_unpack = Message::default().line("unpack ok\n").flush();
        let other = Message::default().line("unpack ok\n").line("ok refs/heads/main2\n").flush();
        let cases: [Bytes; 5] = [
            Bytes::new(),
            Bytes::from_static(b"0030\x01000eunpack ok"),
            in_band(only_unpack, &["fatal: x\n"]),
            in_band(other, &[]),
            Bytes::from_static(b"<html>502</html>"),
        ];
        for answer in cases {
            let error = verdict_of(&answer, true).await.expect_err("unclear");
            assert!(matches!(error, RepositoryError::Unclear(_)), "{error}");
        }
    }

    #[tokio::test]
    async fn a_push_at_once_knows_what_was_not_taken() {
        let mirror = Mirror::new("nowhere".into(), "x".to_owned(), MAIN.to_owned());
        let id = |digit: &str| git2::Oid::from_str(&digit.repeat(40)).expect("an id");
        let update = Update { mirror: Arc::new(mirror), old: id("1"), new: id("2"), objects: Arc::default() };
        let run = async |answer: Bytes, listing: bool| {
            run_at_once(Canned::exchange(&answer, 9), Some(Bytes::new()), &update, listing, soon()).await
        };
        let report = |lines: &[&str]| {
            let lines = lines.iter().fold(Message::default(), |message, line| message.line(line));
            in_band(lines.flush(), &["words\n"])
        };
        let listed = |end: Bytes| {
            let head = format!("{} {MAIN}\0report-status side-band-64k\n", "1".repeat(40));
            Message::default().line(&head).flush().raw(&end).finish()
        };
        let ok = || report(&["unpack ok\n", "ok refs/heads/main\n"]);
        assert!(matches!(run(ok(), false).await, AtOnce::Verdict(Ok(()))));
        assert!(matches!(run(listed(ok()), true).await, AtOnce::Verdict(Ok(()))));

        let broken = || report(&["unpack index-pack failed\n", "ng refs/heads/main unpacker error\n"]);
        for outcome in [run(broken(), false).await, run(listed(broken()), true).await] {
            assert!(matches!(outcome, AtOnce::NotTaken { bases: Bases::Pack, in_doubt: false, .. }), "{outcome:?}");
        }
        for silence in [Bytes::new(), Message::default().line("ERR expected flush").finish(), report(&[])] {
            let outcome = run(silence, false).await;
            assert!(matches!(outcome, AtOnce::NotTaken { bases: Bases::Remote, in_doubt: true, .. }), "{outcome:?}");
        }
        let cut = Bytes::from_static(b"0030\x01000eunpack ok");
        assert!(matches!(run(cut, false).await, AtOnce::Verdict(Err(RepositoryError::Unclear(_)))));
        // Before it lists, the service has read nothing.
        let shut = Message::default().line("ERR access denied or repository not exported: /x\n").finish();
        let outcome = run(shut, true).await;
        assert!(matches!(outcome, AtOnce::Verdict(Err(RepositoryError::Authentication(_)))), "{outcome:?}");
        let outcome = run(Bytes::from_static(b"Welcome to the machine\n"), true).await;
        assert!(matches!(outcome, AtOnce::Verdict(Err(RepositoryError::Unclear(_)))), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_verdict_counts_even_if_the_connection_breaks_after_it() {
        let report = Message::default().line("unpack ok\n").line("ok refs/heads/main\n").flush().finish();
        let whole = Message::default().line(&format!("\x01{}", String::from_utf8_lossy(&report))).raw(b"00").finish();
        assert!(verdict_of(&whole, true).await.is_ok());
    }
}
