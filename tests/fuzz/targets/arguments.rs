//! What people type: key paths, images and counts are read or refused, never with a panic.
#![no_main]

use tiphys::{
    domain::{image::ImageArgument, replicas::ReplicasArgument},
    manifest::key_path::KeyPath,
};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(path) = KeyPath::parse(text) {
        assert_eq!(KeyPath::parse(&path.to_string()).as_ref(), Ok(&path));
    }
    let _ = ImageArgument::parse(text);
    let _ = ReplicasArgument::parse(text);
});
