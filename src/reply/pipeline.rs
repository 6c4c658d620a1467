//! The line about a pipeline. Others read it by its form, so it is the same in every language.

use super::{clean, compose::Text, message::Message};
use crate::domain::pipeline::{Pipeline, PipelineEvent};

/// The longest branch's name; git servers end at 255 bytes.
const BRANCH: usize = 255;
/// The longest number and time; anything longer isn't one.
const WORD: usize = 64;

/// `Пайплайн {number} {time of creation} {branch} {создан|завершен успешно|завершен неуспешно}`, in one line with single
/// spaces. The branch's name is in code: there no client makes a link or a mention of it.
#[must_use]
pub fn pipeline_line(pipeline: &Pipeline, event: PipelineEvent) -> Message {
    let number = clean::inline(&pipeline.number, WORD);
    let time = clean::inline(&pipeline.created_at, WORD);
    let end = match event {
        PipelineEvent::Created => "создан",
        PipelineEvent::Succeeded => "завершен успешно",
        PipelineEvent::Failed => "завершен неуспешно",
    };
    Text::new()
        .plain(format!("Пайплайн {number} {time} "))
        .code(clean::inline(&pipeline.branch, BRANCH))
        .plain(format!(" {end}"))
        .build()
}
