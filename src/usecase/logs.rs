//! `/get_logs`: the end of a container's log, never more of it than a bounded number of bytes.

use super::service::Service;
use crate::{
    domain::{
        answer::Answer,
        command::{CommandName, LogAsked},
        log::{BYTES, LINES, LogQuestion, LogRead, LogReport, readable},
        pod::{ContainerReport, Pod, PodName, PodUnclear, ending},
        unanswered::Unanswered,
    },
    ports::Pods,
};

/// Fewer and fewer lines, for logs whose last lines are longer than what may be read: the end matters most, and the
/// server leaves out the end when it is too much.
const FEWER: [usize; 4] = [LINES, 8, 2, 1];

impl Service {
    pub(super) async fn logs(&self, asked: &LogAsked) -> Answer {
        let pod = match self.find_pod(&asked.pod).await {
            Ok(pod) => pod,
            Err(unclear) => return unclear_pod(asked, unclear),
        };
        let now = self.0.clock.now();
        let name = PodName { namespace: pod.namespace.clone(), name: pod.name.clone() };
        let Some(container) = container(&pod, asked.container.as_deref()) else {
            return Answer::ContainerNeeded {
                pod: name,
                given: asked.container.clone(),
                containers: ContainerReport::all(&pod, now),
                previous: asked.previous,
            };
        };
        let question = LogQuestion {
            pod: name.clone(),
            container: container.clone(),
            previous: asked.previous,
            lines: LINES,
            bytes: BYTES,
        };
        let read = match self.port_of_pods() {
            Ok(pods) => read(pods.as_ref(), question).await,
            Err(silence) => Err(silence),
        };
        let status = pod.status_of(&container);
        let mut report = LogReport {
            pod: name,
            others: pod.running_containers().map(|one| one.name.clone()).filter(|one| *one != container).collect(),
            crashed: status.and_then(|status| status.last.as_ref()).map(|end| ending(end, now)),
            container,
            chosen: asked.container.is_some(),
            previous: asked.previous,
            lines: Vec::new(),
            cut: false,
            masked: 0,
            not_there: None,
        };
        match read {
            Ok(LogRead::Bytes { bytes, cut }) => {
                (report.lines, report.masked) = readable(&bytes, &self.0.settings.mask);
                report.cut = cut;
            }
            Ok(LogRead::NotThere(mut words)) => {
                self.mask(&mut words);
                report.not_there = Some(words);
            }
            Ok(LogRead::NoPod) => {
                let namespaces = vec![report.pod.namespace];
                return unclear_pod(asked, PodUnclear::Unknown { nearest: Vec::new(), namespaces });
            }
            Err(silence) => return unclear_pod(asked, PodUnclear::Unanswered(silence)),
        }
        Answer::Log(Box::new(report))
    }
}

/// Reads the last lines, fewer when they are too much.
async fn read(pods: &dyn Pods, mut question: LogQuestion) -> Result<LogRead, Unanswered> {
    let mut last = LogRead::NoPod;
    for lines in FEWER {
        question.lines = lines;
        last = pods.log(&question).await?;
        if !matches!(last, LogRead::Bytes { cut: true, .. }) {
            // That fewer lines are shown than there are is told as well.
            return Ok(match last {
                LogRead::Bytes { bytes, .. } => LogRead::Bytes { bytes, cut: lines < LINES },
                other => other,
            });
        }
    }
    Ok(last)
}

/// The container whose log is meant: the one named (perhaps shortened), the only one, or the one that the pod's annotation
/// names. `None` when one has to be chosen.
fn container(pod: &Pod, asked: Option<&str>) -> Option<String> {
    let all = || pod.containers.iter().chain(&pod.init_containers).map(|container| container.name.as_str());
    if let Some(asked) = asked {
        let mut beginning = all().filter(|name| name.starts_with(asked));
        let only = match (beginning.next(), beginning.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        return all().find(|name| *name == asked).or(only).map(str::to_owned);
    }
    match pod.containers.as_slice() {
        [only] => Some(only.name.clone()),
        _ => pod.default_container.clone().filter(|name| all().any(|known| known == name)),
    }
}

fn unclear_pod(asked: &LogAsked, reason: PodUnclear) -> Answer {
    let mut rest = asked.container.iter().map(String::as_str).collect::<Vec<_>>();
    if asked.previous {
        rest.push("previous");
    }
    let rest = rest.into_iter().map(str::to_owned).collect();
    Answer::PodUnclear { asked: asked.pod.clone(), command: CommandName::GetLogs, rest, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pod::Container;

    #[test]
    fn the_container_is_the_one_that_is_meant() {
        let named = |name: &str| Container { name: name.into(), ..Container::default() };
        let one = Pod { containers: vec![named("app")], init_containers: vec![named("migrate")], ..Pod::default() };
        let two = Pod { containers: vec![named("app"), named("proxy"), named("proxy-2")], ..one.clone() };
        let default = Pod { default_container: Some("proxy".into()), ..two.clone() };
        let wrong = Pod { default_container: Some("gone".into()), ..two.clone() };
        for (pod, asked, expected) in [
            (&one, None, Some("app")),
            (&one, Some("migrate"), Some("migrate")),
            (&one, Some("mig"), Some("migrate")),
            (&one, Some("nosuch"), None),
            (&two, None, None),
            (&two, Some("proxy"), Some("proxy")),
            (&two, Some("prox"), None),
            (&default, None, Some("proxy")),
            (&wrong, None, None),
        ] {
            assert_eq!(container(pod, asked).as_deref(), expected, "{asked:?}");
        }
    }
}
