//! What keeps a commit from coming live, in the chat's words.

use super::clean;
use crate::domain::{
    catalogue::Site,
    language::Language,
    rollout::{Hint, Running},
};

/// The longest list of images or overrides.
const LISTED: usize = 300;

/// A hint as text without styles; Argo CD's and Kubernetes' own words stay as they are.
pub(super) fn words(hint: &Hint, site: &Site, language: Language) -> String {
    match hint {
        Hint::Unseen(None) => {
            say!(language, "Argo CD ещё ничего не сравнил с git", "Argo CD has not compared anything with git yet")
        }
        Hint::Unseen(Some(revision)) => {
            let revision = revision.short();
            say!(
                language,
                "Argo CD ещё не видел коммит, он на {revision}",
                "Argo CD has not seen the commit yet, it is at {revision}"
            )
        }
        Hint::AutoSyncOff => say!(
            language,
            "OutOfSync, а автосинхронизация Argo CD выключена",
            "OutOfSync, and Argo CD's auto-sync is off"
        ),
        Hint::WaitingToRetry(message) if message.is_empty() => {
            say!(language, "Argo CD ждёт новой попытки", "Argo CD waits to try again")
        }
        Hint::WaitingToRetry(message) => {
            say!(language, "Argo CD ждёт новой попытки: {message}", "Argo CD waits to try again: {message}")
        }
        Hint::Differs { running, overrides } => {
            let line = match running {
                Running::Images(images) => {
                    let images = clean::inline(&images.join(", "), LISTED);
                    say!(language, "в кластере {images}", "the cluster has {images}")
                }
                Running::Replicas(count) => {
                    say!(language, "в кластере реплик: {count}", "replicas in the cluster: {count}")
                }
            };
            if overrides.is_empty() {
                return line;
            }
            let overrides = clean::inline(&overrides.join(", "), LISTED);
            say!(
                language,
                "{line}; Application сам задаёт {overrides}",
                "{line}; the Application itself sets {overrides}"
            )
        }
        Hint::WorkloadMissing => {
            let workload = clean::workload(&site.environment.workload);
            say!(
                language,
                "Argo CD применил, но Deployment {workload} не найден: проверьте workload в настройках",
                "Argo CD has applied it, but there is no Deployment {workload}: check workload in the configuration"
            )
        }
        Hint::StillThere => say!(language, "Application ещё на месте", "the Application is still there"),
        Hint::NoApplication(said) => say!(
            language,
            "{said}: есть ли ApplicationSet, который делает Application из папки?",
            "{said}: is there an ApplicationSet that makes it of the folder?"
        ),
        Hint::Message(message) => message.clone(),
    }
}
