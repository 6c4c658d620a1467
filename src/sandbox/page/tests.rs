//! The server on a real socket: what it answers, whom it refuses, when it ticks and how it stops.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::{PageServer, PageSource};

/// A world that writes down what is done to it.
struct Scripted {
    done: Mutex<Vec<String>>,
    tick: watch::Sender<u64>,
}

impl Scripted {
    fn note(&self, what: String) {
        self.done.lock().unwrap().push(what);
        self.tick.send_modify(|tick| *tick += 1);
    }

    fn done(&self) -> Vec<String> {
        self.done.lock().unwrap().clone()
    }
}

impl PageSource for Scripted {
    fn state(&self) -> Value {
        let done = self.done();
        assert!(!done.iter().any(|what| what.contains("panic")), "asked to panic");
        json!({ "title": "Проверка", "done": done })
    }

    fn say(&self, person: i64, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Err("an empty message".into());
        }
        self.note(format!("{person} says {text}"));
        Ok(())
    }

    fn press(&self, person: i64, message_id: i64, data: &str) -> Result<(), String> {
        self.note(format!("{person} presses {data} below {message_id}"));
        Ok(())
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.tick.subscribe()
    }
}

async fn start() -> (PageServer, Arc<Scripted>) {
    let source = Arc::new(Scripted { done: Mutex::default(), tick: watch::Sender::new(0) });
    let server = PageServer::start(SocketAddr::from(([127, 0, 0, 1], 0)), source.clone()).await.unwrap();
    (server, source)
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Sends a request as it is written, so that every header is the test's own.
async fn raw(addr: SocketAddr, request_line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = format!("{request_line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // An early refusal may close the connection while the body is still being sent.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.expect("an answer in time");
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test]
async fn the_page_is_whole_and_locked_down() {
    let (server, _) = start().await;
    let host = server.addr().to_string();
    let page = raw(server.addr(), "GET /", &[("Host", &host)], "").await;
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html; charset=utf-8"), "{}", page.head);
    assert!(page.head.contains("content-security-policy: default-src 'none'; script-src 'self';"), "{}", page.head);
    assert!(page.head.contains("x-content-type-options: nosniff"), "{}", page.head);
    assert!(!page.head.contains("unsafe-inline"), "{}", page.head);
    let mut files = 0;
    for part in page.body.split('"') {
        let part = part.split('#').next().unwrap_or_default();
        assert!(!part.starts_with("http") && !part.starts_with("//"), "the page names something outside: {part}");
        if part.starts_with("/assets/") {
            let file = raw(server.addr(), &format!("GET {part}"), &[("Host", &host)], "").await;
            assert_eq!(file.status, 200, "{part}");
            assert!(file.head.contains("x-content-type-options: nosniff"), "{part}");
            files += 1;
        }
    }
    assert!(files >= 4, "styles, script and pictures");
    let commit = raw(server.addr(), "GET /-/commit/0123abcd", &[("Host", &host)], "").await;
    assert_eq!((commit.status, commit.body == page.body), (200, true));
    for path in ["/assets/none.js", "/assets/..%2fmod.rs", "/api/none"] {
        assert_eq!(raw(server.addr(), &format!("GET {path}"), &[("Host", &host)], "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn actions_reach_the_source_and_the_state_comes_back() {
    let (server, source) = start().await;
    let (addr, host) = (server.addr(), server.addr().to_string());
    let origin = server.url();
    let own = [("Host", host.as_str()), ("Origin", &origin), ("Sec-Fetch-Site", "same-origin"), JSON];
    let said = raw(addr, "POST /api/say", &own, r#"{"person":1001,"text":"/deploy 0.10.5 — да"}"#).await;
    assert_eq!((said.status, said.body.as_str()), (204, ""));
    // A tool on the command line sends neither Origin nor Sec-Fetch-Site.
    let tool = [("Host", "localhost"), ("Content-Type", "application/json; charset=utf-8")];
    let pressed = raw(addr, "POST /api/press", &tool, r#"{"person":7,"message_id":3,"data":"/cancel"}"#).await;
    assert_eq!(pressed.status, 204);
    assert_eq!(source.done(), ["1001 says /deploy 0.10.5 — да", "7 presses /cancel below 3"]);
    let state = raw(addr, "GET /api/state", &[("Host", &host)], "").await;
    assert!(state.head.contains("content-type: application/json"), "{}", state.head);
    assert_eq!(state.json()["done"], json!(["1001 says /deploy 0.10.5 — да", "7 presses /cancel below 3"]));
}

#[tokio::test]
async fn what_is_wrong_is_said_and_nothing_happens() {
    let (server, source) = start().await;
    let host = server.addr().to_string();
    let headers = [("Host", host.as_str()), JSON];
    let long = format!(r#"{{"person":1,"text":"{}"}}"#, "я".repeat(40_000));
    for (body, status) in [
        ("", 400),
        ("{", 400),
        (r#"{"person":"1","text":"x"}"#, 400),
        (r#"{"person":1}"#, 400),
        (r#"{"person":1,"text":"x","more":1}"#, 400),
        (r#"{"person":1,"text":""}"#, 422),
        (long.as_str(), 413),
    ] {
        let answer = raw(server.addr(), "POST /api/say", &headers, body).await;
        assert_eq!(answer.status, status, "{body:.60}");
        assert!(!answer.json()["error"].as_str().unwrap().is_empty(), "{body:.60}");
    }
    assert_eq!(raw(server.addr(), "GET /api/say", &headers, "").await.status, 405);
    assert!(source.done().is_empty());
    let fits = format!(r#"{{"person":1,"text":"{}"}}"#, "x".repeat(5_000));
    assert_eq!(raw(server.addr(), "POST /api/say", &headers, &fits).await.status, 204);
}

#[tokio::test]
async fn foreign_hosts_are_refused_everywhere() {
    let (server, source) = start().await;
    let good = server.addr().to_string();
    let evil = format!("evil.example:{}", server.addr().port());
    let body = r#"{"person":1,"text":"x"}"#;
    for line in ["GET /", "GET /assets/main.js", "GET /api/state", "GET /api/events", "POST /api/say"] {
        for hosts in [vec![("Host", evil.as_str())], vec![("Host", good.as_str()), ("Host", evil.as_str())], vec![]] {
            let mut headers = hosts;
            headers.push(JSON);
            let status = raw(server.addr(), line, &headers, body).await.status;
            assert!(matches!(status, 400 | 421), "{line} {headers:?} was answered {status}");
        }
        let (method, path) = line.split_once(' ').unwrap();
        let absolute = format!("{method} http://{evil}{path}");
        assert_eq!(raw(server.addr(), &absolute, &[("Host", &good), JSON], body).await.status, 421, "{absolute}");
    }
    assert!(source.done().is_empty());
}

#[tokio::test]
async fn other_sites_can_neither_act_nor_read() {
    let (server, source) = start().await;
    let host = server.addr().to_string();
    let own = server.url();
    let other_port = format!("http://127.0.0.1:{}", server.addr().port() ^ 1);
    let host = ("Host", host.as_str());
    let body = r#"{"person":1,"text":"x"}"#;
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[host, JSON, ("Origin", "http://evil.example")], 403),
        (&[host, JSON, ("Origin", "null")], 403),
        (&[host, JSON, ("Origin", &other_port)], 403),
        (&[host, JSON, ("Origin", &own), ("Origin", "http://evil.example")], 403),
        (&[host, JSON, ("Sec-Fetch-Site", "cross-site")], 403),
        (&[host, JSON, ("Sec-Fetch-Site", "same-site")], 403),
        (&[host, JSON, ("Sec-Fetch-Site", "none")], 403),
        // What a form of another site can send without asking first.
        (&[host, ("Content-Type", "text/plain")], 415),
        (&[host, ("Content-Type", "application/x-www-form-urlencoded")], 415),
        (&[host, ("Content-Type", "text/plain; application/json")], 415),
        (&[host], 415),
    ];
    for path in ["/api/say", "/api/press"] {
        for (headers, status) in cases {
            let answer = raw(server.addr(), &format!("POST {path}"), headers, body).await;
            assert_eq!(answer.status, *status, "{path} {headers:?}");
        }
    }
    for site in ["cross-site", "same-site"] {
        let headers = [host, ("Sec-Fetch-Site", site)];
        assert_eq!(raw(server.addr(), "GET /api/state", &headers, "").await.status, 403);
        assert_eq!(raw(server.addr(), "GET /api/events", &headers, "").await.status, 403);
        assert_eq!(raw(server.addr(), "GET /", &headers, "").await.status, 200, "a link to the page works");
    }
    let preflight = [host, ("Origin", "http://evil.example"), ("Access-Control-Request-Method", "POST")];
    let answer = raw(server.addr(), "OPTIONS /api/say", &preflight, "").await;
    assert_eq!(answer.status, 403);
    assert!(!answer.head.contains("access-control-allow"), "{}", answer.head);
    assert!(source.done().is_empty());
}

/// An open event stream, read line by line.
struct Events(tokio::io::Lines<BufReader<TcpStream>>);

impl Events {
    async fn open(addr: SocketAddr) -> Self {
        let mut stream = BufReader::new(TcpStream::connect(addr).await.unwrap());
        let request = format!("GET /api/events HTTP/1.1\r\nHost: {addr}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Self(stream.lines())
    }

    async fn next(&mut self, start: &str) -> Option<String> {
        loop {
            let line = timeout(Duration::from_secs(10), self.0.next_line()).await.expect("a line in time").unwrap()?;
            if line.to_ascii_lowercase().starts_with(start) {
                return Some(line);
            }
        }
    }
}

#[tokio::test]
async fn every_change_ticks_and_a_shutdown_ends_the_stream() {
    let (server, source) = start().await;
    let mut events = Events::open(server.addr()).await;
    assert_eq!(events.next("content-type").await.unwrap(), "content-type: text/event-stream");
    assert_eq!(events.next("data: ").await.unwrap(), "data: 0", "one tick at once");
    source.say(1, "a").unwrap();
    assert_eq!(events.next("event: ").await.unwrap(), "event: tick");
    assert_eq!(events.next("data: ").await.unwrap(), "data: 1");
    source.press(1, 2, "b").unwrap();
    assert_eq!(events.next("data: ").await.unwrap(), "data: 2");
    let addr = server.addr();
    timeout(Duration::from_secs(10), server.shutdown()).await.expect("open streams don't hold up a shutdown");
    assert_eq!(events.next("data: ").await, None, "the stream has ended");
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_dropped_server_ends_its_streams() {
    let (server, _source) = start().await;
    let mut events = Events::open(server.addr()).await;
    events.next("data: ").await.unwrap();
    drop(server);
    assert_eq!(events.next("data: ").await, None);
}

#[tokio::test]
async fn a_quiet_stream_beats() {
    let source = Arc::new(Scripted { done: Mutex::default(), tick: watch::Sender::new(0) });
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = PageServer::start_beating(listen, source, Duration::from_millis(20)).await.unwrap();
    let mut events = Events::open(server.addr()).await;
    assert_eq!(events.next("event: ").await.unwrap(), "event: tick");
    assert_eq!(events.next("event: ").await.unwrap(), "event: heartbeat");
    assert_eq!(events.next("event: ").await.unwrap(), "event: heartbeat");
}

#[tokio::test]
async fn a_source_that_panics_fails_one_request_only() {
    let (server, _) = start().await;
    let host = server.addr().to_string();
    let headers = [("Host", host.as_str()), JSON];
    assert_eq!(raw(server.addr(), "POST /api/say", &headers, r#"{"person":1,"text":"panic"}"#).await.status, 204);
    let answer = raw(server.addr(), "GET /api/state", &headers, "").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.json()["error"], "the playground failed to answer");
    assert_eq!(raw(server.addr(), "GET /", &headers, "").await.status, 200);
}

#[tokio::test]
async fn the_url_is_one_a_browser_can_open() {
    let source = Arc::new(Scripted { done: Mutex::default(), tick: watch::Sender::new(0) });
    let server = PageServer::start(SocketAddr::from(([0, 0, 0, 0], 0)), source).await.unwrap();
    assert_eq!(server.url(), format!("http://127.0.0.1:{}", server.addr().port()));
}
