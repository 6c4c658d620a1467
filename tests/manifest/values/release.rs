//! HelmReleases of Flux.

use tiphys::manifest::{
    helm::Host,
    value::NewValue::{self, Integer, String},
};

use super::{
    cases::{Case, case},
    check,
};

const TAG: &str = "image.tag";
const V2: NewValue<'_> = String("v2");

macro_rules! release {
    ($($text:expr),*) => {
        concat!("---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: app\n  namespace: app\nspec:\n  interval: 5m\n  chart:\n    spec:\n      chart: app\n", $($text),*)
    };
}

/// Pairs.
pub(crate) const CASES: &[Case] = &[
    case(
        "inline",
        TAG,
        V2,
        release!("  values:\n    image:\n      tag: «v1|v2» # {\"$imagepolicy\": \"flux-system:app:tag\"}\n"),
    ),
    case(
        "inline beside values from the cluster",
        TAG,
        V2,
        release!("  valuesFrom:\n    - kind: ConfigMap\n      name: app\n  values:\n    image:\n      tag: «v1|v2»\n"),
    ),
    case("in braces", "replicaCount", Integer(3), release!("  values: {replicaCount: «2|3»}\n")),
    case(
        "put in",
        TAG,
        V2,
        release!("  values:\n    image:\n      repository: a/b\n«|      tag: v2\n»    service: {}\n"),
    ),
    case("no values yet", TAG, V2, release!("«|  values:\n    image:\n      tag: v2\n»")),
    case("empty values", TAG, V2, release!("  values:« {}|\n    image:\n      tag: v2»\n")),
    case(
        "CRLF without a final newline",
        TAG,
        V2,
        "apiVersion: helm.toolkit.fluxcd.io/v2beta2\r\nkind: HelmRelease\r\nspec:\r\n  values:\r\n    image:\r\n      tag: '«v1|v2»'",
    ),
    case(
        "of the first Flux",
        TAG,
        V2,
        "apiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\nspec:\n  values:\n    image:\n      tag: «v1|v2»\n",
    ),
    case("an empty list of sources", TAG, V2, release!("  valuesFrom: []\n«|  values:\n    image:\n      tag: v2\n»")),
];

#[test]
fn releases() {
    check(&Host::HelmRelease { name: None }, CASES);
}
