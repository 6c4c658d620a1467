//! HTTP: `/bot<token>/<method>`, connections that can be cut, faults and taps around each call.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{ConnectInfo, Request, State, connect_info::Connected},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    serve::{IncomingStream, Listener},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::{
    faults::{FaultKind, Phase, Tapped},
    methods,
    model::{Call, Event},
    params::{ApiError, Params},
    world::{self, Shared},
};

/// Serves until it is told to stop, then cuts what is open.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let app = Router::new().fallback(handle).with_state(Arc::clone(&shared));
    let listener = CuttableListener { listener, shared: Arc::clone(&shared) };
    let service = app.into_make_service_with_connect_info::<Line>();
    tokio::select! {
        result = axum::serve(listener, service).into_future() => {
            if let Err(error) = result {
                tracing::error!(%error, "the sandbox's Telegram server has stopped");
            }
        }
        () = stop.cancelled() => shared.set_network(false),
    }
}

async fn handle(State(shared): State<Arc<Shared>>, ConnectInfo(line): ConnectInfo<Line>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return answer(Err(ApiError::new(404, "Not Found")));
    };
    let well_formed = token.split_once(':').is_some_and(|(id, secret)| id.parse::<u64>().is_ok() && !secret.is_empty());
    if !well_formed {
        return answer(Err(ApiError::new(404, "Not Found")));
    }
    if shared.peek(|world| world.token != token) {
        return answer(Err(ApiError::new(401, "Unauthorized")));
    }
    let Some(method) = methods::spelling(method) else {
        return answer(Err(ApiError::new(404, "Not Found: method not found")));
    };
    let params = match Params::read(request).await {
        Ok(params) => params,
        Err(error) => return answer(Err(error)),
    };
    let call = shared.with(|world| {
        world.calls += 1;
        let call = Call { number: world.calls, method: method.to_owned(), params: Arc::clone(&params.0) };
        world.events.push(Event::Called { call: call.clone() });
        call
    });
    let response = carry_out(&shared, &call, &params, &path).await;
    let status = response.as_ref().map(|response| response.status().as_u16());
    shared.with(|world| world.events.push(Event::Answered { call, status }));
    response.unwrap_or_else(|| {
        line.0.cancel();
        StatusCode::NO_CONTENT.into_response()
    })
}

/// The answer, or `None` to cut the connection.
async fn carry_out(shared: &Arc<Shared>, call: &Call, params: &Params, path: &str) -> Option<Response> {
    if tap(shared, call, Phase::Before).await == Tapped::Cut {
        return None;
    }
    let chat = params.int("chat_id");
    let fault = shared.with(|world| {
        let fault = world.faults.iter_mut().find(|fault| fault.fits(&call.method, chat))?;
        fault.times -= 1;
        Some(fault.kind.clone())
    });
    let refused = |error| Some(answer(Err(error)));
    match &fault {
        None | Some(FaultKind::CutAfter) => {}
        Some(FaultKind::CutBefore) => return None,
        Some(FaultKind::Slow(time)) => tokio::time::sleep(*time).await,
        Some(FaultKind::TooManyRequests(seconds)) => {
            return refused(ApiError {
                parameters: Some(json!({ "retry_after": seconds })),
                ..ApiError::new(429, format!("Too Many Requests: retry after {seconds}"))
            });
        }
        Some(FaultKind::ServerError(code)) => {
            let words = StatusCode::from_u16(*code).ok().and_then(|status| status.canonical_reason());
            return refused(ApiError::new(*code, words.unwrap_or("Internal Server Error")));
        }
        Some(FaultKind::ProxyPage(code)) => {
            let page = format!("<html><body><h1>{code}</h1>The requested URL {path} is not available.</body></html>");
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::BAD_GATEWAY);
            return Some((status, Html(page)).into_response());
        }
        Some(FaultKind::MigrateTo(new)) => return refused(world::migrated(*new)),
        Some(FaultKind::Refuse { code, description }) => return refused(ApiError::new(*code, description)),
    }
    let result = methods::apply(shared, &call.method, params).await;
    let cut = tap(shared, call, Phase::After).await == Tapped::Cut || matches!(fault, Some(FaultKind::CutAfter));
    (!cut).then(|| answer(result))
}

async fn tap(shared: &Shared, call: &Call, phase: Phase) -> Tapped {
    let tap = world::lock(&shared.tap).clone();
    match tap {
        Some(tap) => tap.0(call.clone(), phase).await,
        None => Tapped::Continue,
    }
}

fn answer(result: Result<Value, ApiError>) -> Response {
    match result {
        Ok(result) => Json(json!({ "ok": true, "result": result })).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::BAD_REQUEST);
            let mut body = json!({ "ok": false, "error_code": error.code, "description": error.description });
            if let Some(parameters) = error.parameters {
                body["parameters"] = parameters;
            }
            (status, Json(body)).into_response()
        }
    }
}

/// The handle by which one connection is cut.
#[derive(Debug, Clone)]
struct Line(CancellationToken);

impl Connected<IncomingStream<'_, CuttableListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        Self(stream.io().cut.clone())
    }
}

struct CuttableListener {
    listener: TcpListener,
    shared: Arc<Shared>,
}

impl Listener for CuttableListener {
    type Io = Cuttable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Cuttable, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let network = self.shared.network();
                    if network.is_cancelled() {
                        continue;
                    }
                    // Only a matter of speed.
                    let _ = stream.set_nodelay(true);
                    let cut = network.child_token();
                    let cancelled = Box::pin(cut.clone().cancelled_owned());
                    return (Cuttable { stream, cut, cancelled }, address);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails as soon as its token is cancelled.
struct Cuttable {
    stream: TcpStream,
    cut: CancellationToken,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Cuttable {
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cancelled.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionReset.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.is_cancelled() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
