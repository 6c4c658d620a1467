//! The languages that tiphys speaks in a chat.

use serde::{Deserialize, Serialize};

/// A language of replies; logs are always English.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Russian, the default.
    #[default]
    Ru,
    /// English.
    En,
}

impl Language {
    /// Every language, in the order of preference.
    pub const ALL: [Self; 2] = [Self::Ru, Self::En];
}
