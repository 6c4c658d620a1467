//! A headless Chromium, driven over the WebDriver wire by `chromedriver`.
//!
//! `chromedriver` is looked up in PATH (`TIPHYS_TEST_CHROMEDRIVER` names another one) and finds the browser by itself
//! (`TIPHYS_TEST_CHROMIUM` names another one). Every browser has a profile of its own and dies with its value.

#![allow(clippy::allow_attributes, dead_code, reason = "each test binary uses its own part of it")]

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Keys that `Browser::keys` understands beside text (WebDriver, section 17.4.2).
pub(crate) mod key {
    pub(crate) const TAB: &str = "\u{E004}";
    pub(crate) const ENTER: &str = "\u{E007}";
    pub(crate) const ESCAPE: &str = "\u{E00C}";
    pub(crate) const SPACE: &str = "\u{E00D}";
    pub(crate) const LEFT: &str = "\u{E012}";
    pub(crate) const UP: &str = "\u{E013}";
    pub(crate) const RIGHT: &str = "\u{E014}";
    pub(crate) const DOWN: &str = "\u{E015}";
}

/// How long a page may take until it shows what is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
pub(crate) struct Browser {
    driver: Child,
    addr: SocketAddr,
    session: String,
    client: reqwest::Client,
    // Removed after the driver is gone: fields are dropped in their order.
    _home: TempDir,
}

impl Browser {
    /// Starts a browser with a window of 1400 × 900.
    pub(crate) async fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder for the profile");
        let program = env::var_os("TIPHYS_TEST_CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut driver = Command::new(&program)
            .arg("--port=0")
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path().join("config"))
            .env("XDG_CACHE_HOME", home.path().join("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} can't be started: {error}", program.display()));
        let stdout = BufReader::new(driver.stdout.take().expect("a pipe"));
        let port = stdout
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok())
            .expect("chromedriver names its port");
        let addr = SocketAddr::from(([127, 0, 0, 1], port));

        // The client's TLS is never used here, but building it needs a provider.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(3 * PATIENCE).build().expect("an HTTP client");
        let mut browser = Self { driver, addr, session: String::new(), client, _home: home };
        let mut options = json!({ "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            "--window-size=1400,900",
            format!("--user-data-dir={}", browser._home.path().join("profile").display()),
        ]});
        if let Ok(binary) = env::var("TIPHYS_TEST_CHROMIUM") {
            options["binary"] = binary.into();
        }
        let session = browser
            .wire(
                "/session",
                json!({ "capabilities": { "alwaysMatch": {
                    "browserName": "chrome",
                    "goog:chromeOptions": options,
                    "goog:loggingPrefs": { "browser": "ALL" },
                    "timeouts": { "script": PATIENCE.as_millis(), "pageLoad": PATIENCE.as_millis(), "implicit": 0 },
                }}}),
            )
            .await;
        browser.session = session["sessionId"].as_str().expect("a session").to_owned();
        browser.screen(1400, 900, "light").await;
        browser
    }

    /// Gives the page a screen of this size in CSS pixels and a colour scheme (`light` or `dark`).
    pub(crate) async fn screen(&self, width: u32, height: u32, scheme: &str) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Opens an address.
    pub(crate) async fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    /// Runs a script in the page; it gives its value with `return`.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Waits until a JavaScript expression is true-ish and gives its value.
    ///
    /// # Panics
    /// It isn't after twenty seconds; the message shows the page's text.
    pub(crate) async fn wait(&self, expression: &str) -> Value {
        let script = "const done = arguments[0], start = performance.now(); \
             const look = () => { let value; try { value = EXPRESSION; } catch (error) { value = null; } \
             if (value) done(value); else if (performance.now() - start > PATIENCE) done(null); \
             else setTimeout(look, 20); }; look();"
            .replace("EXPRESSION", expression)
            .replace("PATIENCE", &(PATIENCE.as_millis() - 2_000).to_string());
        let value = self.post("/execute/async", json!({ "script": script, "args": [] })).await;
        if value.is_null() {
            let page = self.script("return document.body.innerText").await;
            panic!("never true: {expression}\n--- the page:\n{}", page.as_str().unwrap_or_default());
        }
        value
    }

    /// Clicks the only visible element that the selector names, as a mouse does.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        self.post(&format!("/element/{element}/click"), json!({})).await;
    }

    /// Types into the element that the selector names.
    pub(crate) async fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// Types into whatever has the focus.
    pub(crate) async fn keys(&self, text: &str) {
        let active = self.get("/element/active").await;
        let element = active[ELEMENT].as_str().expect("something has the focus");
        self.post(&format!("/element/{element}/value"), json!({ "text": text })).await;
    }

    /// The text of the element as it is rendered.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        self.get(&format!("/element/{element}/text")).await.as_str().unwrap_or_default().to_owned()
    }

    /// What the console holds at level warning and above since the last call: errors, refused loads, broken policy.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({ "type": "browser" })).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING")))
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Writes what the window shows to a PNG file.
    pub(crate) async fn picture(&self, path: &Path) {
        let picture = self.get("/screenshot").await;
        let png = base64::engine::general_purpose::STANDARD
            .decode(picture.as_str().expect("a picture"))
            .expect("a picture in base64");
        std::fs::write(path, png).expect("the picture is written");
    }

    /// Calls a method of Chromium's own protocol.
    pub(crate) async fn devtools(&self, method: &str, params: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": method, "params": params })).await
    }

    async fn find(&self, selector: &str) -> String {
        // Waiting first gives elements that are about to appear their time.
        let quoted = Value::from(selector).to_string();
        self.wait(&format!("document.querySelector({quoted})?.checkVisibility()")).await;
        let found = self.post("/element", json!({ "using": "css selector", "value": selector })).await;
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.wire(&format!("/session/{}{path}", self.session), body).await
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}/session/{}{path}", self.addr, self.session);
        Self::value(self.client.get(url).send().await, path).await
    }

    async fn wire(&self, path: &str, body: Value) -> Value {
        let url = format!("http://{}{path}", self.addr);
        Self::value(self.client.post(url).json(&body).send().await, path).await
    }

    async fn value(answer: reqwest::Result<reqwest::Response>, path: &str) -> Value {
        let answer = answer.unwrap_or_else(|error| panic!("chromedriver doesn't answer {path}: {error}"));
        let good = answer.status().is_success();
        let mut body: Value = answer.json().await.expect("chromedriver answers JSON");
        let value = body["value"].take();
        assert!(good, "{path}: {}: {}", value["error"], value["message"]);
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver closes its browsers when it is asked to go; killed, it would leave them behind.
        if let Ok(mut stream) = TcpStream::connect(self.addr) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = write!(stream, "GET /shutdown HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.addr);
            let _ = stream.read_to_end(&mut Vec::new());
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
