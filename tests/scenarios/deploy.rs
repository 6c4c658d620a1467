//! One command on its whole way.

use tiphys::sandbox::telegram::Poster;

use crate::playbill::{ANNA, CHAT, KUSTOMIZATION, Playbill, answers_to};

#[tokio::test(flavor = "multi_thread")]
async fn a_command_becomes_a_commit_and_one_message_follows_it_until_it_is_live() {
    let playbill = Playbill::start().await;
    let bot = playbill.serve();
    let before = playbill.git(&["show", &format!("main:{KUSTOMIZATION}")]);

    let command = playbill.hub().say(CHAT, ANNA, "/deploy 0.10.5").unwrap();
    let answer = playbill.answer(command, |answer| answer.text.contains("работает: 2/2 пода")).await;

    assert_eq!(answers_to(&playbill.hub(), command).len(), 1, "one message, edited in place");
    assert!(answer.edits >= 1);
    assert!(matches!(answer.from, Poster::Bot(_)));
    assert_eq!(playbill.git(&["rev-list", "--count", "main"]).trim(), "2");
    let after = playbill.git(&["show", &format!("main:{KUSTOMIZATION}")]);
    assert_eq!(after, before.replace("newTag: \"0.10.4\"", "newTag: \"0.10.5\""));
    assert_ne!(after, before);
    let head = playbill.git(&["log", "-1", "--format=%s|%an|%ae|%cn|%(trailers:key=Requested-By,valueonly,separator=)|%(trailers:key=Reply-To,valueonly,separator=)", "main"]);
    assert_eq!(
        head.trim(),
        format!(
            "deploy(oil-refinery-application/prod): 0.10.4 → 0.10.5|Анна Иванова|anna@example.org|tiphys|\
             Анна Иванова (telegram 1001)|telegram/{CHAT}/{}",
            answer.id
        )
    );
    playbill.git(&["fsck", "--strict"]);
    playbill.hub().until(crate::playbill::PATIENCE, |hub| (hub.unconfirmed() == 0).then_some(())).await.unwrap();
    drop(bot);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_cannot_be_printed_is_not_called_a_failure() {
    let playbill = Playbill::start().await;
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut deploy = playbill.program(&["deploy", "0.10.5", "--json"]);
    let status = tokio::task::spawn_blocking(move || deploy.stdout(full).stderr(std::process::Stdio::null()).status());
    assert_eq!(status.await.unwrap().unwrap().code(), Some(0));
    assert_eq!(playbill.git(&["rev-list", "--count", "main"]).trim(), "2");
}
