//! The git adapter against real repositories and real servers.

#[cfg(feature = "sandbox")]
mod cgi;
#[cfg(feature = "sandbox")]
mod http;
#[cfg(feature = "sandbox")]
mod nginx;
mod path;
mod ssh;
mod sshd;
mod support;
