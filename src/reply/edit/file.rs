//! Faults of files as a whole.

use super::inline;
use crate::domain::{
    edit::{FileFault, FileKind, SpecialFile, Subject},
    language::Language,
};

pub(super) fn found(fault: &FileFault, language: Language) -> String {
    match fault {
        FileFault::Missing => say!(language, "такого файла или папки нет", "no such file or folder"),
        FileFault::DanglingLink => {
            say!(language, "символьная ссылка в никуда", "a symbolic link that leads nowhere")
        }
        FileFault::Folder => say!(language, "это папка, а нужен файл", "a folder where a file is needed"),
        FileFault::Special(kind) => match kind {
            SpecialFile::Pipe => say!(language, "это именованный канал, а не файл", "a named pipe, not a file"),
            SpecialFile::Socket => say!(language, "это сокет, а не файл", "a socket, not a file"),
            SpecialFile::Device => say!(language, "это устройство, а не файл", "a device, not a file"),
        },
        FileFault::TooLarge { limit } => {
            let limit = limit >> 20;
            say!(language, "больше {limit} МиБ", "larger than {limit} MiB")
        }
        FileFault::HardLinks { links } => say!(
            language,
            "у файла несколько имён (жёстких ссылок: {links}), замена разделила бы их",
            "the file has several names ({links} hard links), and a replacement would part them"
        ),
        FileFault::ReadOnly => say!(language, "файл только для чтения", "the file is read-only"),
        FileFault::FolderReadOnly(detail) => {
            let detail = inline(detail);
            say!(language, "в папку файла нельзя писать: {detail}", "the file's folder can't be written: {detail}")
        }
        FileFault::ForeignOwner => say!(
            language,
            "у файла другой владелец или группа, замена бы их сменила",
            "another user or group owns the file, and a replacement would change that"
        ),
        FileFault::Changed => say!(
            language,
            "файл изменили, пока готовилась правка",
            "the file was changed by somebody else while the edit was made"
        ),
        FileFault::Twice(other) => {
            let other = inline(other);
            say!(language, "тот же файл, что и {other}", "the same file as {other}")
        }
        FileFault::Unfit { kind, subject } => {
            let kind = file_kind(*kind, language);
            match subject {
                Subject::Image => say!(
                    language,
                    "это {kind}: здесь у образа нет своей записи",
                    "{kind}: an image has no entry of its own here"
                ),
                Subject::Replicas => say!(
                    language,
                    "это {kind}: здесь у числа реплик нет своей записи",
                    "{kind}: a replica count has no entry of its own here"
                ),
                Subject::Value => say!(
                    language,
                    "это {kind}: значений по ключам здесь не меняют",
                    "{kind}: its values aren't set by key path"
                ),
            }
        }
        FileFault::Read(detail) => {
            let detail = inline(detail);
            say!(language, "файл не читается: {detail}", "the file can't be read: {detail}")
        }
        FileFault::Replace(detail) => {
            let detail = inline(detail);
            say!(language, "файл нельзя заменить: {detail}", "the file can't be replaced: {detail}")
        }
        FileFault::NotPutBack(detail) => {
            let detail = inline(detail);
            say!(
                language,
                "файл уже был заменён, и вернуть прежний не вышло: {detail}",
                "the file had been replaced, and the old one could not be put back: {detail}"
            )
        }
    }
}

pub(super) fn remedy(fault: &FileFault, language: Language) -> Option<String> {
    Some(match fault {
        FileFault::Missing => say!(
            language,
            "Проверьте путь; что менять, пишется со знаком =, : или @.",
            "Check the path; what to change is written with =, : or @ in it."
        ),
        FileFault::DanglingLink => say!(language, "Поправьте ссылку.", "Correct the link."),
        FileFault::Folder => say!(language, "Назовите файл: --file FILE.", "Name the file: --file FILE."),
        FileFault::Special(_) => say!(
            language,
            "Поток читают со стандартного ввода: tiphys edit … - < ПОТОК.",
            "A stream is read from standard input: tiphys edit … - < STREAM."
        ),
        FileFault::TooLarge { .. } => {
            say!(language, "Разделите файл: манифесты столько не весят.", "Split it: no manifest is as large.")
        }
        FileFault::HardLinks { .. } => say!(
            language,
            "Сделайте из него отдельный файл или символьную ссылку, либо примените вывод --diff.",
            "Make it a file of its own or a symbolic link, or apply the output of --diff."
        ),
        FileFault::ReadOnly => say!(
            language,
            "Разрешите запись (chmod u+w), если правка нужна; --diff показывает её и так.",
            "Allow writing (chmod u+w) if the edit is meant; --diff shows it all the same."
        ),
        FileFault::FolderReadOnly(_) => say!(
            language,
            "Файл заменяют новым рядом с ним: разрешите писать в папку.",
            "A file is replaced by a new one beside it: allow writing to the folder."
        ),
        FileFault::ForeignOwner => {
            say!(language, "Запустите от имени владельца или root.", "Run this as the owner or as root.")
        }
        FileFault::Changed => say!(language, "Повторите команду.", "Run the command again."),
        FileFault::Twice(_) => say!(language, "Назовите его один раз.", "Name it once."),
        FileFault::Unfit { subject: Subject::Image, .. } => say!(
            language,
            "Назовите ключ: tiphys edit value image.tag=TAG --file FILE.",
            "Name the key: tiphys edit value image.tag=TAG --file FILE."
        ),
        FileFault::Unfit { subject: Subject::Replicas, .. } => say!(
            language,
            "Назовите ключ: tiphys edit value replicaCount=COUNT --file FILE.",
            "Name the key: tiphys edit value replicaCount=COUNT --file FILE."
        ),
        FileFault::Unfit { subject: Subject::Value, .. } => say!(
            language,
            "Для него есть tiphys edit image и tiphys edit replicas.",
            "There are tiphys edit image and tiphys edit replicas for it."
        ),
        FileFault::NotPutBack(_) => say!(
            language,
            "Верните прежний текст сами, например из git.",
            "Put the old text back yourself, from git for example."
        ),
        FileFault::Read(_) | FileFault::Replace(_) => return None,
    })
}

fn file_kind(kind: FileKind, language: Language) -> String {
    match kind {
        FileKind::Kustomization => say!(language, "kustomization", "a kustomization"),
        FileKind::Values => say!(language, "файл значений", "a values file"),
        FileKind::Application => say!(language, "Application Argo CD", "an Argo CD Application"),
        FileKind::HelmRelease => say!(language, "HelmRelease Flux", "a Flux HelmRelease"),
        FileKind::ArgoCdSource => say!(language, "файл .argocd-source", "an .argocd-source file"),
        FileKind::Manifests => say!(language, "файл манифестов", "a file of manifests"),
    }
}
