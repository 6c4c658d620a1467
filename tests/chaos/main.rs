//! The whole bot under fire: killed at every step, and racing against others for the branch.
#![cfg(feature = "sandbox")]

#[path = "../common/cgi.rs"]
#[expect(dead_code, reason = "the tests of the git adapter use more of it")]
mod cgi;
mod dice;
#[path = "../common/ground.rs"]
#[expect(dead_code, reason = "the tests of the git adapter use more of it")]
mod ground;
mod history;
mod kill;
#[path = "../common/playbill.rs"]
#[expect(dead_code, reason = "the scenarios use more of it")]
mod playbill;
mod race;
mod relay;
#[path = "../common/sshd.rs"]
#[expect(dead_code, reason = "the tests of the git adapter use more of it")]
mod sshd;
mod stage;
