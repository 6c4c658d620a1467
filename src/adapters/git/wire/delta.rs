//! Deltas of git packs: how to make one object out of another (gitformat-pack, "deltified representation").
//!
//! Manifests and trees change in a few places, so what both objects have at their start and end is found first; only what
//! is left between goes through an index of the base's blocks.

/// Blocks of the base are looked up by so many bytes.
const BLOCK: usize = 16;
/// The most that one copy instruction takes, as git's own packs have it.
const MAX_COPY: usize = 0x1_0000;
/// The most that one insert instruction takes.
const MAX_INSERT: usize = 127;
/// Factor of the rolling hash.
const FACTOR: u32 = 0x9E37_79B1;

/// The delta that makes `target` out of `base`; `None` when that would not be much smaller than the target itself.
pub(in crate::adapters::git) fn between(base: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    if u32::try_from(base.len()).is_err() || u32::try_from(target.len()).is_err() {
        return None;
    }
    let mut delta = Delta { out: Vec::with_capacity(64), limit: target.len() / 2 };
    delta.size(base.len());
    delta.size(target.len());
    let prefix = common_start(base, target);
    let suffix = common_end(&base[prefix..], &target[prefix..]);
    delta.copy(0, prefix)?;
    delta.middle(&base[prefix..base.len() - suffix], prefix, &target[prefix..target.len() - suffix])?;
    delta.copy(base.len() - suffix, suffix)?;
    Some(delta.out)
}

/// Carries a delta out; `None` when it isn't one of this base's.
pub(in crate::adapters::git) fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta;
    let (from, to) = (take_size(&mut rest)?, take_size(&mut rest)?);
    if from != base.len() {
        return None;
    }
    let mut target = Vec::with_capacity(to);
    while let Some((&head, after)) = rest.split_first() {
        rest = after;
        if head & 0x80 == 0 {
            let (new, after) = rest.split_at_checked(usize::from(head))?;
            target.extend_from_slice(new);
            rest = after;
            continue;
        }
        let mut number = [0_u8; 8];
        for (bit, byte) in [0, 1, 2, 3, 4, 5, 6].into_iter().zip(&mut number) {
            if head & 1 << bit != 0 {
                let (&next, after) = rest.split_first()?;
                (*byte, rest) = (next, after);
            }
        }
        let number = u64::from_le_bytes(number);
        let (offset, length) = ((number & 0xffff_ffff) as usize, (number >> 32) as usize);
        let length = if length == 0 { MAX_COPY } else { length };
        target.extend_from_slice(base.get(offset..offset.checked_add(length)?)?);
    }
    (target.len() == to).then_some(target)
}

fn take_size(rest: &mut &[u8]) -> Option<usize> {
    let (mut size, mut shift) = (0_usize, 0);
    loop {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        size |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
}

/// Whole blocks are compared first: big trees are all but equal.
const STRIDE: usize = 256;

fn common_start(ours: &[u8], theirs: &[u8]) -> usize {
    let blocks = ours.chunks_exact(STRIDE).zip(theirs.chunks_exact(STRIDE));
    let same = blocks.take_while(|(a, b)| a == b).count() * STRIDE;
    same + common(ours[same..].iter(), theirs[same..].iter())
}

fn common_end(ours: &[u8], theirs: &[u8]) -> usize {
    let blocks = ours.rchunks_exact(STRIDE).zip(theirs.rchunks_exact(STRIDE));
    let same = blocks.take_while(|(a, b)| a == b).count() * STRIDE;
    same + common(ours[..ours.len() - same].iter().rev(), theirs[..theirs.len() - same].iter().rev())
}

fn common<'a>(ours: impl Iterator<Item = &'a u8>, theirs: impl Iterator<Item = &'a u8>) -> usize {
    ours.zip(theirs).take_while(|(a, b)| a == b).count()
}

/// The instructions so far.
struct Delta {
    out: Vec<u8>,
    /// A delta longer than this isn't worth it.
    limit: usize,
}

impl Delta {
    /// A size of the head: seven bits a byte, the lowest first.
    fn size(&mut self, mut size: usize) {
        while size >= 0x80 {
            self.out.push((size & 0x7f) as u8 | 0x80);
            size >>= 7;
        }
        self.out.push(size as u8);
    }

