//! What GitLab tells of repositories, tags, projects and users, field by field.

use serde_json::{Value, json};

use super::project_of;
use crate::sandbox::registry::{Repository, Request, image::Image};

/// The host in images' names.
const HOST: &str = "registry.gitlab.example.org";

pub(super) fn repository_json(path: &str, repository: &Repository, project: u64, count: bool) -> Value {
    let mut value = json!({
        "id": repository.id,
        "name": path[project_of(path).len()..].trim_start_matches('/'),
        "path": path,
        "project_id": project,
        "location": format!("{HOST}/{path}"),
        "created_at": repository.created_at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "cleanup_policy_started_at": null,
        "status": null,
    });
    if count {
        value["tags_count"] = json!(repository.tags.len());
    }
    value
}

pub(super) fn tag_json(path: &str, tag: &str) -> Value {
    json!({"name": tag, "path": format!("{path}:{tag}"), "location": format!("{HOST}/{path}:{tag}")})
}

pub(super) fn tag_details(path: &str, tag: &str, image: &Image) -> Value {
    let mut value = tag_json(path, tag);
    // An index has no config of its own.
    let revision = image.children.is_empty().then(|| image.config.digest.trim_start_matches("sha256:"));
    value["revision"] = json!(revision);
    value["short_revision"] = json!(revision.map(|revision| &revision[..9]));
    value["digest"] = json!(image.digest());
    value["created_at"] = json!(image.created_at.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string());
    value["total_size"] = json!(image.size);
    value
}

pub(super) fn project_json(request: &Request<'_>, id: u64, path: &str) -> Value {
    let (namespace, name) = path.split_once('/').unwrap_or(("", path));
    json!({
        "id": id,
        "description": null,
        "name": name,
        "name_with_namespace": format!("{namespace} / {name}"),
        "path": name,
        "path_with_namespace": path,
        "created_at": "2024-02-11T09:12:44.019Z",
        "default_branch": "main",
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": format!("git@gitlab.example.org:{path}.git"),
        "http_url_to_repo": format!("{}/{path}.git", request.base()),
        "web_url": format!("{}/{path}", request.base()),
        "forks_count": 0,
        "star_count": 3,
        "last_activity_at": "2026-11-20T15:40:03.507Z",
        "visibility": "private",
        "container_registry_image_prefix": format!("{HOST}/{path}"),
        "container_registry_enabled": true,
        "container_registry_access_level": "enabled",
        "namespace": {
            "id": 12, "name": namespace, "path": namespace, "kind": "group", "full_path": namespace, "parent_id": null,
        },
    })
}

pub(super) fn user() -> Value {
    json!({
        "id": 73,
        "username": "project_4711_bot_tiphys",
        "name": "tiphys",
        "state": "active",
        "locked": false,
        "avatar_url": null,
        "web_url": "https://gitlab.example.org/project_4711_bot_tiphys",
        "created_at": "2026-02-11T09:12:44.019Z",
        "bio": "",
        "location": "",
        "public_email": null,
        "linkedin": "",
        "twitter": "",
        "website_url": "",
        "organization": "",
        "job_title": "",
        "bot": true,
        "last_sign_in_at": null,
        "confirmed_at": "2026-02-11T09:12:44.000Z",
        "last_activity_on": "2026-11-20",
        "email": "project_4711_bot_tiphys@noreply.gitlab.example.org",
        "theme_id": 3,
        "color_scheme_id": 1,
        "projects_limit": 0,
        "current_sign_in_at": null,
        "identities": [],
        "can_create_group": false,
        "can_create_project": false,
        "two_factor_enabled": false,
        "external": false,
        "private_profile": false,
    })
}
