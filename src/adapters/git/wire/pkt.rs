//! pkt-lines: four hexadecimal digits of length, then the payload (gitprotocol-common).

use std::future::Future;

use bytes::{Buf, Bytes, BytesMut};

use crate::{adapters::git::verdict, ports::RepositoryError};

/// The longest line that may be sent.
const MAX_LINE: usize = 65_520;
/// The most that is read of an advertisement or a report, in bytes; packs are not counted.
const MAX_TALK: usize = 64 << 20;

/// One line of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapters::git) enum Pkt {
    /// `0000`, the end of a message.
    Flush,
    /// `0001`, between the sections of a message.
    Delimiter,
    /// `0002`, the end of a response of a stateless connection.
    ResponseEnd,
    /// The payload.
    Data(Bytes),
}

/// A conversation with one service of the remote.
pub(in crate::adapters::git) trait Exchange: Send {
    /// Sends a message. With [`RepositoryError::Unclear`] it may have arrived, with other errors it has not taken effect.
    fn send(&mut self, message: Bytes) -> impl Future<Output = Result<(), RepositoryError>> + Send;

    /// The next bytes of the answer, `None` at its end.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Bytes>, RepositoryError>> + Send;

    /// What the remote printed beside its answer.
    fn words(&self) -> String;

    /// Whether the service itself has ended: what it hasn't done by then it won't do.
    fn is_over(&self) -> bool {
        false
    }

    /// The remote's words without the credentials that this side has sent.
    fn discreet(&self, words: &str) -> String {
        words.to_owned()
    }

    /// Called when an answer was read as far as it matters: what is left of it can be thrown away.
    fn answered(&mut self) -> impl Future<Output = ()> + Send;

    /// Called when nothing more will be asked: says goodbye where the remote waits for it.
    fn end(&mut self) -> impl Future<Output = ()> + Send;
}

impl<E: Exchange> Exchange for &mut E {
    async fn send(&mut self, message: Bytes) -> Result<(), RepositoryError> {
        (**self).send(message).await
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, RepositoryError> {
        (**self).chunk().await
    }

    fn words(&self) -> String {
        (**self).words()
    }

    fn is_over(&self) -> bool {
        (**self).is_over()
    }

    fn discreet(&self, words: &str) -> String {
        (**self).discreet(words)
    }

    async fn answered(&mut self) {
        (**self).answered().await;
    }

    async fn end(&mut self) {
        (**self).end().await;
    }
}

/// Reads lines from an exchange.
pub(in crate::adapters::git) struct Lines<E> {
    exchange: E,
    buffer: BytesMut,
    /// Bytes of lines so far, without packs.
    talk: usize,
}

impl<E: Exchange> Lines<E> {
    pub(in crate::adapters::git) fn new(exchange: E) -> Self {
        Self { exchange, buffer: BytesMut::new(), talk: 0 }
    }

    pub(in crate::adapters::git) async fn send(&mut self, message: Bytes) -> Result<(), RepositoryError> {
        self.exchange.send(message).await
    }

    /// What the remote printed beside its answer.
    pub(in crate::adapters::git) fn words(&self) -> String {
        self.exchange.words()
    }

    /// The remote's words without the credentials that this side has sent.
    pub(in crate::adapters::git) fn discreet(&self, words: &str) -> String {
        self.exchange.discreet(words)
    }

    /// Whether the service itself has ended.
    pub(in crate::adapters::git) fn is_over(&self) -> bool {
        self.exchange.is_over()
    }

    /// The next line; `None` at the answer's end.
    pub(in crate::adapters::git) async fn next(&mut self) -> Result<Option<Pkt>, RepositoryError> {
        loop {
            if let Some((pkt, length)) = take(&mut self.buffer).map_err(|text| self.garbled(&text))? {
                self.talk += length;
                return Ok(Some(pkt));
            }
            match self.exchange.chunk().await? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(RepositoryError::Unreachable("the answer breaks off within a line".to_owned())),
            }
        }
    }

    /// The next line of an advertisement or a report: an `ERR` line and a missing line are errors.
    pub(in crate::adapters::git) async fn expect(&mut self) -> Result<Pkt, RepositoryError> {
        if self.talk > MAX_TALK {
            return Err(RepositoryError::Unreachable("the answer is endless".to_owned()));
        }
        match self.next().await? {
            Some(Pkt::Data(line)) if line.starts_with(b"ERR ") => {
                Err(verdict::of_refused_entry(&self.discreet(&String::from_utf8_lossy(&line[4..]))))
            }
            Some(pkt) => Ok(pkt),
            None => {
                let words = self.words();
                Err(match words.trim() {
                    "" => RepositoryError::Unreachable("the remote says nothing".to_owned()),
                    words => verdict::of_refused_entry(words),
                })
            }
        }
    }

    /// Forgets a line's length: packs may be of any size.
    pub(in crate::adapters::git) fn uncount(&mut self) {
        self.talk = 0;
    }

