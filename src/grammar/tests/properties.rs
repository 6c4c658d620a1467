//! Whatever is typed: no panic, places within the line, and what is written well is read back.

use proptest::prelude::*;

use super::*;

/// The place lies within the line, or is the one just after it.
fn check_place(error: &GrammarError) -> Result<(), TestCaseError> {
    let characters = error.line.chars().count();
    prop_assert!(error.length >= 1);
    prop_assert!(error.at <= characters, "{error:?}");
    prop_assert!(error.at + error.length <= characters.max(error.at + 1), "{error:?}");
    prop_assert!(characters <= MAX_CHARACTERS);
    prop_assert!(!error.line.contains(['\n', '\r']));
    let marked: String = error.line.chars().skip(error.at).take(error.length).collect();
    match &error.fault {
        GrammarFault::Invalid { given, .. } if !given.is_empty() && !given.contains(char::is_whitespace) => {
            prop_assert_eq!(&marked, given);
        }
        _ => {}
    }
    Ok(())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    for bot in [BOT, None] {
        match parse(text, bot) {
            Parsed::Ours(Err(error)) => check_place(&error)?,
            Parsed::Ours(Ok(_)) | Parsed::NotOurs => {}
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        check(&text)?;
        check(&format!("/{text}"))?;
        check(&format!("/deploy {text}"))?;
        check(&format!("/set_replicas {text}"))?;
        check(&format!("/help@tiphys_bot\u{200b} {text}"))?;
    }

    #[test]
    fn near_commands_do_not_make_it_panic(
        text in "/(deploy|set_replicas|status|help|apps|start)(@tiphys_bot)?[ \n\u{a0}\u{200b}a-z0-9/.;ж🚀-]{0,40}"
    ) {
        check(&text)?;
    }

    #[test]
    fn no_words_make_it_panic(words in proptest::collection::vec(any::<String>(), 0..5), command in 0..9_usize) {
        let mut line: Vec<String> = COMMANDS.get(command).map(|row| row.word.to_owned()).into_iter().collect();
        line.extend(words);
        if let Err(error) = parse_words(&line) {
            check_place(&error)?;
        }
    }

    #[test]
    fn what_is_written_well_is_read_back(
        application in "[a-z]([a-z0-9-]{0,20}[a-z0-9])?",
        environment in proptest::option::of("[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?"),
        tag in "[A-Za-z0-9_][A-Za-z0-9._-]{0,127}",
        count in any::<u32>(),
        space in "[ \t\u{a0}\u{2003}]{1,3}",
    ) {
        let label = environment.iter().fold(application, |label, environment| format!("{label}/{environment}"));
        let read = parse(&format!("/deploy{space}{label}{space}{tag}"), BOT);
        prop_assert_eq!(read, Parsed::Ours(Ok(deploy(&label, &tag))));
        let read = parse(&format!("/set_replicas{space}{label}{space}{count}{space}"), BOT);
        prop_assert_eq!(read, Parsed::Ours(Ok(scale(&label, count))));
        prop_assert_eq!(parse_words(&["deploy", &label, &tag]), Ok(deploy(&label, &tag)));
    }

    #[test]
    fn counts_are_exactly_the_canonical_decimals(text in "[0-9+x.-]{1,11}") {
        let canonical = text.parse::<u32>().is_ok_and(|count| count.to_string() == text);
        let read = parse(&format!("/set_replicas {text}"), BOT);
        prop_assert_eq!(matches!(read, Parsed::Ours(Ok(_))), canonical);
    }

    #[test]
    fn a_command_for_another_bot_is_never_ours(text in any::<String>(), name in "[a-z]{5,12}bot") {
        prop_assume!(name != "tiphys_bot");
        let message = format!("/deploy@{} {}", name, text);
        prop_assert_eq!(parse(&message, BOT), Parsed::NotOurs);
    }
}
