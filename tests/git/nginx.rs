//! The adapter against what many run at home: nginx with TLS and basic auth before `git http-backend`.

use std::{
    fs,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tiphys::{
    adapters::git::{GitRepository, TokenSource},
    ports::{ManifestRepository, RepositoryError},
};
use tokio::{
    net::{TcpListener, UnixStream},
    task::JoinHandle,
};

use crate::{
    cgi::Authority,
    support::{World, deploy, request},
};

/// nginx and fcgiwrap behind a port of the test's own; they end with the value.
struct Nginx {
    url: String,
    children: Vec<Child>,
    relay: JoinHandle<()>,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.relay.abort();
        for child in &mut self.children {
            // fcgiwrap's own children would outlive it, so the whole group that it leads is ended.
            Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status().ok();
            child.wait().ok();
        }
    }
}

impl Nginx {
    async fn start(world: &World, authority: &Authority, protocol: &str) -> Self {
        world.git(&world.remote(), &["config", "http.receivepack", "true"]);
        let (certificate, key) = authority.issue();
        fs::write(world.path("server.pem"), certificate).expect("written");
        fs::write(world.path("server.key"), key.serialize_pem()).expect("written");
        fs::write(world.path("htpasswd"), "bot:{PLAIN}hunter2\n").expect("written");
        let backend = world.git(&world.path(""), &["--exec-path"]);
        let config = CONFIG
            .replace("DIR", &world.path("").display().to_string())
            .replace("BACKEND", &format!("{backend}/git-http-backend"))
            .replace("PROTOCOL", protocol);
        fs::write(world.path("nginx.conf"), config).expect("written");

        let spawn = |command: &mut Command| {
            command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("it runs")
        };
        let socket = format!("unix:{}", world.path("fcgi.sock").display());
        let children = vec![
            spawn(world.hermetic("fcgiwrap").args(["-f", "-c", "2", "-s", &socket])),
            spawn(
                world
                    .hermetic("/usr/sbin/nginx")
                    .arg("-p")
                    .arg(world.path(""))
                    .arg("-e")
                    .arg(world.path("nginx.log"))
                    .arg("-c")
                    .arg(world.path("nginx.conf")),
            ),
        ];
        // Their sockets show that they are ready.
        let patience = Instant::now() + Duration::from_secs(20);
        let nginx = world.path("nginx.sock");
        for socket in [&world.path("fcgi.sock"), &nginx] {
            while UnixStream::connect(socket).await.is_err() {
                assert!(Instant::now() < patience, "{} doesn't listen", socket.display());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let url = format!("https://{}/remote.git", listener.local_addr().expect("has one"));
        let relay = tokio::spawn(async move {
            while let Ok((mut outside, _)) = listener.accept().await {
                let mut inside = UnixStream::connect(&nginx).await.expect("listens");
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut outside, &mut inside).await.ok() });
            }
        });
        Self { url, children, relay }
    }
}

#[tokio::test]
#[ignore = "needs nginx and fcgiwrap"]
async fn fetch_push_refusals_and_races_over_https() {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    for protocol in ["ssl", "ssl http2"] {
        let world = World::new();
        let authority = Authority::new();
        authority.write(&world.path("ca.pem"));
        let server = Nginx::start(&world, &authority, protocol).await;
        let mut settings = world.settings(&server.url);
        settings.ca_file = Some(world.path("ca.pem"));
        settings.username = Some("bot".to_owned());
        settings.token = Some(TokenSource::Value(SecretString::from("hunter2")));
        let repository = GitRepository::new(settings.clone()).expect("valid");
        let base = repository.fetch().await.expect("fetched");
        let pushed =
            repository.push(&base, vec![deploy("cli/1", "1.1"), deploy("cli/2", "1.2")]).await.expect("pushed");
        assert_eq!(pushed[1], world.remote_head());
        let theirs = world.person_pushes("other", "x");
        assert_eq!(repository.fetch().await.expect("fetched"), theirs);
        assert!(repository.find_request(&request("cli/1")).await.expect("read").is_some());

        world.install_hook("echo 'no, sorry'; exit 1");
        let error = repository.push(&theirs, vec![deploy("cli/3", "1.3")]).await.expect_err("refused");
        assert!(matches!(&error, RepositoryError::Refused(text) if text.contains("no, sorry")), "{error}");
        world.install_racing_hook();
        let error = repository.push(&theirs, vec![deploy("cli/3", "1.3")]).await.expect_err("lost");
        assert!(matches!(error, RepositoryError::LostRace), "{error}");
        let base = repository.fetch().await.expect("fetched");
        repository.push(&base, vec![deploy("cli/3", "1.3")]).await.expect("pushed");
        world.assert_sound(7);

        // Larger than nginx takes.
        let base = repository.fetch().await.expect("fetched");
        let mut big = deploy("cli/4", "1.4");
        big.edits[0].content =
            (0..400_000_u64).flat_map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes()).collect();
        let error = repository.push(&base, vec![big]).await.expect_err("too large");
        assert!(matches!(&error, RepositoryError::Refused(text) if text.contains("413")), "{error}");

        settings.token = Some(TokenSource::Value(SecretString::from("guess")));
        settings.mirror = world.path("second.git");
        let error = GitRepository::new(settings.clone()).expect("valid").fetch().await.expect_err("not let in");
        assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("401")), "{error}");
        Authority::new().write(&world.path("ca.pem"));
        let error = GitRepository::new(settings).expect("valid").fetch().await.expect_err("not trusted");
        assert!(matches!(&error, RepositoryError::Authentication(text) if text.contains("certificate")), "{error}");
    }
}

const CONFIG: &str = "
daemon off;
master_process off;
pid DIR/nginx.pid;
error_log DIR/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    uwsgi_temp_path DIR/uwsgi;
    scgi_temp_path DIR/scgi;
    server {
        listen unix:DIR/nginx.sock PROTOCOL;
        ssl_certificate DIR/server.pem;
        ssl_certificate_key DIR/server.key;
        auth_basic git;
        auth_basic_user_file DIR/htpasswd;
        client_max_body_size 1m;
        location / {
            fastcgi_pass unix:DIR/fcgi.sock;
            fastcgi_param SCRIPT_FILENAME BACKEND;
            fastcgi_param GIT_PROJECT_ROOT DIR;
            fastcgi_param GIT_HTTP_EXPORT_ALL 1;
            fastcgi_param PATH_INFO $uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_USER $remote_user;
            fastcgi_param REMOTE_ADDR $remote_addr;
        }
    }
}
";
