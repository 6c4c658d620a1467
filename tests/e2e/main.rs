//! The main job against remotes as they are in production: HTTPS with a private CA and a token, and SSH. Both fronts are
//! the real program.
#![cfg(feature = "sandbox")]

#[path = "../common/cgi.rs"]
#[expect(dead_code, reason = "only its certificates are needed here")]
mod cgi;
#[path = "../common/ground.rs"]
mod ground;
mod https;
mod job;
#[path = "../common/nginx.rs"]
mod nginx;
#[path = "../common/playbill.rs"]
#[expect(dead_code, reason = "the scenarios use more of it")]
mod playbill;
mod ssh;
#[path = "../common/sshd.rs"]
#[expect(dead_code, reason = "the tests of the git adapter use more of it")]
mod sshd;
