//! The playground's prompt: a line editor with history and completion, or lines from a pipe.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustyline::{
    CompletionType, Config, Context, Editor, ExternalPrinter, Helper, completion::Completer, error::ReadlineError,
    highlight::Highlighter, hint::Hinter, history::DefaultHistory, validate::Validator,
};
use tokio::sync::mpsc;
use tracing::{debug, warn};

use super::complete::{Vocabulary, complete};

/// How many lines may wait to be taken.
const WAITING: usize = 16;
/// How many lines of history are kept.
const REMEMBERED: usize = 1000;

/// Gives the names that can be completed, as they are at that moment.
pub type VocabularySource = Arc<dyn Fn() -> Vocabulary + Send + Sync>;

/// What a line editor needs.
#[derive(Clone)]
pub struct EditorOptions {
    /// The prompt.
    pub prompt: String,
    /// The file that keeps the history; `None` to forget it.
    pub history: Option<PathBuf>,
    /// The names that can be completed.
    pub vocabulary: VocabularySource,
}

/// Lines that somebody types, and a way to print without disturbing the typing.
pub struct Console {
    /// The lines. The channel closes at the end of input, at Ctrl-D and at Ctrl-C.
    pub lines: mpsc::Receiver<String>,
    /// Prints above the prompt.
    pub printer: Printer,
    _terminal: Option<terminal::Restore>,
}

impl Console {
    /// A line editor on the terminal. Dropping the console gives the terminal its settings back, even while the
    /// editor still waits for a key.
    ///
    /// # Errors
    /// When standard input or output is no terminal, or is one that can't move its cursor.
    pub fn interactive(options: EditorOptions) -> io::Result<Self> {
        let restore = terminal::Restore::stdin();
        let config = Config::builder()
            .completion_type(CompletionType::List)
            // Pasted lines are commands of their own.
            .bracketed_paste(false)
            .max_history_size(REMEMBERED)
            .and_then(|builder| builder.history_ignore_dups(true))
            .map_err(io::Error::other)?
            .build();
        let mut editor: Editor<Names, DefaultHistory> = Editor::with_config(config).map_err(io::Error::other)?;
        editor.set_helper(Some(Names(options.vocabulary)));
        if let Some(path) = &options.history
            && path.exists()
            && let Err(error) = editor.load_history(path)
        {
            warn!(%error, path = %path.display(), "the history cannot be read");
        }
        let printer = editor.create_external_printer().map_err(io::Error::other)?;
        let (sender, lines) = mpsc::channel(WAITING);
        thread::Builder::new().name("console".to_owned()).spawn(move || {
            edit(&mut editor, &options.prompt, options.history.as_deref(), &sender);
        })?;
        Ok(Self { lines, printer: Printer::new(Sink::Prompt(Box::new(printer))), _terminal: restore })
    }

    /// Lines from a pipe or a file; replies are written to `out`.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn piped(input: impl Read + Send + 'static, out: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, lines) = mpsc::channel(WAITING);
        thread::Builder::new().name("console".to_owned()).spawn(move || read(input, &sender))?;
        Ok(Self { lines, printer: Printer::new(Sink::Plain(Box::new(out))), _terminal: None })
    }
}

fn edit(
    editor: &mut Editor<Names, DefaultHistory>,
    prompt: &str,
    history: Option<&Path>,
    lines: &mpsc::Sender<String>,
) {
    loop {
        let line = match editor.readline(prompt) {
            Ok(line) => line,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return,
            Err(ReadlineError::Signal(_)) => continue,
            Err(error) => {
                warn!(%error, "the terminal cannot be read");
                return;
            }
        };
        if line.trim().is_empty() {
            continue;
        }
        // Kept after each line: the program may be ended at any time.
        if editor.add_history_entry(&line).unwrap_or(false)
            && let Some(path) = history
            && let Err(error) = editor.append_history(path)
        {
            debug!(%error, path = %path.display(), "the history cannot be written");
        }
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

fn read(input: impl Read, lines: &mpsc::Sender<String>) {
    let mut input = BufReader::new(input);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match input.read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                warn!(%error, "standard input cannot be read");
                return;
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end_matches(['\r', '\n']);
        if !line.trim().is_empty() && lines.blocking_send(line.to_owned()).is_err() {
            return;
        }
    }
}

/// Prints whole texts above the prompt: what is written between two flushes appears at once.
pub struct Printer {
    sink: Arc<Mutex<Sink>>,
    pending: Vec<u8>,
}

enum Sink {
    Prompt(Box<dyn ExternalPrinter + Send>),
    Plain(Box<dyn Write + Send>),
}

impl Printer {
    fn new(sink: Sink) -> Self {
        Self { sink: Arc::new(Mutex::new(sink)), pending: Vec::new() }
    }
}

impl Clone for Printer {
    /// Another printer to the same place, with nothing pending.
    fn clone(&self) -> Self {
        Self { sink: self.sink.clone(), pending: Vec::new() }
    }
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.pending);
        match &mut *self.sink.lock().unwrap_or_else(PoisonError::into_inner) {
            Sink::Prompt(printer) => {
                printer.print(String::from_utf8_lossy(&bytes).into_owned()).map_err(io::Error::other)
            }
            Sink::Plain(out) => out.write_all(&bytes).and_then(|()| out.flush()),
        }
    }
}

/// Completion by the commands' table.
struct Names(VocabularySource);

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(complete(line, position, &(self.0)()))
    }
}

impl Hinter for Names {
    type Hint = String;
}
impl Highlighter for Names {}
impl Validator for Names {}
impl Helper for Names {}

#[cfg(unix)]
mod terminal {
    //! The terminal's settings. The editor changes them while it waits for a key, and its thread can't be stopped.

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    /// The settings that standard input had; given back when dropped.
    pub(super) struct Restore(Termios);

    impl Restore {
        /// Remembers the settings, when standard input is a terminal.
        pub(super) fn stdin() -> Option<Self> {
            tcgetattr(std::io::stdin()).ok().map(Self)
        }
    }

    impl Drop for Restore {
        fn drop(&mut self) {
            // Nothing is left to be done about a terminal that is gone.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
        }
    }
}

#[cfg(not(unix))]
mod terminal {
    /// Only Unix terminals need it.
    pub(super) struct Restore;

    impl Restore {
        pub(super) fn stdin() -> Option<Self> {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<String>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").push(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_pipe_gives_its_lines_and_ends() {
        let long = "x".repeat(5000);
        let input = format!("/deploy 0.10.5\r\n\n  \n{long}\n/status\n\u{fffd}без конца");
        let mut console = Console::piped(io::Cursor::new(input), io::sink()).expect("a thread");
        let mut lines = Vec::new();
        while let Some(line) = console.lines.recv().await {
            lines.push(line);
        }
        assert_eq!(lines, ["/deploy 0.10.5", &long, "/status", "\u{fffd}без конца"]);
    }

    #[test]
    fn texts_are_printed_whole() {
        let out = Shared::default();
        let console = Console::piped(io::empty(), out.clone()).expect("a thread");
        let mut one = console.printer.clone();
        let mut other = console.printer.clone();
        one.write_all(b"first ").expect("kept");
        other.write_all(b"second\n").expect("kept");
        other.flush().expect("printed");
        one.write_all(b"and last\n").expect("kept");
        one.flush().expect("printed");
        one.flush().expect("nothing to print");
        assert_eq!(*out.0.lock().expect("not poisoned"), ["second\n", "first and last\n"]);
    }
}
