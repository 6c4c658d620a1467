//! What many run at home: nginx with TLS and basic auth before `git http-backend`.

use std::{
    fs,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, UnixStream},
    task::JoinHandle,
};

use crate::{cgi::Authority, ground::Ground};

/// nginx and fcgiwrap behind a port of the test's own; they end with the value.
pub(crate) struct Nginx {
    /// The repository's address; user `bot`, password `hunter2`.
    pub(crate) url: String,
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
    /// Serves the ground's bare repository of this name; `protocol` is what stands behind `listen`.
    pub(crate) async fn start(ground: &Ground, repository: &str, authority: &Authority, protocol: &str) -> Self {
        ground.git(&ground.path(repository), &["config", "http.receivepack", "true"]);
        let (certificate, key) = authority.issue();
        fs::write(ground.path("server.pem"), certificate).expect("written");
        fs::write(ground.path("server.key"), key.serialize_pem()).expect("written");
        fs::write(ground.path("htpasswd"), "bot:{PLAIN}hunter2\n").expect("written");
        let backend = ground.git(&ground.path(""), &["--exec-path"]);
        let config = CONFIG
            .replace("DIR", &ground.path("").display().to_string())
            .replace("BACKEND", &format!("{backend}/git-http-backend"))
            .replace("PROTOCOL", protocol);
        fs::write(ground.path("nginx.conf"), config).expect("written");

        let spawn = |command: &mut Command| {
            command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("it runs")
        };
        let socket = format!("unix:{}", ground.path("fcgi.sock").display());
        let children = vec![
            spawn(ground.hermetic("fcgiwrap").args(["-f", "-c", "2", "-s", &socket])),
            spawn(
                ground
                    .hermetic("/usr/sbin/nginx")
                    .arg("-p")
                    .arg(ground.path(""))
                    .arg("-e")
                    .arg(ground.path("nginx.log"))
                    .arg("-c")
                    .arg(ground.path("nginx.conf")),
            ),
        ];
        // Their sockets show that they are ready.
        let patience = Instant::now() + Duration::from_secs(20);
        let nginx = ground.path("nginx.sock");
        for socket in [&ground.path("fcgi.sock"), &nginx] {
            while UnixStream::connect(socket).await.is_err() {
                assert!(Instant::now() < patience, "{} doesn't listen", socket.display());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let url = format!("https://{}/{repository}", listener.local_addr().expect("has one"));
        let relay = tokio::spawn(async move {
            while let Ok((mut outside, _)) = listener.accept().await {
                let mut inside = UnixStream::connect(&nginx).await.expect("listens");
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut outside, &mut inside).await.ok() });
            }
        });
        Self { url, children, relay }
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
