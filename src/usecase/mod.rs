//! Orchestration: from a request to a settled command and a followed rollout. Knows ports and the domain, no adapter.
