//! The commands' grammar: one table, and the parser that it drives.

mod error;
mod parse;
pub mod table;

pub use error::{GrammarError, GrammarFault};
pub use parse::{Parsed, parse, parse_words};
