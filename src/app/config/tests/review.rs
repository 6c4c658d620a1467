//! Review environments in a file: what is accepted, and every fault with its place.

use insta::assert_snapshot;

use super::{SMALL, all_warnings, faults, read};

const REVIEW: &str = "    review:
      path: apps/review/{name}
      base: ../../base
      namespace: team-review-{name}
      workload: app
      argocd: { name: app-review-{name} }
";

fn with(from: &str, to: &str) -> String {
    assert_eq!(REVIEW.matches(from).count(), 1, "{from}");
    format!("{SMALL}{}", REVIEW.replace(from, to))
        .replace("argocd: { name: app-review-{name} }", "argocd: { name: 'app-review-{name}' }")
}

#[test]
fn a_section_is_accepted() {
    let config = read(&with("workload: app", "workload: app")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(all_warnings(&config).to_string(), "");
    let [rules] = config.reviews.as_slice() else { panic!("one application has them") };
    assert_eq!((rules.max, rules.argocd_namespace.as_str()), (10, "argocd"));
    let site = rules.site(&"feature-x".parse().expect("a name"));
    assert_eq!(site.label(), "app/review-feature-x");
    assert_eq!(site.environment.path.as_str(), "apps/review/feature-x");
    assert_eq!(site.environment.argocd.name, "app-review-feature-x");
    assert!(config.repositories.contains_key(&site.environment.repository));
    assert!(read(SMALL).expect("good").reviews.is_empty());
}

#[test]
fn overlays_may_be_in_a_repository_of_their_own() {
    let text = with("workload: app", "workload: app\n      repository: previews\n      branch: next");
    let text = text.replace("registry:", "repositories: { previews: { url: /srv/previews.git } }\nregistry:");
    let config = read(&text).unwrap_or_else(|faults| panic!("{faults}"));
    let key = &config.reviews[0].repository;
    assert_eq!(key.to_string(), "previews (next)");
    assert_eq!(config.repositories[key].branch, "next");
    assert_eq!(config.repositories.len(), 2);
}

#[test]
fn faults_have_their_places() {
    assert_snapshot!(faults(&with("apps/review/{name}", "apps/review")), @r#"tiphys.yaml:15:13: "path" must end in /{name} and have it there only"#);
    assert_snapshot!(faults(&with("../../base", "../../../../base")), @r#"tiphys.yaml:16:13: "base" leads out of the repository, as seen from the folder "apps/review/{name}""#);
    assert_snapshot!(faults(&with("team-review-{name}", "team")), @r#"tiphys.yaml:17:18: "namespace" must have {name} in it, unless "name_suffix" tells the environments apart"#);
    assert_snapshot!(faults(&with("workload: app", "max: 0\n      repository: nosuch\n      workloads: app")), @r#"
    tiphys.yaml:15:7: missing key "workload" in "applications[0].review"
    tiphys.yaml:18:12: "applications[0].review.max" must be at least 1
    tiphys.yaml:19:19: there is no repository "nosuch"; "repositories" has none
    tiphys.yaml:20:7: unknown key "workloads"; did you mean "workload"?
    "#);
    let named = with("workload: app", "workload: app").replace("- name: prod", "- name: review-prod");
    assert_snapshot!(faults(&named), @"tiphys.yaml:10:15: names that begin with review- are those of review environments");
}
