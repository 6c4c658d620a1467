//! From a line of text to a command.

use super::{
    error::{Argument, GrammarError, GrammarFault},
    line::{Line, Word, is_blank},
    suggest::nearest_commands,
    table::{COMMANDS, CommandSpec, Optional},
};
use crate::domain::{
    catalogue::Target,
    command::{Command, CommandName, DescribeAsked, LogAsked, Mutation, Operation, PageAsked, Query},
    name::{ApplicationName, EnvironmentName, NameError, NameKind, NodeName, Tag},
    node::Scheduling,
    pod::PodAsked,
};

/// The longest command that is read, in characters. The longest valid one has 8 + 63 + 1 + 63 + 1 + 128.
pub const MAX_CHARACTERS: usize = 512;

/// How much of a line that is too long is kept for showing it.
const SHOWN_OF_TOO_LONG: usize = 36;

/// The word for a whole list in place of a page of it.
pub const ALL: &str = "all";

/// The word that confirms what was asked back.
pub const CONFIRM: &str = "confirm";

/// What a chat message comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// A command of ours, or a fault in one.
    Ours(Result<Command, GrammarError>),
    /// No command at all, or one for another bot.
    NotOurs,
}

/// Reads a chat message; `bot` is our username, without `@`, when we have one.
///
/// A command begins with `/` and is one line: words apart by any Unicode spaces, the command's word in any case.
/// Blank space around it doesn't count. `/command@name` is ours only when the name is; without a username of our
/// own it never is.
#[must_use]
pub fn parse(text: &str, bot: Option<&str>) -> Parsed {
    let text = text.trim_matches(is_blank);
    let Some(head) = text.split(char::is_whitespace).next().and_then(|word| word.strip_prefix('/')) else {
        return Parsed::NotOurs;
    };
    let head = head.trim_end_matches(is_blank);
    let word = match head.split_once('@') {
        Some((word, name)) if bot.is_some_and(|bot| bot.eq_ignore_ascii_case(name)) => word,
        Some((_, name)) if is_username(name) => return Parsed::NotOurs,
        _ => head,
    };
    Parsed::Ours(read(&Line::of_text(text), word, bot))
}

/// Reads a command from the words of a command line, the first being the command's word without slash.
///
/// A word is taken as it is, never split at spaces or trimmed. `set-replicas` means `set_replicas`, as command lines
/// have it.
///
/// # Errors
/// [`GrammarError`] with the words joined by spaces as its line.
pub fn parse_words<S: AsRef<str>>(words: &[S]) -> Result<Command, GrammarError> {
    let head = words.first().map(|word| word.as_ref().replace('-', "_")).unwrap_or_default();
    read(&Line::of_words(words), &head, None)
}

/// Reads a line whose first word names the command `head`.
fn read(line: &Line, head: &str, bot: Option<&str>) -> Result<Command, GrammarError> {
    let spec = lookup(head);
    let characters = line.characters();
    if characters > MAX_CHARACTERS {
        let fault = GrammarFault::TooLong { characters, maximum: MAX_CHARACTERS };
        let (at, length) = (SHOWN_OF_TOO_LONG, 1);
        let line = line.cut(SHOWN_OF_TOO_LONG);
        return Err(GrammarError { line, at, length, command: spec.map(|spec| spec.name), fault });
    }
    read_words(line, head, spec, bot).map_err(|Fault { at, length, fault }| GrammarError {
        line: line.shown(),
        at,
        length: length.max(1),
        command: spec.map(|spec| spec.name),
        fault,
    })
}

/// A fault and its place in the line.
struct Fault {
    at: usize,
    length: usize,
    fault: GrammarFault,
}

impl Fault {
    fn at_word(word: &Word, fault: GrammarFault) -> Self {
        Self { at: word.at, length: word.length(), fault }
    }
}

