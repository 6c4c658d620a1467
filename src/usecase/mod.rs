//! Orchestration: from a request to a settled command and a followed rollout. Knows ports and the domain, no adapter.

mod ancestry;
mod check;
mod containers;
mod courtesy;
mod describe;
mod events;
mod fetches;
mod find_pod;
mod follow;
mod logs;
mod mutation;
mod nodes;
mod order;
mod pods;
mod publish;
mod query;
mod repositories;
mod request;
mod resume;
mod service;
mod standing;

pub use follow::FollowSettings;
pub use publish::PublishSettings;
pub use repositories::RepositoryPort;
pub use request::{Handling, Input, Request, Settled};
pub use service::{Ports, Service, ServiceSettings};
