//! The tags that the sandbox's registry starts with.

use jiff::{SignedDuration, Timestamp};

use super::{Registry, image::Image};

/// The image of the template repository's application.
pub const REPOSITORY: &str = "team/oil-refinery-application";

/// Name, age in hours, and size in kilobytes.
const TAGS: [(&str, i64, u64); 26] = [
    ("0.9.0", 4130, 41_870),
    ("0.9.1", 3985, 41_902),
    ("0.9.2", 3770, 42_011),
    ("0.9.3", 3540, 42_395),
    ("0.9.4", 3205, 42_377),
    ("0.9.5", 2893, 43_120),
    ("0.9.6", 2526, 43_144),
    ("0.9.7", 2191, 43_150),
    ("0.10.0-rc.1", 1908, 46_512),
    ("0.10.0", 1790, 46_530),
    ("0.10.1", 1511, 46_533),
    ("0.10.2", 1190, 46_790),
    ("0.10.3-broken", 870, 46_802),
    ("0.10.3", 846, 46_811),
    ("0.10.4", 506, 46_954),
    ("0.10.5", 27, 47_103),
    ("0.10.6", 3, 47_118),
    ("develop", 2, 47_960),
    ("feature-pressure-alarms", 52, 47_544),
    ("feature-tank-forecast", 410, 52_208),
    ("fix-valve-timeout", 150, 47_001),
    ("latest", 3, 47_118),
    ("main", 3, 47_118),
    ("main-8c1f02ad", 27, 47_103),
    ("main-d3b07384", 3, 47_118),
    ("renovate-base-image", 95, 44_871),
];

/// Fills a registry.
pub(super) fn fill(registry: &Registry, now: Timestamp) {
    for (index, (tag, hours, kilobytes)) in (0_i64..).zip(TAGS) {
        let age = SignedDuration::from_secs(hours * 3600 + index * 97);
        let (created_at, size) = (now.checked_sub(age).unwrap_or(now), kilobytes * 1024 + 317);
        // One tag is an index, as newer builders push it.
        let build = if tag == "develop" { Image::indexed } else { Image::build };
        let image = build(REPOSITORY, tag, created_at, size);
        let published_at = created_at.checked_add(SignedDuration::from_secs(140)).unwrap_or(created_at);
        registry.add(REPOSITORY, tag, Image { published_at, ..image });
    }
}
