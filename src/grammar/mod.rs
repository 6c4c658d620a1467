//! The commands' grammar: one table, and the parser that it drives.

mod error;
mod line;
mod parse;
mod suggest;
pub mod table;
#[cfg(test)]
mod tests;

pub use error::{GrammarError, GrammarFault};
pub use parse::{ALL, CONFIRM, MAX_CHARACTERS, Parsed, parse, parse_words};
pub use suggest::nearest_commands;
