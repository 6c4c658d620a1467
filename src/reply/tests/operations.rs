//! The operator's table in docs/operations.md quotes the program's own words.

use super::*;
use crate::domain::answer::{Applied, Failure, FailureKind, Refusal};

/// Everything that trouble with the repository comes to.
fn answers() -> Vec<Answer> {
    use FailureKind::{Mirror, RepositoryAuthentication, RepositoryUnreachable, Signing, TooManyRaces};
    let failed = |(kind, applied)| Answer::Failed(Failure { detail: String::new(), kind, applied });
    let failures = [
        (RepositoryUnreachable, Applied::No),
        (RepositoryUnreachable, Applied::Unknown),
        (RepositoryAuthentication, Applied::No),
        (TooManyRaces, Applied::No),
        (Mirror, Applied::No),
        (Signing, Applied::No),
    ];
    let refusals = [
        Refusal::PushRefused { message: String::new() },
        Refusal::NoBranch { branch: "main".into(), repository: None },
        Refusal::Busy { waiting: 500, repository: None },
    ];
    failures.map(failed).into_iter().chain(refusals.map(Answer::Refused)).collect()
}

/// What stands between the quotation marks, in the order of the page.
fn quoted(page: &str, open: char, close: char) -> Vec<&str> {
    page.split(open).skip(1).map(|rest| rest.split(close).next().unwrap_or_default()).collect()
}

#[test]
fn the_table_quotes_what_the_chat_says() {
    let page = include_str!("../../../docs/operations.md");
    let in_russian = include_str!("../../../docs/operations.ru.md");
    for (page, language, open, close) in
        [(page, Language::En, '“', '”'), (page, Language::Ru, '«', '»'), (in_russian, Language::Ru, '«', '»')]
    {
        let said: Vec<_> = answers().iter().map(|answer| shown(&render(answer, language))).collect();
        let quoted = quoted(page, open, close);
        for text in &said {
            assert!(quoted.iter().any(|quotation| text.contains(quotation)), "not in docs/operations.md: {text}");
        }
        for quotation in quoted {
            assert!(
                said.iter().any(|text| text.contains(quotation)),
                "docs/operations.md, but nobody says: {quotation}"
            );
        }
    }
}