fn read_words(
    line: &Line,
    head: &str,
    spec: Option<&'static CommandSpec>,
    bot: Option<&str>,
) -> Result<Command, Fault> {
    let Some((first, words)) = line.words().split_first().filter(|_| !head.is_empty()) else {
        return Err(Fault { at: line.words().first().map_or(0, Word::end), length: 1, fault: GrammarFault::Empty });
    };
    let Some(spec) = spec else {
        let fault = GrammarFault::UnknownCommand { given: head.to_owned(), nearest: nearest_commands(head) };
        return Err(Fault::at_word(first, fault));
    };
    if spec.name == CommandName::Start {
        // Telegram appends the payload of a deep link, which means nothing to us.
        return Ok(Command::Query(Query::Start));
    }
    let arguments = Arguments::assign(spec, words, words.last().unwrap_or(first).end())?;
    let command = match spec.name {
        CommandName::Deploy => Command::Mutation(arguments.target()?, Mutation::Deploy(arguments.version()?)),
        CommandName::SetReplicas => Command::Mutation(arguments.target()?, Mutation::SetReplicas(arguments.count()?)),
        CommandName::Status => Command::Query(Query::Status(arguments.target()?)),
        CommandName::ShowContainers => {
            Command::Query(Query::ShowContainers(arguments.target()?, arguments.page_or_all()?))
        }
        CommandName::GetPods => Command::Query(Query::GetPods(arguments.target()?)),
        CommandName::GetNodes => Command::Query(Query::GetNodes(arguments.page()?)),
        CommandName::Cordon => Command::Operation(arguments.operation(Scheduling::Cordon)?),
        CommandName::Uncordon => Command::Operation(arguments.operation(Scheduling::Uncordon)?),
        CommandName::GetLogs => Command::Query(Query::GetLogs(LogAsked {
            pod: arguments.pod()?,
            container: arguments.container()?,
            previous: arguments.find(Argument::Previous).is_some(),
        })),
        CommandName::Events => Command::Query(Query::Events(arguments.target()?)),
        CommandName::Describe => Command::Query(Query::Describe(arguments.pod_or_node()?)),
        CommandName::Apps => Command::Query(Query::Apps),
        CommandName::Help => Command::Query(Query::Help(arguments.command(bot)?)),
        CommandName::WhoAmI => Command::Query(Query::WhoAmI),
        CommandName::Start => Command::Query(Query::Start),
    };
    match line.after_first() {
        Some((at, length)) => Err(Fault { at, length, fault: GrammarFault::Surplus }),
        None => Ok(command),
    }
}

/// The words of a line, each at the argument that it stands for.
struct Arguments<'a> {
    given: Vec<(Argument, &'a Word)>,
    end: usize,
}

impl<'a> Arguments<'a> {
    /// Gives the required arguments their words first; what is left goes to the optional ones, from the left.
    fn assign(spec: &CommandSpec, words: &'a [Word], end: usize) -> Result<Self, Fault> {
        if let (Some(first), Some(last)) = (words.get(spec.arguments.len()), words.last()) {
            return Err(Fault { at: first.at, length: last.end() - first.at, fault: GrammarFault::Surplus });
        }
        let Flagged { words, arguments, flag } = Flagged::split(spec, words)?;
        if let ([(Argument::Target, _), (Argument::PageOrAll, _)], [word]) = (arguments, words)
            && is_page(&word.text)
        {
            // A page of the only application there is. One whose name looks like that is named with its environment.
            return Ok(Self { given: vec![(Argument::PageOrAll, word)], end });
        }
        let required = arguments.iter().filter(|(_, optional)| *optional == Optional::No).count();
        let mut spare = words.len().saturating_sub(required);
        let mut words = words.iter();
        let mut given = Vec::new();
        for &(argument, optional) in arguments {
            if optional == Optional::Yes {
                if spare == 0 {
                    continue;
                }
                spare -= 1;
            }
            let word = words.next().ok_or(Fault { at: end, length: 1, fault: GrammarFault::Missing(argument) })?;
            given.push((argument, word));
        }
        given.extend(flag.map(|word| (Argument::Previous, word)));
        Ok(Self { given, end })
    }

