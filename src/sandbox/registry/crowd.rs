//! Images with very many tags.

use jiff::{SignedDuration, Timestamp};

use super::{Registry, image::Image};

impl Registry {
    /// Pushes so many tags, one every twenty minutes until an hour ago: versions, and now and then a branch's commit.
    pub fn crowd(&self, repository: &str, tags: usize) {
        let now = Timestamp::now();
        let mut state = self.lock();
        for index in 0..tags {
            let (major, minor, patch) = (1 + index / 400, index / 20 % 20, index % 20);
            let tag = match index % 10 {
                9 => format!("main-{:08x}", index.wrapping_mul(0x9e37_79b1) & 0xffff_ffff),
                _ => format!("{major}.{minor}.{patch}"),
            };
            let minutes = 60 + 20 * (tags - index) as i64;
            let at = |minutes| now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(now);
            let size = 40_000_000 + 1_013 * index as u64;
            let build = if index % 3 == 2 { Image::indexed } else { Image::build };
            let image = build(repository, &tag, at(minutes), size);
            state.add(repository, &tag, Image { published_at: at(minutes - 2), ..image });
        }
        drop(state);
        self.changes.send_modify(|count| *count += 1);
    }
}
