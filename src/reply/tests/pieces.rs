//! Numbers with units, cleaned text, and messages for terminals.

use insta::assert_snapshot;
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::{
    super::{clean, compose::Text, quantity},
    *,
};

#[test]
fn plurals() {
    let counts = [0, 1, 2, 4, 5, 10, 11, 12, 14, 15, 20, 21, 22, 25, 100, 101, 102, 111, 112, 121, 1001];
    let all = |language| counts.map(|count| quantity::replicas(count, language)).join(", ");
    assert_snapshot!(all(Language::Ru), @"0 реплик, 1 реплика, 2 реплики, 4 реплики, 5 реплик, 10 реплик, 11 реплик, 12 реплик, 14 реплик, 15 реплик, 20 реплик, 21 реплика, 22 реплики, 25 реплик, 100 реплик, 101 реплика, 102 реплики, 111 реплик, 112 реплик, 121 реплика, 1001 реплика");
    assert_snapshot!(all(Language::En), @"0 replicas, 1 replica, 2 replicas, 4 replicas, 5 replicas, 10 replicas, 11 replicas, 12 replicas, 14 replicas, 15 replicas, 20 replicas, 21 replicas, 22 replicas, 25 replicas, 100 replicas, 101 replicas, 102 replicas, 111 replicas, 112 replicas, 121 replicas, 1001 replicas");
    let pods = |language| [0, 1, 2, 5, 21].map(|count| quantity::pods(1, count, language)).join(", ");
    assert_snapshot!(pods(Language::Ru), @"1/0 подов, 1/1 под, 1/2 пода, 1/5 подов, 1/21 под");
    assert_snapshot!(pods(Language::En), @"1/0 pods, 1/1 pod, 1/2 pods, 1/5 pods, 1/21 pods");
}

#[test]
fn durations() {
    let times = [0, 1, 42, 59, 60, 65, 125, 3599, 3600, 3661, 7260, 86399, 86400, 90000, 200_000];
    let all = |language| times.map(|time| quantity::exact(seconds(time), language)).join(", ");
    assert_snapshot!(all(Language::Ru), @"1 с, 1 с, 42 с, 59 с, 1 мин, 1 мин 5 с, 2 мин 5 с, 59 мин 59 с, 1 ч, 1 ч 1 мин, 2 ч 1 мин, 23 ч 59 мин, 1 дн., 1 дн. 1 ч, 2 дн. 7 ч");
    assert_snapshot!(all(Language::En), @"1 s, 1 s, 42 s, 59 s, 1 min, 1 min 5 s, 2 min 5 s, 59 min 59 s, 1 h, 1 h 1 min, 2 h 1 min, 23 h 59 min, 1 d, 1 d 1 h, 2 d 7 h");
    assert_eq!(quantity::exact(Duration::from_millis(300), Language::Ru), "1 с");
    assert_eq!(quantity::limit(Duration::from_millis(1), Language::Ru), "1 мс");
    assert_eq!(quantity::limit(seconds(1), Language::Ru), "1 с");
    assert_eq!(quantity::exact(Duration::MAX, Language::En), "213503982334601 d 7 h");
}

#[test]
fn ages() {
    let day = 86400;
    let times = [0, 4, 5, 59, 60, 3599, 3600, day - 1, day, 59 * day, 60 * day, 729 * day, 730 * day, 2000 * day];
    let all = |language| times.map(|time| quantity::ago(seconds(time), language)).join(", ");
    assert_snapshot!(all(Language::Ru), @"только что, только что, 5 с назад, 59 с назад, 1 мин назад, 59 мин назад, 1 ч назад, 23 ч назад, 1 дн. назад, 59 дн. назад, 1 мес. назад, 23 мес. назад, 2 года назад, 5 лет назад");
    assert_snapshot!(all(Language::En), @"just now, just now, 5 s ago, 59 s ago, 1 min ago, 59 min ago, 1 h ago, 23 h ago, 1 d ago, 59 d ago, 1 mo ago, 23 mo ago, 2 years ago, 5 years ago");
}

