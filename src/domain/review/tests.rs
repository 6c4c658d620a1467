//! Names and their bounds, faulty rules, and the text of an overlay.

use insta::assert_snapshot;

use super::*;

fn rules() -> ReviewRules {
    ReviewRules {
        application: ApplicationName::new("shop").expect("valid"),
        image: ImageName::new("registry.example.org/team/shop").expect("valid"),
        repository: RepositoryBranch::default(),
        templates: Templates {
            path: "apps/shop/review/{name}".into(),
            namespace: "shop-review-{name}".into(),
            argocd: "shop-review-{name}".into(),
            name_suffix: None,
        },
        base: "../../base".into(),
        workload: "shop".into(),
        argocd_namespace: "argocd".into(),
        max: 3,
    }
}

fn site(rules: &ReviewRules, name: &str) -> Site {
    rules.site(&EnvironmentName::new(name).expect("a name"))
}

/// What names an environment gets.
fn names(site: &Site) -> [&str; 5] {
    let environment = &site.environment;
    [
        environment.name.as_str(),
        environment.path.as_str(),
        &environment.workload.namespace,
        &environment.workload.name,
        &environment.argocd.name,
    ]
}

#[test]
fn a_short_name_stays_as_it_is() {
    let rules = rules();
    rules.check().expect("good rules");
    let site = site(&rules, "feature-x");
    let expected =
        ["review-feature-x", "apps/shop/review/feature-x", "shop-review-feature-x", "shop", "shop-review-feature-x"];
    assert_eq!(names(&site), expected);
    assert!(site.is_review());
}

#[test]
fn a_long_name_is_shortened_the_same_way_everywhere() {
    let rules = rules();
    // With 51 characters the namespace has 63.
    let fits = "a".repeat(51);
    assert_eq!(site(&rules, &fits).environment.workload.namespace.len(), 63);
    assert!(names(&site(&rules, &fits))[1].ends_with(&fits));

    let long = "a".repeat(52);
    let site_of = |name: &str| site(&rules, name);
    let (one, again) = (site_of(&long), site_of(&long));
    assert_eq!(one, again, "the next process calls it the same");
    let short = names(&one)[1].strip_prefix("apps/shop/review/").expect("a folder").to_owned();
    assert_eq!(short, format!("{}-6c1b3dc7", "a".repeat(42)));
    assert_eq!(names(&one)[0], format!("review-{short}"));
    assert_eq!(names(&one)[2], format!("shop-review-{short}"));
    let other = site_of(&format!("{}b", "a".repeat(51)));
    assert_ne!(names(&other)[1], names(&one)[1], "only the last character differs");
    // No hyphen stands before the digest's own.
    let hyphens = site_of(&format!("{}---{}", "a".repeat(40), "b".repeat(15)));
    assert!(names(&hyphens)[1].contains(&format!("/{}-", "a".repeat(40))), "{:?}", names(&hyphens));
    assert!(!names(&hyphens)[1].contains("--"));
    for length in 1..=63 {
        let site = site_of(&"x".repeat(length));
        assert!(names(&site).iter().all(|name| name.rsplit('/').next().expect("a part").len() <= 63), "{length}");
    }
}

#[test]
fn the_narrowest_template_decides() {
    let mut rules = rules();
    rules.templates.argocd = format!("{}-{{name}}", "x".repeat(50));
    rules.check().expect("12 characters are left");
    let site = site(&rules, "feature-branch");
    assert_eq!(names(&site)[4].len(), 63);
    assert!(names(&site)[2].starts_with("shop-review-fea-"), "{:?}", names(&site));
    assert_eq!(names(&site)[2].len(), "shop-review-".len() + 12);
}