    /// What lies between the common start and end; `offset` is where this part of the base begins.
    fn middle(&mut self, base: &[u8], offset: usize, target: &[u8]) -> Option<()> {
        if base.len() < BLOCK || target.len() < BLOCK {
            return self.insert(target);
        }
        let index = Index::new(base);
        let (mut at, mut pending) = (0, 0);
        let mut hash = Hash::of(&target[..BLOCK]);
        while at + BLOCK <= target.len() {
            let Some(found) = index.find(hash, base, &target[at..at + BLOCK]) else {
                if let Some(next) = target.get(at + BLOCK) {
                    hash.roll(target[at], *next);
                }
                at += 1;
                continue;
            };
            let back = common(base[..found].iter().rev(), target[pending..at].iter().rev());
            let forth = common(base[found..].iter(), target[at..].iter());
            self.insert(&target[pending..at - back])?;
            self.copy(offset + found - back, back + forth)?;
            at += forth;
            pending = at;
            if let Some(block) = target.get(at..at + BLOCK) {
                hash = Hash::of(block);
            }
        }
        self.insert(&target[pending..])
    }

    fn insert(&mut self, bytes: &[u8]) -> Option<()> {
        for part in bytes.chunks(MAX_INSERT) {
            self.out.push(part.len() as u8);
            self.out.extend_from_slice(part);
        }
        self.is_worth_it()
    }

    /// The bytes of the offset and of the size that aren't zero, after a byte that tells which.
    fn copy(&mut self, mut from: usize, mut length: usize) -> Option<()> {
        while length > 0 {
            let part = length.min(MAX_COPY);
            let head = self.out.len();
            self.out.push(0x80);
            // A size of 0x10000 is written as none.
            let size = if part == MAX_COPY { 0 } else { part };
            for (bit, byte) in (from as u32).to_le_bytes().into_iter().chain((size as u32).to_le_bytes()).enumerate() {
                if byte != 0 {
                    self.out[head] |= 1 << bit;
                    self.out.push(byte);
                }
            }
            from += part;
            length -= part;
        }
        self.is_worth_it()
    }

    fn is_worth_it(&self) -> Option<()> {
        (self.out.len() <= self.limit).then_some(())
    }
}

/// A rolling hash of one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hash(u32);

impl Hash {
    fn of(block: &[u8]) -> Self {
        Self(block.iter().fold(0, |hash: u32, byte| hash.wrapping_mul(FACTOR).wrapping_add(u32::from(*byte))))
    }

    /// Leaves the block's first byte out and takes the next one in.
    fn roll(&mut self, first: u8, next: u8) {
        const OLDEST: u32 = FACTOR.wrapping_pow(BLOCK as u32);
        let hash = self.0.wrapping_mul(FACTOR).wrapping_add(u32::from(next));
        self.0 = hash.wrapping_sub(OLDEST.wrapping_mul(u32::from(first)));
    }
}

/// Where the base's blocks are; of equal ones the first.
struct Index {
    /// Offsets, plus one; zero is a free slot.
    slots: Vec<u32>,
    shift: u32,
}

impl Index {
    fn new(base: &[u8]) -> Self {
        let size = (base.len() / BLOCK * 2).next_power_of_two().max(4);
        let mut index = Self { slots: vec![0; size], shift: 32 - size.trailing_zeros() };
        for (number, block) in base.chunks_exact(BLOCK).enumerate() {
            let slot = index.slot(Hash::of(block));
            if index.slots[slot] == 0 {
                index.slots[slot] = (number * BLOCK) as u32 + 1;
            }
        }
        index
    }

    fn find(&self, hash: Hash, base: &[u8], block: &[u8]) -> Option<usize> {
        let found = self.slots[self.slot(hash)].checked_sub(1)? as usize;
        (base[found..found + BLOCK] == *block).then_some(found)
    }

