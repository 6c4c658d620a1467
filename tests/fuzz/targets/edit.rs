//! What must hold of every edit of every text; see `replay.rs`.
#![no_main]

#[path = "../src/ask.rs"]
mod ask;
#[path = "../src/model.rs"]
mod model;
#[path = "../src/oracle.rs"]
mod oracle;
#[path = "../src/replay.rs"]
mod replay;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _ = replay::replay(input);
});
