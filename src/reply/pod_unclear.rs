//! What is told when it isn't clear which pod is meant.

use super::{
    clean,
    compose::{Text, button},
    unanswered,
};
use crate::{
    domain::{
        command::CommandName,
        describe::NODE,
        language::Language,
        pod::{PodAsked, PodUnclear},
    },
    grammar::table::spec,
};

/// How many buttons there are.
const BUTTONS: usize = 6;

/// The reason; `command` and the words after the pod's name make the command that is offered.
pub(super) fn pod_unclear(
    asked: &PodAsked,
    command: CommandName,
    rest: &[String],
    reason: &PodUnclear,
    language: Language,
) -> Text {
    let name = clean::inline(&asked.to_string(), 320);
    let is_node = command == CommandName::Describe && asked.namespace.as_deref() == Some(NODE);
    let again = |name: &str| {
        let name = if is_node { format!("{NODE}/{name}") } else { name.to_owned() };
        let words = std::iter::once(name.as_str()).chain(rest.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        format!("/{} {words}", spec(command).word)
    };
    let inside = |namespaces: &[String]| {
        namespaces.iter().take(10).map(|name| clean::inline(name, 63)).collect::<Vec<_>>().join(", ")
    };
    match reason {
        PodUnclear::Several { pods, total } => {
            let text = Text::new().plain("❓ ").bold(say!(
                language,
                "Подходят {total} — уточните имя",
                "{total} pods fit: say more of the name"
            ));
            let names: Vec<String> = pods.iter().map(ToString::to_string).collect();
            let mut lines: Vec<String> = names.iter().map(|name| clean::inline(name, 320)).collect();
            let more = total.saturating_sub(lines.len());
            if more > 0 {
                lines.push(say!(language, "… и ещё {more}", "… and {more} more"));
            }
            let text = if lines.is_empty() { text } else { text.block(lines.join("\n")) };
            names
                .iter()
                .take(BUTTONS)
                .zip(pods)
                .fold(text, |text, (name, pod)| text.row([button(clean::inline(&pod.name, 253), again(name))]))
        }
        PodUnclear::Unknown { nearest, namespaces } => {
            let heading = match command {
                _ if is_node => say!(language, "Нет такого узла: ", "No such node: "),
                CommandName::Describe => say!(language, "Нет такого пода или узла: ", "No such pod or node: "),
                _ => say!(language, "Нет такого пода: ", "No such pod: "),
            };
            let text = Text::new().plain("❓ ").bold(heading).code(name);
            let namespaces = inside(namespaces);
            let text = match namespaces.is_empty() {
                true => text,
                false => text.line(say!(language, "Искал в: ", "Looked for in: ")).code(namespaces),
            };
            let text = match nearest.first() {
                Some(first) => text.line(say!(language, "Похожее: ", "Perhaps: ")).code(again(first)),
                None => text,
            };
            let text =
                nearest.iter().fold(text, |text, name| text.row([button(clean::inline(name, 253), again(name))]));
            text.line(match is_node {
                true => say!(language, "Все узлы: /get_nodes", "All nodes: /get_nodes"),
                false => say!(language, "Все поды: /get_pods", "All pods: /get_pods"),
            })
        }
        PodUnclear::ForeignNamespace { namespaces } => {
            let namespaces = inside(namespaces);
            let text = Text::new()
                .plain("🚫 ")
                .bold(say!(language, "Этот namespace боту не доверен: ", "Not a namespace of the bot's: "))
                .code(clean::inline(asked.namespace.as_deref().unwrap_or_default(), 63));
            if namespaces.is_empty() {
                return text;
            }
            text.line(say!(
                language,
                "Поды показываются только из тех, где работают приложения: ",
                "Pods are shown only of those in which the applications run: "
            ))
            .code(namespaces)
        }
        PodUnclear::Unanswered(fault) => {
            let text = unanswered::line(Text::new().plain("❔ ").code(name), "kubernetes", fault, language);
            unanswered::advice(text, [fault], language)
        }
    }
}
