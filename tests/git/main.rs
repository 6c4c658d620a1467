//! The git adapter against real repositories and real servers.

#[cfg(feature = "sandbox")]
mod between;
#[cfg(feature = "sandbox")]
mod branches;
#[cfg(feature = "sandbox")]
mod cable;
#[cfg(feature = "sandbox")]
#[path = "../common/cgi.rs"]
mod cgi;
mod damage;
mod files;
#[path = "../common/ground.rs"]
mod ground;
#[cfg(feature = "sandbox")]
mod http;
#[cfg(feature = "sandbox")]
mod nginx;
#[cfg(feature = "sandbox")]
mod oddities;
mod path;
mod processes;
#[cfg(feature = "sandbox")]
#[path = "../common/nginx.rs"]
mod server;
#[cfg(feature = "sandbox")]
mod shallow;
mod signing;
mod ssh;
#[path = "../common/sshd.rs"]
mod sshd;
mod support;
#[cfg(feature = "sandbox")]
mod troubles;
