//! Something between the adapter and its server that answers as it likes: a careless proxy, an old or an odd server.

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A request that came.
pub(crate) struct Asked {
    server: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Asked {
    /// The request's target.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Whether it brings a push.
    pub(crate) fn is_push(&self) -> bool {
        self.method == "POST" && self.target.ends_with("/git-receive-pack")
    }

    /// Has it answered by the server, at another path if need be.
    pub(crate) async fn forward_to(&self, target: &str) -> Reply {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("valid");
        let method = self.method.parse().expect("a method");
        let mut request = client.request(method, format!("{}{target}", self.server)).body(self.body.clone());
        for (name, value) in &self.headers {
            if !["host", "content-length", "connection"].contains(&name.as_str()) {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.expect("the server is there");
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
        Reply {
            status: response.status().as_u16(),
            headers: kind.map(|kind| ("Content-Type".to_owned(), kind)).into_iter().collect(),
            body: response.bytes().await.expect("whole").to_vec(),
        }
    }

    pub(crate) async fn forward(&self) -> Reply {
        self.forward_to(&self.target).await
    }
}

/// An answer. Its connection is closed at its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self { status, headers: headers.collect(), body: body.to_vec() }
    }

    /// As HTTP/1.1 with its length.
    pub(crate) fn raw(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n", self.status, self.body.len());
        self.headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        [head.as_bytes(), b"Connection: close\r\n\r\n", &self.body].concat()
    }

    /// As HTTP/1.0, where the end of the connection is the end of the answer.
    pub(crate) fn raw_10(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.0 {} X\r\n", self.status);
        self.headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

type Answer = Pin<Box<dyn Future<Output = Vec<u8>> + Send>>;

/// It; no connections are taken after its end.
pub(crate) struct Between {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Between {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Between {
    /// Stands before a server. An empty answer closes the connection.
    pub(crate) async fn before<F: Future<Output = Vec<u8>> + Send + 'static>(
        server: SocketAddr,
        answer: impl Fn(Asked) -> F + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("has one");
        let answer: Arc<dyn Fn(Asked) -> Answer + Send + Sync> = Arc::new(move |asked| Box::pin(answer(asked)));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                tokio::spawn(async move { serve(stream, server, answer.as_ref()).await });
            }
        });
        Self { address, task }
    }

    pub(crate) fn url(&self, repository: &str) -> String {
        format!("http://{}/{repository}", self.address)
    }
}

async fn serve(mut stream: TcpStream, server: SocketAddr, answer: &(dyn Fn(Asked) -> Answer + Send + Sync)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).expect("text");
    let mut lines = head.lines();
    let mut first = lines.next().expect("a request").split(' ');
    let (method, target) = (first.next().expect("a method"), first.next().expect("a target"));
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().expect("a number"))];
    if stream.read_exact(&mut body).await.is_err() {
        return;
    }
    let (method, target) = (method.to_owned(), target.to_owned());
    let asked = Asked { server: format!("http://{server}"), method, target, headers, body };
    let bytes = answer(asked).await;
    stream.write_all(&bytes).await.ok();
    stream.shutdown().await.ok();
}
