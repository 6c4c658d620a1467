//! The token shows up nowhere, and a private CA is enough for TLS.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tiphys::{
    adapters::telegram::{SetupError, Telegram},
    sandbox::telegram::{Fault, FaultKind},
};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::fmt::MakeWriter;

use crate::bot::{ANNA, Bot, GROUP, SOON, TOKEN, all_confirmed, answers, options, said, server};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_token_is_in_no_log_error_or_debug_output() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let (server, hub) = server().await;
    let mut shown = format!("{:?}", options(&server));

    hub.fail(Fault::once("getMe", FaultKind::ProxyPage(404)));
    hub.fail(Fault::once("getUpdates", FaultKind::ProxyPage(502)));
    hub.fail(Fault::once("getUpdates", FaultKind::CutBefore));
    hub.fail(Fault::once("setMyCommands", FaultKind::CutBefore));
    let quoting = |code| FaultKind::Refuse { code, description: format!("no page /bot{TOKEN}/x") };
    hub.fail(Fault::once("getUpdates", quoting(409)));
    hub.fail(Fault::once("getUpdates", quoting(400)));
    hub.fail(Fault::once("sendMessage", FaultKind::ProxyPage(500)));
    hub.fail(Fault::once("sendMessage", FaultKind::CutBefore));
    hub.fail(Fault::once("answerCallbackQuery", quoting(400)));
    let bot = Bot::start(options(&server));
    hub.say(GROUP, ANNA, "/echo").unwrap();
    answers(&hub, GROUP, 1).await;
    hub.press_forged(GROUP, 1, "/echo", ANNA).unwrap();
    answers(&hub, GROUP, 2).await;
    all_confirmed(&hub).await;

    let replier = bot.seen(1).await.remove(0).replier;
    hub.fail(Fault::once("sendMessage", quoting(400)));
    let error = replier.post(&said("x")).await.unwrap_err();
    shown.push_str(&format!("{error} {error:?} {:?} {:?}", bot.telegram, bot.seen(1).await));
    hub.fail(Fault::times(5, "getUpdates", quoting(401)));
    hub.set_network(false);
    hub.set_network(true);
    let error = bot.ended().await.unwrap_err();
    shown.push_str(&format!("{error} {error:?}"));

    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    let secret = TOKEN.split_once(':').unwrap().1;
    assert!(log.contains("Telegram is not reached") && log.contains("***"), "the faults were logged");
    for (name, text) in [("log", &log), ("shown", &shown)] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{name}");
    }
}

#[tokio::test]
async fn unusable_options_are_refused() {
    let (server, _hub) = server().await;
    let refused = |change: fn(&mut tiphys::adapters::telegram::Options)| {
        let mut options = options(&server);
        change(&mut options);
        Telegram::new(options).unwrap_err()
    };
    assert!(matches!(refused(|o| o.token = "no token".to_owned().into()), SetupError::Token));
    assert!(matches!(refused(|o| o.api_url = "ftp://x".parse().unwrap()), SetupError::Address(_)));
    assert!(matches!(refused(|o| o.ca_file = Some("/nonexistent/ca.pem".into())), SetupError::CaFile { .. }));
    let error = refused(|o| o.ca_file = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into()));
    assert!(matches!(error, SetupError::NoCertificate(_)), "{error}");
}

/// A server behind TLS with a certificate of a private CA: its address, the CA's certificate, and whether somebody
/// didn't trust it.
pub(crate) async fn behind_tls(server: &str) -> (String, String, tokio::sync::watch::Receiver<bool>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = params.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(params, key);
    let leaf_key = rcgen::KeyPair::generate().unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&leaf_key, &issuer).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], leaf_key.serialize_der().try_into().unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("https://localhost:{}/behind/a/proxy", listener.local_addr().unwrap().port());
    let inner = server.trim_start_matches("http://").to_owned();
    let (refused, refusals) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        loop {
            let (outside, _) = listener.accept().await.unwrap();
            let (acceptor, inner, refused) = (acceptor.clone(), inner.clone(), refused.clone());
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(outside).await else {
                    refused.send_replace(true);
                    return;
                };
                let mut inside = TcpStream::connect(inner).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    (address, ca.pem(), refusals)
}

#[tokio::test]
async fn a_private_ca_is_trusted_when_named_and_only_then() {
    let (server, hub) = server().await;
    let (address, ca, mut refusals) = behind_tls(&server.url()).await;

    let mut stranger = options(&server);
    stranger.api_url = address.replace("/behind/a/proxy", "").parse().unwrap();
    let mut friend = stranger.clone();
    let bot = Bot::start(stranger);
    tokio::time::timeout(SOON, refusals.wait_for(|refused| *refused)).await.unwrap().unwrap();
    assert_eq!(bot.telegram.username(), None);
    bot.finish().await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, ca).unwrap();
    friend.ca_file = Some(file);
    let bot = Bot::start(friend);
    hub.until(SOON, |_| bot.telegram.username().map(drop)).await.unwrap();
    hub.say(GROUP, ANNA, "/echo").unwrap();
    answers(&hub, GROUP, 1).await;
    bot.finish().await.unwrap();
}
