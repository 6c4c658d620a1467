//! What the presser of a button is told on the spot, in the few words that fit there.

use super::{clean, compose::Text, denial, message::Span};
use crate::domain::{language::Language, policy::Denial};

/// The longest notice that Telegram shows, in characters.
const LONGEST: usize = 200;

/// The longest name shown.
const NAME: usize = 64;

/// Who pressed a button for which command: in a group nothing else tells. It stands before the answer.
#[must_use]
pub fn pressed_by(name: &str, command: &str) -> Vec<Span> {
    let text = Text::new().plain("👆 ").code(clean::inline(name, NAME)).plain(": ").code(clean::inline(command, 300));
    text.plain("\n").build().text
}

/// That the presser isn't let in.
#[must_use]
pub fn press_denied(denial: Denial, language: Language) -> String {
    denial::denial(denial, language).build().to_plain().chars().take(LONGEST).collect()
}

/// That the same press is being carried out.
#[must_use]
pub fn press_again(language: Language) -> String {
    say!(language, "Уже выполняется.", "Already being carried out.")
}

/// That nobody knows any more what the button is for.
#[must_use]
pub fn press_forgotten(language: Language) -> String {
    say!(
        language,
        "Сообщение изменилось или слишком старое, и кнопка больше не действует. Отправьте команду текстом.",
        "The message was changed or is too old, and the button has no effect any more. Type the command."
    )
}