    /// Called when an answer was read as far as it matters.
    pub(in crate::adapters::git) async fn answered(&mut self) {
        self.exchange.answered().await;
    }

    /// Called when nothing more will be asked.
    pub(in crate::adapters::git) async fn end(&mut self) {
        self.exchange.end().await;
    }

    fn garbled(&self, text: &str) -> RepositoryError {
        RepositoryError::Unreachable(format!("the answer is not git's protocol: {text}"))
    }
}

/// Takes one line off the front, when all of it is there; tells how long it was.
fn take(buffer: &mut BytesMut) -> Result<Option<(Pkt, usize)>, String> {
    let Some(head) = buffer.get(..4) else { return Ok(None) };
    let garbled = || verdict::bounded(&String::from_utf8_lossy(&buffer[..buffer.len().min(80)]));
    if !head.iter().all(u8::is_ascii_hexdigit) {
        return Err(garbled());
    }
    let length = std::str::from_utf8(head).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
    let pkt = match length.ok_or_else(garbled)? {
        0 => Pkt::Flush,
        1 => Pkt::Delimiter,
        2 => Pkt::ResponseEnd,
        3 => return Err(garbled()),
        length if buffer.len() < length => return Ok(None),
        length => {
            let mut line = buffer.split_to(length);
            line.advance(4);
            return Ok(Some((Pkt::Data(line.freeze()), length)));
        }
    };
    buffer.advance(4);
    Ok(Some((pkt, 4)))
}

/// Puts lines one after another into a message.
#[derive(Debug, Default)]
pub(in crate::adapters::git) struct Message(Vec<u8>);

impl Message {
    /// A line of text.
    pub(in crate::adapters::git) fn line(mut self, text: &str) -> Self {
        debug_assert!(text.len() + 4 <= MAX_LINE, "no line of this client's is that long");
        self.0.extend_from_slice(format!("{:04x}", text.len() + 4).as_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// `0000`.
    pub(in crate::adapters::git) fn flush(self) -> Self {
        self.raw(b"0000")
    }

    /// `0001`.
    pub(in crate::adapters::git) fn delimiter(self) -> Self {
        self.raw(b"0001")
    }

    /// Bytes as they are, such as a pack.
    pub(in crate::adapters::git) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The whole message.
    pub(in crate::adapters::git) fn finish(self) -> Bytes {
        Bytes::from(self.0)
    }
}

/// A line's text without the line break at its end.
pub(in crate::adapters::git) fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).into_owned()
}

#[cfg(test)]
pub(in crate::adapters::git) mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// An exchange with prepared answers, in chunks of any size.
    pub(in crate::adapters::git) struct Canned {
        pub(in crate::adapters::git) sent: Vec<Bytes>,
        chunks: VecDeque<Bytes>,
    }

    impl Canned {
        pub(in crate::adapters::git) fn new(answer: &[u8], size: usize) -> Lines<Self> {
            Lines::new(Self::exchange(answer, size))
        }

        pub(in crate::adapters::git) fn exchange(answer: &[u8], size: usize) -> Self {
            Self { sent: Vec::new(), chunks: answer.chunks(size).map(Bytes::copy_from_slice).collect() }
        }
    }

    impl Exchange for Canned {
        async fn send(&mut self, message: Bytes) -> Result<(), RepositoryError> {
            self.sent.push(message);
            Ok(())
        }

        async fn chunk(&mut self) -> Result<Option<Bytes>, RepositoryError> {
            Ok(self.chunks.pop_front())
        }

        fn words(&self) -> String {
            String::new()
        }

        async fn answered(&mut self) {}

        async fn end(&mut self) {}
    }

    #[tokio::test]
    async fn lines_survive_any_chunking() {
        let message = Message::default().line("hello\n").flush().delimiter().line("").raw(b"0002").finish();
        for size in 1..message.len() + 1 {
            let mut lines = Canned::new(&message, size);
            let mut read = Vec::new();
            while let Some(pkt) = lines.next().await.expect("well formed") {
                read.push(pkt);
            }
            let data = |text: &'static str| Pkt::Data(Bytes::from_static(text.as_bytes()));
            assert_eq!(read, [data("hello\n"), Pkt::Flush, Pkt::Delimiter, data(""), Pkt::ResponseEnd]);
        }
    }

    #[tokio::test]
    async fn garbage_is_an_error_and_never_a_panic() {
        for garbage in [&b"<html>"[..], b"0003", b"-001", b"+004", b"00", b"0008abc", b"\xff\xff\xff\xff"] {
            let mut lines = Canned::new(garbage, 3);
            let error = lines.next().await.expect_err("garbage");
            assert!(matches!(error, RepositoryError::Unreachable(_)), "{error}");
        }
        assert_eq!(Canned::new(b"", 1).next().await.expect("an end"), None);
        let error = Canned::new(b"000aERR no", 4).expect().await.expect_err("told so");
        assert!(matches!(&error, RepositoryError::Unreachable(text) if text == "no"), "{error}");
    }
}
