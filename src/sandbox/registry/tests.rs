//! The registry over HTTP, without a client library.

use std::{net::SocketAddr, time::Duration};

use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;

use super::*;

const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.v2+json";

struct Scene {
    registry: Arc<Registry>,
    address: SocketAddr,
    client: Client,
    _stop: tokio_util::sync::DropGuard,
}

async fn scene(access: Access) -> Scene {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let stop = CancellationToken::new();
    let registry = Arc::new(Registry::seeded(access, Timestamp::now(), stop.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = listener.local_addr().expect("address");
    let router = registry.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let client = Client::builder().no_proxy().build().expect("client");
    Scene { registry, address, client, _stop: stop.drop_guard() }
}

impl Scene {
    fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address)).header("accept", ACCEPT)
    }

    async fn get(&self, path: &str) -> Response {
        self.request(path).send().await.expect("an answer")
    }

    async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
}

#[tokio::test]
async fn tags_are_paged_with_links() {
    let scene = scene(Access::default()).await;
    let all: Value = scene.json(&format!("/v2/{REPOSITORY}/tags/list")).await;
    let all: Vec<&str> = all["tags"].as_array().expect("tags").iter().filter_map(Value::as_str).collect();
    assert!(all.contains(&"0.10.4") && all.contains(&"0.10.6") && all.contains(&"main") && all.is_sorted());
    let mut path = format!("/v2/{REPOSITORY}/tags/list?n=7");
    let mut seen = Vec::new();
    loop {
        let response = scene.get(&path).await;
        let link = header(&response, "link").to_owned();
        let page: Value = response.json().await.expect("JSON");
        seen.extend(page["tags"].as_array().expect("tags").iter().map(|tag| tag.as_str().expect("text").to_owned()));
        if link.is_empty() {
            break;
        }
        path = link.trim_start_matches('<').split('>').next().expect("address").to_owned();
        assert!(link.ends_with("; rel=\"next\""));
    }
    assert_eq!(seen, all);
    assert_eq!(scene.get(&format!("/v2/{REPOSITORY}/tags/list?n=x")).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn manifests_and_configs_have_true_digests() {
    let scene = scene(Access::default()).await;
    for tag in ["0.10.5", "main", "develop"] {
        let response = scene.get(&format!("/v2/{REPOSITORY}/manifests/{tag}")).await;
        let (digest, kind) =
            (header(&response, "docker-content-digest").to_owned(), header(&response, "content-type").to_owned());
        assert_eq!(header(&response, "docker-distribution-api-version"), "registry/2.0");
        let mut manifest: Value = response.json().await.expect("JSON");
        assert_eq!(manifest["mediaType"], kind);
        let by_digest = scene.get(&format!("/v2/{REPOSITORY}/manifests/{digest}")).await;
        let body = by_digest.text().await.expect("body");
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(body.as_bytes());
        assert_eq!(digest, hash.iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}")));
        let head = scene.client.head(format!("http://{}/v2/{REPOSITORY}/manifests/{tag}", scene.address));
        let head = head.header("accept", ACCEPT).send().await.expect("an answer");
        assert_eq!(header(&head, "docker-content-digest"), digest);
        assert_eq!(header(&head, "content-length"), body.len().to_string());
        if kind == image::OCI_INDEX {
            let child = manifest["manifests"][0]["digest"].as_str().expect("digest").to_owned();
            manifest = scene.json(&format!("/v2/{REPOSITORY}/manifests/{child}")).await;
        }
        let config = manifest["config"]["digest"].as_str().expect("digest");
        let config = scene.json(&format!("/v2/{REPOSITORY}/blobs/{config}")).await;
        let created: Timestamp = config["created"].as_str().expect("time").parse().expect("time");
        assert!(created < Timestamp::now());
    }
    let old_client = scene.client.get(format!("http://{}/v2/{REPOSITORY}/manifests/0.10.5", scene.address));
    assert_eq!(old_client.send().await.expect("an answer").status(), StatusCode::NOT_FOUND, "without Accept");
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_protocol_s_words() {
    let scene = scene(Access::default()).await;
    for (path, code) in [
        (format!("/v2/{REPOSITORY}/manifests/9.9.9"), "MANIFEST_UNKNOWN"),
        ("/v2/team/nothing/tags/list".to_owned(), "NAME_UNKNOWN"),
        (format!("/v2/{REPOSITORY}/blobs/sha256:00"), "BLOB_UNKNOWN"),
    ] {
        let response = scene.get(&path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(body["errors"][0]["code"], code);
    }
    assert!(scene.registry.remove_tag(REPOSITORY, "0.10.5"));
    assert!(!scene.registry.has(&format!("registry.gitlab.example.org/{REPOSITORY}:0.10.5")));
    scene.registry.add_tag(REPOSITORY, "0.10.7", Timestamp::now(), 1000);
    assert!(scene.registry.has(&format!("localhost:5000/{REPOSITORY}:0.10.7")));
    assert_eq!(scene.get(&format!("/v2/{REPOSITORY}/manifests/0.10.7")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_token_is_traded_for_credentials() {
    let access = Access {
        credentials: Some(("deploy".to_owned(), "secret".to_owned())),
        token_service: true,
        ..Access::default()
    };
    let scene = scene(access).await;
    let path = format!("/v2/{REPOSITORY}/tags/list");
    let refused = scene.get(&path).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let scope = format!("repository:{REPOSITORY}:pull");
    let expected =
        format!("Bearer realm=\"http://{}/jwt/auth\",service=\"container_registry\",scope=\"{scope}\"", scene.address);
    assert_eq!(header(&refused, "www-authenticate"), expected);
    let trade = |password: &'static str, scope: String| {
        let query = format!("/jwt/auth?service=container_registry&scope={scope}");
        let request = scene.request(&query).basic_auth("deploy", Some(password));
        async move { request.send().await.expect("an answer") }
    };
    assert_eq!(trade("wrong", scope.clone()).await.status(), StatusCode::UNAUTHORIZED);
    let body: Value = trade("secret", scope).await.json().await.expect("JSON");
    let token = body["token"].as_str().expect("token").to_owned();
    let read = |path: String| {
        let request = scene.request(&path).bearer_auth(&token);
        async move { request.send().await.expect("an answer") }
    };
    assert_eq!(read(path.clone()).await.status(), StatusCode::OK);
    let other = read("/v2/team/other/tags/list".to_owned()).await;
    assert!(header(&other, "www-authenticate").ends_with(",error=\"insufficient_scope\""));
    scene.registry.expire_tokens();
    assert!(header(&read(path).await, "www-authenticate").ends_with(",error=\"invalid_token\""));
}

#[tokio::test]
async fn basic_credentials_are_checked() {
    let access = Access { credentials: Some(("user".to_owned(), "secret".to_owned())), ..Access::default() };
    let scene = scene(access).await;
    let refused = scene.get("/v2/").await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(header(&refused, "www-authenticate"), "Basic realm=\"Registry Realm\"");
    let good = scene.request("/v2/").basic_auth("user", Some("secret")).send().await.expect("an answer");
    assert_eq!(good.status(), StatusCode::OK);
}

#[tokio::test]
async fn gitlab_lists_repositories_and_tags() {
    let access = Access { gitlab_token: Some("glpat-x".to_owned()), ..Access::default() };
    let scene = scene(access).await;
    let get = |path: &str, token: &str| {
        let request = scene.request(path).header("private-token", token);
        async move { request.send().await.expect("an answer") }
    };
    let root = "/api/v4/projects/team%2Foil-refinery-application";
    assert_eq!(get(root, "wrong").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(scene.get(root).await.status(), StatusCode::NOT_FOUND, "a private project isn't shown to nobody");
    assert_eq!(get("/api/v4/projects/team%2Fnothing", "glpat-x").await.status(), StatusCode::NOT_FOUND);
    let project: Value = get(root, "glpat-x").await.json().await.expect("JSON");
    let by_id = format!("/api/v4/projects/{}", project["id"]);
    assert_eq!(get(&by_id, "glpat-x").await.json::<Value>().await.expect("JSON"), project);

    let listed = get(&format!("{by_id}/registry/repositories?tags_count=true"), "glpat-x").await;
    let listed: Value = listed.json().await.expect("JSON");
    assert_eq!(listed[0]["path"], REPOSITORY);
    assert_eq!(listed[0]["name"], "");
    let total = scene.registry.tags(REPOSITORY).len();
    assert_eq!(listed[0]["tags_count"], total);
    let tags = format!("{root}/registry/repositories/{}/tags", listed[0]["id"]);
    let first = get(&tags, "glpat-x").await;
    assert_eq!(header(&first, "x-next-page"), "2");
    assert_eq!(header(&first, "x-total"), total.to_string());
    let next = format!("<http://{}{tags}?page=2&per_page=20>; rel=\"next\"", scene.address);
    assert!(header(&first, "link").contains(&next), "{}", header(&first, "link"));
    let first: Value = first.json().await.expect("JSON");
    assert_eq!(first.as_array().expect("list").len(), 20);
    assert_eq!(first[0].as_object().expect("object").len(), 3, "only name, path and location");
    let second = get(&format!("{tags}?page=2"), "glpat-x").await;
    assert_eq!(header(&second, "x-next-page"), "");
    let whole: Value = get(&format!("{tags}?per_page=1000"), "glpat-x").await.json().await.expect("JSON");
    assert_eq!(whole.as_array().expect("list").len(), total);
    assert_eq!(get(&format!("{tags}?pagination=keyset"), "glpat-x").await.status(), StatusCode::METHOD_NOT_ALLOWED);

    let tag: Value = get(&format!("{tags}/0.10.5"), "glpat-x").await.json().await.expect("JSON");
    assert_eq!(tag["short_revision"].as_str().expect("text").len(), 9);
    assert!(tag["digest"].as_str().expect("text").starts_with("sha256:"));
    assert!(tag["total_size"].as_u64().expect("number") > 1_000_000);
    let created: Timestamp = tag["created_at"].as_str().expect("text").parse().expect("time");
    assert!(created < Timestamp::now());
    let missing = get(&format!("{tags}/9.9.9"), "glpat-x").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(missing.json::<Value>().await.expect("JSON")["message"], "404 Tag Not Found");
    scene.registry.set_fault(RegistryFault::Forbidden);
    assert_eq!(get(&tags, "glpat-x").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn faults_begin_and_end() {
    let scene = scene(Access::default()).await;
    scene.registry.set_fault(RegistryFault::Down);
    assert!(scene.request("/v2/").send().await.and_then(Response::error_for_status).is_err());
    scene.registry.set_fault(RegistryFault::Status(429));
    let limited = scene.get("/v2/").await;
    assert_eq!((limited.status(), header(&limited, "retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    scene.registry.set_fault(RegistryFault::Hang);
    let hanging = scene.request("/v2/").timeout(Duration::from_millis(50)).send().await;
    assert!(hanging.expect_err("no answer").is_timeout());
    let waiting = tokio::spawn(scene.request("/v2/").send());
    scene.registry.set_fault(RegistryFault::None);
    assert_eq!(waiting.await.expect("joined").expect("an answer").status(), StatusCode::OK);
    assert_eq!(scene.registry.requests(), 4);
}

#[tokio::test]
async fn the_real_gitlab_client_reads_all_pages() {
    use ::gitlab::api::{
        self, AsyncQuery as _, Pagination,
        projects::registry::{Repositories, RepositoryTagDetails, RepositoryTags},
    };
    let scene = scene(Access { gitlab_token: Some("glpat-x".to_owned()), ..Access::default() }).await;
    let host = scene.address.to_string();
    assert!(::gitlab::GitlabBuilder::new(&host, "wrong").insecure().build_async().await.is_err());
    let client = ::gitlab::GitlabBuilder::new(&host, "glpat-x").insecure().build_async().await.expect("a client");
    let repositories = Repositories::builder().project(REPOSITORY).build().expect("an endpoint");
    let repositories: Vec<Value> = repositories.query_async(&client).await.expect("repositories");
    let id = repositories[0]["id"].as_u64().expect("a number");
    let tags = RepositoryTags::builder().project(REPOSITORY).repository_id(id).build().expect("an endpoint");
    let tags: Vec<Value> = api::paged(tags, Pagination::All).query_async(&client).await.expect("tags");
    let names: Vec<&str> = tags.iter().filter_map(|tag| tag["name"].as_str()).collect();
    assert_eq!(names, scene.registry.tags(REPOSITORY));
    let details = |tag: &'static str| {
        let details = RepositoryTagDetails::builder().project(REPOSITORY).repository_id(id).tag_name(tag).build();
        details.expect("an endpoint")
    };
    let found: Value = details("0.10.5").query_async(&client).await.expect("details");
    assert_eq!(found["name"], "0.10.5");
    let missing: Result<Value, _> = details("9.9.9").query_async(&client).await;
    assert!(missing.expect_err("missing").to_string().contains("404 Tag Not Found"));
}

#[tokio::test]
async fn gitlab_s_rules_depend_on_the_token_and_the_edition() {
    let tokens = [
        ("dev", GitLabToken::Developer),
        ("rep", GitLabToken::Reporter),
        ("guest", GitLabToken::Guest),
        ("stranger", GitLabToken::Stranger),
        ("scope", GitLabToken::OtherScope),
        ("old", GitLabToken::Expired),
        ("gldt-x", GitLabToken::Deploy),
    ];
    let gitlab_tokens = tokens.into_iter().map(|(token, whose)| (token.to_owned(), whose)).collect();
    let scene = scene(Access { gitlab_tokens, ..Access::default() }).await;
    let send = |method: Method, path: &str, token: &str| {
        let request = scene.client.request(method, format!("http://{}{path}", scene.address));
        let request = request.header("private-token", token);
        async move { request.send().await.expect("an answer") }
    };
    let repositories = "/api/v4/projects/Team%2Foil-refinery-application/registry/repositories";
    for (token, status) in
        [("dev", 200), ("rep", 200), ("guest", 403), ("stranger", 404), ("scope", 403), ("old", 401), ("gldt-x", 401)]
    {
        assert_eq!(send(Method::GET, repositories, token).await.status(), status, "{token}");
    }
    let listed: Value = send(Method::GET, &format!("{repositories}?tags=1"), "rep").await.json().await.expect("JSON");
    let total = scene.registry.tags(REPOSITORY).len();
    assert_eq!(listed[0]["tags"].as_array().expect("a list").len(), total);
    let tags = format!("{repositories}/{}/tags", listed[0]["id"]);

    // Removing.
    let one = format!("{tags}/0.9.0");
    assert_eq!(send(Method::DELETE, &one, "rep").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(send(Method::DELETE, &one, "dev").await.status(), StatusCode::OK);
    assert_eq!(send(Method::DELETE, &one, "dev").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(send(Method::POST, &tags, "dev").await.status(), StatusCode::METHOD_NOT_ALLOWED);

    // Versions of answers.
    let first = send(Method::GET, &tags, "rep").await;
    assert_eq!(header(&first, "x-total"), (total - 1).to_string());
    let again = scene.request(&tags).header("private-token", "rep").header("if-none-match", header(&first, "etag"));
    let again = again.send().await.expect("an answer");
    assert_eq!((again.status(), header(&again, "x-total-pages")), (StatusCode::NOT_MODIFIED, "2"));

    // Keyset paging, and lists without totals.
    scene.registry.set_edition(Edition { metadata_database: true, totals: false, ..Edition::default() });
    assert_eq!(header(&send(Method::GET, &tags, "rep").await, "x-total"), "");
    let (mut path, mut names) = (format!("{tags}?pagination=keyset&per_page=7"), Vec::new());
    while !path.is_empty() {
        let page = send(Method::GET, &path, "rep").await;
        let link = header(&page, "link").to_owned();
        path = link
            .split(['<', '>'])
            .nth(1)
            .and_then(|url| url.split_once("/api/"))
            .map_or(String::new(), |(_, path)| format!("/api/{path}"));
        let page: Value = page.json().await.expect("JSON");
        names.extend(page.as_array().expect("a list").iter().map(|tag| tag["name"].as_str().expect("text").to_owned()));
    }
    assert_eq!(names, scene.registry.tags(REPOSITORY));
}

#[tokio::test]
async fn graphql_tells_as_much_as_the_edition_knows() {
    let scene = scene(Access { gitlab_token: Some("glpat-x".to_owned()), ..Access::default() }).await;
    let ask = |fields: &str, after: Option<String>, token: &'static str| {
        let query = format!(
            "query($after: String) {{ containerRepository(id: \"gid://gitlab/ContainerRepository/118\") {{ tagsCount \
             tags(first: 10, after: $after, sort: PUBLISHED_AT_DESC) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
        );
        let request = scene.client.post(format!("http://{}/api/graphql", scene.address)).bearer_auth(token);
        let request = request.body(serde_json::json!({"query": query, "variables": {"after": after}}).to_string());
        async move {
            let response = request.send().await.expect("an answer");
            (response.status(), response.json::<Value>().await.unwrap_or_default())
        }
    };
    let known = Edition { metadata_database: true, ..Edition::default() };
    scene.registry.set_edition(known);
    let (mut after, mut times, mut names) = (None, Vec::new(), Vec::new());
    loop {
        let (_, answer) = ask("name publishedAt digest totalSize", after, "glpat-x").await;
        let tags = &answer["data"]["containerRepository"]["tags"];
        for node in tags["nodes"].as_array().expect("nodes") {
            times.push(node["publishedAt"].as_str().expect("a time").to_owned());
            names.push(node["name"].as_str().expect("a name").to_owned());
            assert!(node["totalSize"].as_str().is_some_and(|size| size.parse::<u64>().is_ok()), "{node}");
        }
        if tags["pageInfo"]["hasNextPage"] != true {
            break;
        }
        after = tags["pageInfo"]["endCursor"].as_str().map(str::to_owned);
    }
    assert!(times.iter().rev().is_sorted(), "{times:?}");
    names.sort_unstable();
    assert_eq!(names, scene.registry.tags(REPOSITORY));

    let message = |answer: &Value| answer["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        message(&ask("colour", None, "glpat-x").await.1),
        "Field 'colour' doesn't exist on type 'ContainerRepositoryTag'"
    );
    assert_eq!(ask("name", None, "wrong").await.0, StatusCode::UNAUTHORIZED);
    scene.registry.set_fault(RegistryFault::Forbidden);
    assert!(message(&ask("name", None, "glpat-x").await.1).starts_with("The resource that you are attempting"));
    scene.registry.set_fault(RegistryFault::None);
    scene.registry.set_edition(Edition::default());
    let empty = ask("name publishedAt", None, "glpat-x").await.1;
    assert_eq!(empty["data"]["containerRepository"]["tags"]["nodes"][0]["publishedAt"], Value::Null);
    scene.registry.set_edition(Edition { published_at: false, ..Edition::default() });
    assert!(message(&ask("name", None, "glpat-x").await.1).contains("invalid value (PUBLISHED_AT_DESC)"));
    scene.registry.set_edition(Edition { graphql: false, ..Edition::default() });
    assert_eq!(ask("name", None, "glpat-x").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_limit_names_the_time_that_is_left() {
    let scene = scene(Access::default()).await;
    scene.registry.set_fault(RegistryFault::Limit { requests: 2, seconds: 100 });
    for status in [200, 200, 429, 429] {
        let response = scene.get("/v2/").await;
        assert_eq!(response.status(), status);
        if status == 429 {
            assert!((90..=101).contains(&header(&response, "retry-after").parse().expect("a number")));
        }
    }
}