#[test]
fn environments_may_share_a_namespace() {
    let mut rules = rules();
    rules.templates.namespace = "reviews".into();
    rules.templates.name_suffix = Some("-{name}".into());
    rules.check().expect("good rules");
    let site = site(&rules, "x");
    assert_eq!(names(&site)[2..4], ["reviews", "shop-x"]);
    let Manifests::Review(review) = &site.environment.manifests else { panic!("a review environment") };
    assert_snapshot!(overlay(&site, review), @r#"
    # Review environment x of shop, made by tiphys.
    # It goes by: tiphys review remove x --application shop
    apiVersion: kustomize.config.k8s.io/v1beta1
    kind: Kustomization
    namespace: "reviews"
    nameSuffix: "-x"

    resources:
      - ../../base

    labels:
      - pairs:
          tiphys/review: "x"
        includeSelectors: true
    "#);
}

#[test]
fn what_a_reader_could_take_for_something_else_is_quoted() {
    for bare in ["../../base", "feature-x", "shop-review-1", "a/b"] {
        assert_eq!(quoted(bare), bare);
    }
    for text in ["123", "0x1f", "1e5", "2026-11-21", "on", "null", "true", "y", "-x", "~", "x: y", "a#b", "1-2", ".5"] {
        assert_eq!(quoted(text), format!("\"{text}\""));
    }
}

#[test]
fn rules_that_cannot_work_are_faults() {
    let fault = |change: &dyn Fn(&mut ReviewRules)| {
        let mut rules = rules();
        change(&mut rules);
        rules.check().expect_err("a fault").to_string()
    };
    let path = |text: &'static str| fault(&move |rules| rules.templates.path = text.into());
    for text in ["apps/review", "apps/{name}/x", "{name}", "apps/{name}/{name}", "apps/x-{name}"] {
        assert_eq!(path(text), "Path: must end in /{name} and have it there only", "{text}");
    }
    for text in ["/apps/{name}", "../apps/{name}", "apps//{name}", ".git/{name}"] {
        assert_eq!(path(text), "Path: must be a relative path inside the repository", "{text}");
    }
    let base = |text: &'static str| fault(&move |rules| rules.base = text.into());
    assert!(base("../../../../../x").starts_with("Base: leads out of the repository"));
    for text in [".", "..", "x", "../../..", "../other"] {
        assert!(base(text).starts_with("Base: must lead to a folder outside"), "{text}: {}", base(text));
    }
    let namespace = |text: &'static str| fault(&move |rules| rules.templates.namespace = text.into());
    assert!(namespace("shared").contains("unless \"name_suffix\""));
    assert_eq!(namespace("{name}{name}"), "Namespace: must have {name} in it, once");
    for text in ["Shop-{name}", "a.{name}", "-{name}", "{name}-"] {
        assert_eq!(namespace(text), "Namespace: must be a name (a-z, 0-9 and -) with {name} in it", "{text}");
    }
    assert_eq!(fault(&|rules| rules.templates.argocd = "shop".into()), "Argocd: must have {name} in it, once");
    assert!(fault(&|rules| rules.templates.argocd = format!("{}{{name}}", "x".repeat(52))).contains("no room"));
    assert!(fault(&|rules| rules.templates.name_suffix = Some("x".into())).contains("NameSuffix: must have {name}"));
}

#[test]
fn a_marker_is_read_back() {
    let (rules, name) = (rules(), "feature-x");
    let site = site(&rules, name);
    let Manifests::Review(review) = &site.environment.manifests else { panic!("a review environment") };
    let text = overlay(&site, review);
    let marker = Marker::read(text.as_bytes()).expect("ours");
    assert_eq!((marker.name, marker.application), (name, "shop"));
    let crlf = text.replace('\n', "\r\n");
    assert!(Marker::read(crlf.as_bytes()).is_some(), "an editor has changed the line ends");
    for other in ["", "resources: []\n", "# Review environment x\n", "\n# Review environment x of y, made by tiphys.\n"]
    {
        assert!(Marker::read(other.as_bytes()).is_none(), "{other}");
    }
    assert!(Marker::read(b"# Review \xff environment").is_none());
}

#[test]
fn the_application_may_be_left_out_when_there_is_one() {
    let one = [rules()];
    assert_eq!(rules_of(&one, None), Ok(&one[0]));
    assert_eq!(rules_of(&one, Some("shop")), Ok(&one[0]));
    assert!(matches!(rules_of(&one, Some("x")), Err(ResolveError::NoReviews { application: Some(_) })));
    assert!(matches!(rules_of(&[], None), Err(ResolveError::NoReviews { application: None })));
    let two = [rules(), ReviewRules { application: ApplicationName::new("oil").expect("valid"), ..rules() }];
    assert!(matches!(rules_of(&two, None), Err(ResolveError::ApplicationNeeded { available }) if available.len() == 2));
}
