//! A pipeline of GitLab's, as its notices tell of it.

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// The number, `CI_PIPELINE_ID`.
    pub number: String,
    /// When it was created, as it is to be shown.
    pub created_at: String,
    /// The branch or tag that it runs for.
    pub branch: String,
}

/// What a notice tells of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipelineEvent {
    /// It was created.
    Created,
    /// All of it that counts ended well.
    Succeeded,
    /// It failed or was cancelled.
    Failed,
}
