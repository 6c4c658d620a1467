//! What isn't let in: each with a clear reply in the chat's language, and nothing committed.

use tiphys::sandbox::telegram::{Post, ShownMessage};

use crate::playbill::{ANNA, CHAT, FOREIGN, Playbill, SECOND, STRANGER, answers_in};

/// One thing that somebody says, and the words that its answer must have in Russian and in English.
struct Case {
    chat: i64,
    post: Post,
    ru: &'static [&'static str],
    en: &'static [&'static str],
}

fn case((chat, post): (i64, Post), ru: &'static [&'static str], en: &'static [&'static str]) -> Case {
    Case { chat, post, ru, en }
}

fn cases() -> Vec<Case> {
    let say = |chat, from, text: &str| (chat, Post::new(chat, from, text));
    // Two chats, because each has a limit of its own.
    let anna = |text: &str| say(CHAT, ANNA, text);
    let also = |text: &str| say(SECOND, ANNA, text);
    let long = format!("/deploy {}", "0".repeat(5_000));
    vec![
        case(
            say(CHAT, STRANGER, "/deploy 0.10.5"),
            &["Нет доступа", "6666", "добавить"],
            &["No access", "6666", "add"],
        ),
        case(say(SECOND, STRANGER, "/status"), &["Нет доступа", "6666"], &["No access", "6666"]),
        case(
            say(FOREIGN, ANNA, "/deploy 0.10.5"),
            &["чат не подключён", "-1006666666666"],
            &["chat isn't connected", "-1006666666666"],
        ),
        case(say(ANNA, ANNA, "/deploy 0.10.5"), &["чат не подключён"], &["chat isn't connected"]),
        case(
            (CHAT, Post::new(CHAT, ANNA, "/set_replicas 3").anonymous()),
            &["от имени группы", "Повторите от своего имени"],
            &["in the name of a group", "in your own name"],
        ),
        case(
            also("/deploy 0.10.7"),
            &["Нет такой версии", "0.10.7", "Ничего не изменено", "Ближайшие", "0.10.6"],
            &["No such version", "0.10.7", "Nothing was changed", "Nearest", "0.10.6"],
        ),
        case(
            anna("/set_replicas -1"),
            &["Не выполнено", "/set_replicas -1", "^^", "целое число от 0", "Пример"],
            &["Not carried out", "/set_replicas -1", "^^", "whole number from 0", "Example"],
        ),
        case(
            also("/set_replicas 1e9"),
            &["Не выполнено", "1e9", "^^^", "целое число"],
            &["Not carried out", "1e9", "^^^", "whole number"],
        ),
        case(
            anna("/set_replicas 3;rm"),
            &["Не выполнено", "3;rm", "^^^^", "целое число"],
            &["Not carried out", "3;rm", "^^^^", "whole number"],
        ),
        case(
            also("/set_replicas 21"),
            &["Слишком много", "21", "не больше 20", "Ничего не изменено"],
            &["Too many", "21", "at most 20", "Nothing was changed"],
        ),
        case(anna(&long), &["Не выполнено", "слишком длинно"], &["Not carried out", "too long"]),
        case(also("/"), &["нет команды", "/help"], &["No command", "/help"]),
        case(
            anna("/deploy oil-refinery-aplication 0.10.5"),
            &["Нет приложения", "Похожие", "oil-refinery-application", "Ничего не изменено"],
            &["No application", "Nearest", "oil-refinery-application", "Nothing was changed"],
        ),
        case(
            also("/deploy oil-refinery-application/stage 0.10.5"),
            &["Нет среды", "oil-refinery-application/prod", "Ничего не изменено"],
            &["No environment", "oil-refinery-application/prod", "Nothing was changed"],
        ),
        case(
            anna("/deploy 0.10.5\n/deploy 0.10.6"),
            &["Не выполнено", "лишний текст", "одна строка"],
            &["Not carried out", "surplus text", "one line"],
        ),
        case(
            also("/deploi 0.10.5"),
            &["Нет такой команды", "Возможно, так: /deploy 0.10.5"],
            &["No such command", "Perhaps: /deploy 0.10.5"],
        ),
        case(anna("/deploy"), &["не хватает версии", "/deploy"], &["the version is missing", "/deploy"]),
    ]
}

async fn refuses_in(language: &str) {
    let playbill = Playbill::start().await;
    playbill.amend("language: ru", &format!("language: {language}"));
    let hub = playbill.hub();
    let _bot = playbill.serve();
    let cases = cases();
    let mut asked = Vec::new();
    for case in &cases {
        asked.push(hub.post(case.post.clone()).unwrap());
    }
    // To other bots and to nobody: not a word.
    let other = hub.say(CHAT, ANNA, "/deploy@other_bot 0.10.5").unwrap();
    let chatter = hub.say(CHAT, ANNA, "deploy 0.10.5").unwrap();
    // What was said first counts; the change is passed over.
    let edited = hub.say(CHAT, ANNA, "/whoami").unwrap();
    hub.edit(CHAT, edited, "/deploy 0.10.5").unwrap();

    for (case, message) in cases.iter().zip(&asked) {
        let Case { chat, post, .. } = case;
        let words = if language == "ru" { case.ru } else { case.en };
        let all = |answer: &ShownMessage| words.iter().all(|word| answer.text.contains(word));
        playbill.answer_in(*chat, *message, all).await;
        assert_eq!(answers_in(&hub, *chat, *message).len(), 1, "one answer to {post:?}");
    }
    playbill.answer(edited, |answer| answer.text.contains("1001")).await;
    playbill.confirmed().await;
    for silent in [other, chatter] {
        assert!(answers_in(&hub, CHAT, silent).is_empty());
    }
    assert_eq!(answers_in(&hub, CHAT, edited).len(), 1);
    let answers = [CHAT, SECOND, FOREIGN, ANNA].iter().map(|chat| hub.answers(*chat).len()).sum::<usize>();
    assert_eq!(answers, cases.len() + 1, "nothing is said unasked");
    assert_eq!(playbill.commits(), [""; 0]);

    let log = playbill.log_text();
    let refused = |what: &str| log.lines().any(|line| line.contains("WARN") && line.contains(what));
    assert!(refused("person 6666 is not in the configuration"), "{log}");
    assert!(refused("chat -1006666666666 is not in the configuration"), "{log}");
    assert!(refused("cannot give commands"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_command_gets_a_clear_reply_in_both_languages() {
    tokio::join!(refuses_in("ru"), refuses_in("en"));
}