#[test]
fn sizes() {
    let sizes = [0, 999, 1000, 1500, 9_949, 9_951, 48_300_000, 999_499_999, 999_500_000, 1_250_000_000, u64::MAX];
    let all = |language| sizes.map(|size| quantity::size(size, language)).join(", ");
    assert_snapshot!(all(Language::Ru), @"0 Б, 999 Б, 1 КБ, 1,5 КБ, 9,9 КБ, 10 КБ, 48 МБ, 999 МБ, 1 ГБ, 1,3 ГБ, 18446744 ТБ");
    assert_snapshot!(all(Language::En), @"0 B, 999 B, 1 kB, 1.5 kB, 9.9 kB, 10 kB, 48 MB, 999 MB, 1 GB, 1.3 GB, 18446744 TB");
}

#[test]
fn foreign_text_is_cleaned() {
    assert_eq!(clean::inline("a\n\tb\u{202e}c\u{0}\u{1b}[31m", 80), "a bc");
    assert_eq!(clean::inline(" \u{200b}\n ", 80), "—");
    assert_eq!(clean::inline("z\u{301}\u{301}\u{301}\u{301}\u{301}", 80), "z\u{301}\u{301}");
    assert_eq!(clean::inline("слишком длинно", 8), "слишком…");
    assert_eq!(clean::block("one\r\n\r\n  two\u{2066}\n\nthree"), "one\ntwo\nthree");
    assert_eq!(clean::block(""), "—");
    let block = clean::block(&"line\n".repeat(50));
    assert_eq!(block.lines().count(), 13);
    assert!(block.ends_with('…'));
    assert_eq!(clean::block(&"x".repeat(5000)).chars().count(), clean::REASON);
}

proptest! {
    #[test]
    fn nothing_foreign_gets_out_of_its_columns(text in any::<String>(), columns in 2..60_usize) {
        prop_assert!(clean::fit(&text, columns).width() <= columns);
    }

    #[test]
    fn cleaned_text_is_visible_and_bounded(text in any::<String>(), characters in 1..100_usize) {
        let inline = clean::inline(&text, characters);
        prop_assert!(inline.chars().count() <= characters && !inline.is_empty());
        prop_assert!(!inline.chars().any(clean::is_invisible));
        let block = clean::block(&text);
        prop_assert!(block.chars().count() <= clean::REASON);
        prop_assert!(!block.chars().any(|c| c != '\n' && clean::is_invisible(c)));
    }
}

#[test]
fn a_terminal_gets_styles_only_in_color() {
    let message = Message {
        text: vec![
            Span::Bold("b".into()),
            Span::Plain(" p\n".into()),
            Span::Block("one\n\ntwo".into()),
            Span::Plain("\n".into()),
            Span::Code("c".into()),
            Span::Link { text: "l".into(), url: "https://example.org".into() },
        ],
        buttons: Vec::new(),
        document: None,
    };
    assert_eq!(message.to_terminal(false), message.to_plain());
    assert_snapshot!(message.to_terminal(true).replace('\u{1b}', "ESC"), @r"
    ESC[1mbESC[0m p
    ESC[2moneESC[0m

    ESC[2mtwoESC[0m
    ESC[36mcESC[0mESC[4mlESC[0m (https://example.org)
    ");
}

/// The last resort, should a list ever be bounded too loosely.
#[test]
fn a_message_that_is_too_long_is_cut() {
    for text in ["x", "ж", "🚀"] {
        let message = Text::new().plain("a").code(text.repeat(3000)).block(text.repeat(3000)).plain("lost").build();
        let plain = message.to_plain();
        assert!((2000..4096).contains(&plain.encode_utf16().count()), "{}", plain.len());
        assert!(plain.ends_with('…') && plain.starts_with('a'));
    }
}
