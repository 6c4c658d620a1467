//! Values and pure functions: what an application, a command, a plan and a rollout are.

pub mod actor;
pub mod answer;
pub mod catalogue;
pub mod command;
pub mod commit;
pub mod describe;
pub mod edit;
pub mod event;
pub mod image;
pub mod language;
pub mod log;
pub mod mask;
pub mod name;
pub mod nearest;
pub mod node;
pub mod observation;
pub mod pipeline;
pub mod plan;
pub mod pod;
pub mod policy;
pub mod position;
pub mod replicas;
pub mod rollout;
pub mod snapshot;
pub mod unanswered;
pub mod version;
