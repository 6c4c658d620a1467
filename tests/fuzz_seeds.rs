//! The inputs that fuzzing starts from, and what it has found: each is carried out once more. See `tests/fuzz`.

#[path = "fuzz/src/ask.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz targets")]
mod ask;
#[path = "fuzz/src/model.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz targets")]
mod model;
#[path = "fuzz/src/oracle.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz targets")]
mod oracle;
#[path = "fuzz/src/replay.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz targets")]
mod replay;

use std::{fs, path::Path};

#[test]
fn every_seed_holds_what_is_asked_of_every_input() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/edit");
    let (mut seeds, mut edited) = (0, 0);
    for entry in fs::read_dir(folder).expect("the seeds") {
        let input = fs::read(entry.expect("an entry").path()).expect("a seed");
        seeds += 1;
        edited += usize::from(replay::replay(&input).is_some());
    }
    // Seeds that the editor refuses show that it stands them; most have to show an edit.
    assert!(edited * 3 > seeds * 2, "only {edited} of {seeds} seeds were edited");
}
