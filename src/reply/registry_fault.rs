//! What is told when the registry told nothing: which one, why, and what helps.

use super::{clean, compose::Text, quantity};
use crate::domain::{
    language::Language,
    registry_fault::{RegistryFault, RegistrySilence},
};

/// How much of a server's words is shown.
const DETAIL: usize = 300;

/// The longest address.
const ADDRESS: usize = 120;

/// A line of its own: `⚠️ registry https://registry.example.org: no answer in 5 s`.
pub(super) fn line(text: Text, fault: &RegistryFault, language: Language) -> Text {
    let text = text.line(say!(language, "⚠️ реестр", "⚠️ registry"));
    let text = match &fault.server {
        Some(_) => address(text.plain(" "), fault),
        None => text,
    };
    why(text.plain(": "), &fault.reason, language)
}

/// The same behind the name of the part, with what helps where asking again won't.
pub(super) fn reason(text: Text, fault: &RegistryFault, language: Language) -> Text {
    let text = match &fault.server {
        Some(_) => address(text, fault).plain(": "),
        None => text,
    };
    let text = why(text, &fault.reason, language);
    match &fault.reason {
        RegistrySilence::Forbidden { .. } | RegistrySilence::Untrusted { .. } => {
            text.plain(". ").marked(&advice(&fault.reason, language))
        }
        _ => text,
    }
}

/// The registry's address in code.
pub(super) fn address(text: Text, fault: &RegistryFault) -> Text {
    match &fault.server {
        Some(server) => text.code(clean::inline(server, ADDRESS)),
        None => text,
    }
}

/// A heading.
pub(super) fn title(reason: &RegistrySilence, language: Language) -> String {
    match reason {
        RegistrySilence::NotConfigured => say!(language, "Реестр не настроен", "No registry is configured"),
        RegistrySilence::Late { .. } | RegistrySilence::Unavailable { .. } => {
            say!(language, "Реестр не отвечает", "The registry doesn't answer")
        }
        RegistrySilence::Forbidden { .. } => {
            say!(language, "Реестр не пускает бота", "The registry denies the bot access")
        }
        RegistrySilence::Untrusted { .. } => {
            say!(language, "Сертификат реестра не проходит проверку", "The registry's certificate isn't trusted")
        }
        RegistrySilence::Busy { .. } => say!(language, "Реестр просит подождать", "The registry asks to wait"),
        RegistrySilence::Unusable { .. } => {
            say!(language, "Ответ реестра не годится", "The registry's answer is of no use")
        }
    }
}

/// The reason: our own words, and the registry's in code.
pub(super) fn why(text: Text, reason: &RegistrySilence, language: Language) -> Text {
    let (own, detail) = match reason {
        RegistrySilence::NotConfigured => (say!(language, "не настроен", "not configured"), None),
        RegistrySilence::Late { after } => {
            let time = quantity::limit(*after, language);
            (say!(language, "нет ответа за {time}", "no answer in {time}"), None)
        }
        RegistrySilence::Forbidden { detail } => (say!(language, "доступ запрещён", "not allowed"), Some(detail)),
        RegistrySilence::Untrusted { detail } => {
            (say!(language, "сертификат не проходит проверку", "the certificate isn't trusted"), Some(detail))
        }
        RegistrySilence::Busy { retry_after: Some(wait) } => {
            let time = quantity::limit(*wait, language);
            let own = say!(
                language,
                "слишком много запросов (429), просит подождать {time}",
                "too many requests (429), it asks to wait {time}"
            );
            (own, None)
        }
        RegistrySilence::Busy { retry_after: None } => {
            (say!(language, "слишком много запросов (429)", "too many requests (429)"), None)
        }
        RegistrySilence::Unusable { detail } => {
            (say!(language, "ответ не годится", "the answer is of no use"), Some(detail))
        }
        RegistrySilence::Unavailable { detail } => (say!(language, "нет ответа", "no answer"), Some(detail)),
    };
    match detail {
        Some(detail) => text.plain(own).plain(": ").code(clean::inline(detail, DETAIL)),
        None => text.plain(own),
    }
}

/// What helps; backticks mark code.
pub(super) fn advice(reason: &RegistrySilence, language: Language) -> String {
    match reason {
        RegistrySilence::NotConfigured => say!(
            language,
            "Оператору добавить раздел `registry` в настройки бота.",
            "The operator adds a section `registry` to the bot's configuration."
        ),
        RegistrySilence::Late { .. } => say!(
            language,
            "Повторите позже; если так и останется, оператору проверить `registry.url`, сеть и `registry.deadline`.",
            "Try again later; if it stays so, the operator checks `registry.url`, the network and `registry.deadline`."
        ),
        RegistrySilence::Forbidden { .. } => say!(
            language,
            "Повтор не поможет. Оператору проверить `registry.username` и токен (`registry.token_file` или \
             `registry.token_env`): не истёк ли, можно ли с ним читать этот образ. Иные реестры отвечают так и тогда, когда \
             образа нет: проверьте `image`.",
            "Trying again won't help. The operator checks `registry.username` and the token (`registry.token_file` or \
             `registry.token_env`): whether it has expired, whether it may read this image. Some registries answer so as \
             well when there is no such image: check `image`."
        ),
        RegistrySilence::Untrusted { .. } => say!(
            language,
            "Повтор не поможет. Если сертификат выдал свой центр, оператору назвать его в `registry.ca_file`; если он на \
             другое имя, проверить `registry.url`.",
            "Trying again won't help. If an authority of your own issued it, the operator names it in `registry.ca_file`; if \
             it is for another name, `registry.url` is to be checked."
        ),
        RegistrySilence::Busy { .. } => {
            say!(language, "Повторите немного позже.", "Try again a little later.")
        }
        RegistrySilence::Unusable { .. } => say!(
            language,
            "Повторите позже; если так и останется, оператору проверить `registry.url` и `registry.kind`: тот ли это сервер.",
            "Try again later; if it stays so, the operator checks `registry.url` and `registry.kind`: whether that is the \
             right server."
        ),
        RegistrySilence::Unavailable { .. } => say!(
            language,
            "Повторите позже; если так и останется, оператору проверить `registry.url` и сеть.",
            "Try again later; if it stays so, the operator checks `registry.url` and the network."
        ),
    }
}