    fn find(&self, wanted: Argument) -> Option<&'a Word> {
        self.given.iter().find(|(argument, _)| *argument == wanted).map(|(_, word)| *word)
    }

    fn require(&self, wanted: Argument) -> Result<&'a Word, Fault> {
        self.find(wanted).ok_or(Fault { at: self.end, length: 1, fault: GrammarFault::Missing(wanted) })
    }

    /// `APP` or `APP/ENV`, by shape only: whether they exist is the catalogue's business.
    fn target(&self) -> Result<Target, Fault> {
        let Some(word) = self.find(Argument::Target) else { return Ok(Target::default()) };
        let invalid = |at: usize, error: NameError| Fault {
            at,
            length: error.value.chars().count(),
            fault: GrammarFault::Invalid { expected: Argument::Target, given: error.value, kind: Some(error.kind) },
        };
        let (application, environment) = match word.text.split_once('/') {
            Some((application, environment)) => (application, Some(environment)),
            None => (word.text.as_str(), None),
        };
        let application = ApplicationName::new(application).map_err(|error| invalid(word.at, error))?;
        let environment = environment.map(EnvironmentName::new).transpose().map_err(|error| {
            // Names that got this far are ASCII, and a slash follows.
            invalid(word.at + application.as_str().len() + 1, error)
        })?;
        Ok(Target { application: Some(application.into()), environment: environment.map(String::from) })
    }

    fn version(&self) -> Result<Tag, Fault> {
        let word = self.require(Argument::Version)?;
        Tag::new(word.text.clone()).map_err(|_| invalid_word(word, Argument::Version, Some(NameKind::Tag)))
    }

    fn count(&self) -> Result<u32, Fault> {
        let word = self.require(Argument::Count)?;
        number(&word.text).ok_or_else(|| invalid_word(word, Argument::Count, None))
    }

    fn page(&self) -> Result<Option<u32>, Fault> {
        let Some(word) = self.find(Argument::Page) else { return Ok(None) };
        let page = number(&word.text).filter(|page| *page > 0);
        page.map(Some).ok_or_else(|| invalid_word(word, Argument::Page, None))
    }

    fn page_or_all(&self) -> Result<PageAsked, Fault> {
        let Some(word) = self.find(Argument::PageOrAll) else { return Ok(PageAsked::default()) };
        if word.text.eq_ignore_ascii_case(ALL) {
            return Ok(PageAsked::All);
        }
        let page = number(&word.text).filter(|page| *page > 0);
        page.map(PageAsked::Number).ok_or_else(|| invalid_word(word, Argument::PageOrAll, None))
    }

    fn operation(&self, change: Scheduling) -> Result<Operation, Fault> {
        let word = self.require(Argument::Node)?;
        let node = NodeName::new(word.text.clone());
        let node = node.map_err(|_| invalid_word(word, Argument::Node, Some(NameKind::Node)))?;
        let confirmed = match self.find(Argument::Confirm) {
            None => false,
            Some(word) if word.text.eq_ignore_ascii_case(CONFIRM) => true,
            Some(word) => return Err(invalid_word(word, Argument::Confirm, None)),
        };
        Ok(Operation { change, node, confirmed })
    }

    /// A pod by shape only: a part of a name will do.
    fn pod(&self) -> Result<PodAsked, Fault> {
        let word = self.require(Argument::Pod)?;
        let (namespace, name) = match word.text.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, word.text.as_str()),
        };
        let valid = is_part_of_name(name) && namespace.is_none_or(is_label);
        match valid {
            true => Ok(PodAsked { namespace: namespace.map(str::to_owned), name: name.to_owned() }),
            false => Err(invalid_word(word, Argument::Pod, None)),
        }
    }

    /// A node, a pod, or what could be either.
    fn pod_or_node(&self) -> Result<DescribeAsked, Fault> {
        let word = self.require(Argument::PodOrNode)?;
        let (before, name) = match word.text.split_once('/') {
            Some((before, name)) => (Some(before), name),
            None => (None, word.text.as_str()),
        };
        let node = NodeName::new(name).ok();
        let pod = |namespace: Option<&str>| {
            is_part_of_name(name).then(|| PodAsked { namespace: namespace.map(str::to_owned), name: name.to_owned() })
        };
        let asked = match before {
            Some("node" | "nodes" | "no") => DescribeAsked { pod: None, node },
            Some("pod" | "pods" | "po") => DescribeAsked { pod: pod(None), node: None },
            Some(namespace) => DescribeAsked { pod: pod(Some(namespace)).filter(|_| is_label(namespace)), node: None },
            None => DescribeAsked { pod: pod(None), node },
        };
        match asked {
            DescribeAsked { pod: None, node: None } => Err(invalid_word(word, Argument::PodOrNode, None)),
            asked => Ok(asked),
        }
    }

    fn container(&self) -> Result<Option<String>, Fault> {
        match self.find(Argument::Container) {
            Some(word) if is_label(&word.text) => Ok(Some(word.text.clone())),
            Some(word) => Err(invalid_word(word, Argument::Container, None)),
            None => Ok(None),
        }
    }

    fn command(&self, bot: Option<&str>) -> Result<Option<CommandName>, Fault> {
        let Some(word) = self.find(Argument::Command) else { return Ok(None) };
        let given = word.text.strip_prefix('/').unwrap_or(&word.text);
        let given = match given.split_once('@') {
            Some((given, name)) if bot.is_some_and(|bot| bot.eq_ignore_ascii_case(name)) => given,
            _ => given,
        };
        match lookup(&given.replace('-', "_")) {
            Some(spec) => Ok(Some(spec.name)),
            None => {
                let nearest = nearest_commands(given);
                Err(Fault::at_word(word, GrammarFault::UnknownCommand { given: given.to_owned(), nearest }))
            }
        }
    }
}

