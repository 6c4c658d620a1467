//! What a remote prints, gathered piece by piece: pieces end anywhere, also within a letter.

/// Printed bytes, up to a bound.
#[derive(Debug, Default, Clone)]
pub(super) struct Words(Vec<u8>);

impl Words {
    /// Adds a piece; what goes beyond `most` bytes is dropped.
    pub(super) fn add(&mut self, piece: &[u8], most: usize) {
        let room = most.saturating_sub(self.0.len());
        self.0.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// All of it as a text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_survive_any_cut() {
        let text = "Ветка защищена €🚫";
        for size in 1..text.len() {
            let mut words = Words::default();
            text.as_bytes().chunks(size).for_each(|piece| words.add(piece, 1_000));
            assert_eq!(words.text(), text);
        }
        let mut words = Words::default();
        (0..3).for_each(|_| words.add(b"abcd", 6));
        assert_eq!(words.text(), "abcdab");
    }
}
