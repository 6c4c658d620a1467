//! The files of the page, built into the binary.

/// A file and how it is served.
pub(super) struct Asset {
    name: &'static str,
    pub(super) content_type: &'static str,
    pub(super) text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! asset {
    ($name:literal, $content_type:expr) => {
        Asset { name: $name, content_type: $content_type, text: include_str!(concat!("assets/", $name)) }
    };
}

/// The page itself.
pub(super) static INDEX: &Asset = &asset!("index.html", HTML);

static ASSETS: &[Asset] = &[
    asset!("page.css", CSS),
    asset!("chat.css", CSS),
    asset!("world.css", CSS),
    asset!("main.js", JAVASCRIPT),
    asset!("connection.js", JAVASCRIPT),
    asset!("dom.js", JAVASCRIPT),
    asset!("words.js", JAVASCRIPT),
    asset!("markup.js", JAVASCRIPT),
    asset!("chat.js", JAVASCRIPT),
    asset!("composer.js", JAVASCRIPT),
    asset!("cluster.js", JAVASCRIPT),
    asset!("repository.js", JAVASCRIPT),
    asset!("diff.js", JAVASCRIPT),
    asset!("wheel.svg", SVG),
    asset!("waves.svg", SVG),
];

/// The file of that name.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}