/// ASCII digits without sign, and without leading zeros, which some would read as octal.
fn number(digits: &str) -> Option<u32> {
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if canonical { digits.parse().ok() } else { None }
}

/// Whether a word is meant as a page, be it a valid one or not.
fn is_page(text: &str) -> bool {
    text.eq_ignore_ascii_case(ALL) || text.bytes().all(|b| b.is_ascii_digit())
}

/// The words and arguments without the flag that may end them.
struct Flagged<'a> {
    words: &'a [Word],
    arguments: &'static [(Argument, Optional)],
    flag: Option<&'a Word>,
}

impl<'a> Flagged<'a> {
    /// `previous` at the end is the flag, not the name of a container.
    fn split(spec: &CommandSpec, words: &'a [Word]) -> Result<Self, Fault> {
        let arguments = match spec.arguments.split_last() {
            Some(((Argument::Previous, _), rest)) => rest,
            _ => return Ok(Self { words, arguments: spec.arguments, flag: None }),
        };
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() && last.text.eq_ignore_ascii_case("previous") => {
                Ok(Self { words: rest, arguments, flag: Some(last) })
            }
            Some((last, rest)) if rest.len() == arguments.len() => Err(invalid_word(last, Argument::Previous, None)),
            _ => Ok(Self { words, arguments, flag: None }),
        }
    }
}

/// Letters, digits, hyphens and dots, as names of Kubernetes have them.
fn is_part_of_name(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    letters && text.len() <= 253 && text.bytes().any(|b| b.is_ascii_alphanumeric())
}

fn is_label(text: &str) -> bool {
    is_part_of_name(text) && text.len() <= 63 && !text.contains('.') && !text.starts_with('-') && !text.ends_with('-')
}

fn invalid_word(word: &Word, expected: Argument, kind: Option<NameKind>) -> Fault {
    Fault::at_word(word, GrammarFault::Invalid { expected, given: word.text.clone(), kind })
}

/// Telephones capitalise the first letter, so the case of a command's word doesn't count.
fn lookup(word: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|spec| spec.word.eq_ignore_ascii_case(word))
}

/// Whether Telegram would take the text after `@` for a username.
fn is_username(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