    fn slot(&self, hash: Hash) -> usize {
        // The upper bits of a product depend on all of the factor's.
        (hash.0.wrapping_mul(FACTOR) >> self.shift) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Carries a delta out, by the format's description and not by the code above.
    fn carry_out(base: &[u8], delta: &[u8]) -> Vec<u8> {
        let mut bytes = delta.iter().copied();
        let mut size = || {
            let (mut size, mut shift) = (0_usize, 0);
            loop {
                let byte = bytes.next().expect("a size");
                size |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    return size;
                }
            }
        };
        assert_eq!(size(), base.len());
        let length = size();
        let mut result = Vec::new();
        while let Some(byte) = bytes.next() {
            assert_ne!(byte, 0, "reserved");
            if byte & 0x80 == 0 {
                result.extend(bytes.by_ref().take(usize::from(byte)));
                continue;
            }
            let mut number = |bits: std::ops::Range<u32>| {
                let from = bits.start;
                bits.filter(|bit| byte & 1 << bit != 0)
                    .fold(0_usize, |n, bit| n | usize::from(bytes.next().expect("a byte")) << (8 * (bit - from)))
            };
            let (offset, size) = (number(0..4), number(4..7));
            let size = if size == 0 { 0x1_0000 } else { size };
            result.extend_from_slice(&base[offset..offset + size]);
        }
        assert_eq!(result.len(), length);
        result
    }

    fn check(base: &[u8], target: &[u8]) -> Option<usize> {
        let delta = between(base, target)?;
        assert_eq!(carry_out(base, &delta), target);
        assert_eq!(apply(base, &delta).as_deref(), Some(target));
        assert!(delta.len() <= target.len() / 2);
        Some(delta.len())
    }

    fn noise(length: usize) -> Vec<u8> {
        (0..length as u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8 ^ (n >> 3) as u8).collect()
    }

    #[test]
    fn a_change_in_one_place_takes_a_few_bytes() {
        let base = noise(700_000);
        let mut target = base.clone();
        target[350_000..350_020].fill(7);
        assert!(check(&base, &target).is_some_and(|length| length < 120));
        assert!(check(&base, &base).is_some_and(|length| length < 90));
        target.drain(100_000..100_033);
        target.splice(600_000..600_000, noise(50));
        assert!(check(&base, &target).is_some_and(|length| length < 250), "three places");
    }

    #[test]
    fn what_has_nothing_in_common_is_no_delta() {
        assert_eq!(check(b"", b"something new that is not in the base"), None);
        assert_eq!(check(b"one", b""), None);
        assert_eq!(check(&[1; 4_000], &noise(4_000)), None);
        assert_eq!(check(b"", b""), None);
        assert!(check(&[0; 300_000], &[0; 100_000]).is_some());
    }

    #[test]
    fn what_is_no_delta_of_the_base_is_not_carried_out() {
        let base = noise(1_000);
        let delta = between(&base, &[&base[..500], b"new", &base[500..]].concat()).expect("worth it");
        assert_eq!(apply(&base[1..], &delta), None);
        (0..delta.len()).for_each(|end| assert_eq!(apply(&base, &delta[..end]), None));
        for nonsense in [&b""[..], &[0xff; 40], &[3, 3, 0x91, 9, 3], &[3, 200, 1, 0x90, 3]] {
            assert_eq!(apply(b"abc", nonsense), None);
        }
    }

    proptest! {
        #[test]
        fn any_edit_survives(
            seed in proptest::collection::vec(0_u8..4, 0..900),
            edits in proptest::collection::vec((0_usize..900, 0_usize..60, proptest::collection::vec(any::<u8>(), 0..60)), 0..6),
        ) {
            let mut target = seed.clone();
            for (at, cut, new) in edits {
                let at = at.min(target.len());
                let end = (at + cut).min(target.len());
                target.splice(at..end, new);
            }
            check(&seed, &target);
            check(&target, &seed);
        }

        #[test]
        fn any_two_texts_survive(base in ".{0,200}", target in ".{0,200}", times in 1_usize..40) {
            check(base.repeat(times).as_bytes(), target.repeat(times).as_bytes());
            check(base.as_bytes(), format!("{target}{base}{target}").as_bytes());
        }

        #[test]
        fn the_hash_rolls(bytes in proptest::collection::vec(any::<u8>(), BLOCK + 1..80)) {
            let mut hash = Hash::of(&bytes[..BLOCK]);
            for at in 1..=bytes.len() - BLOCK {
                hash.roll(bytes[at - 1], bytes[at + BLOCK - 1]);
                prop_assert_eq!(hash, Hash::of(&bytes[at..at + BLOCK]));
            }
        }
    }
}
