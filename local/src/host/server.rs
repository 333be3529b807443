//! The HTTP server: loopback unless told otherwise.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use logbook_backends::{ObjectStore, Put, PutOutcome};
use logbook_bootstrap::http::read_body;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_upload::Tickets;
use tokio::net::TcpListener;
use tower::limit::GlobalConcurrencyLimitLayer;

use super::{now, page, unread};

/// Requests served at once.
const MAX_REQUESTS: usize = 256;
/// Longest time a request may take.
const MAX_TIME: Duration = Duration::from_mins(1);

/// Longest time that is given to what is under way at the end. Whoever never finishes a request
/// would else hold the process for ever; what gets no answer is sent again.
const MAX_FAREWELL: Duration = Duration::from_secs(10);

/// A server about to run.
pub(crate) struct Server {
    listener: TcpListener,
    app: Router,
}

/// Takes the address, or says who might hold it.
pub(crate) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "cannot listen on {address}: if another program holds the port, name a free one with \
             --listen 127.0.0.1:PORT"
        )
    })
}

#[derive(Clone)]
struct LocalInbox {
    tickets: Arc<Tickets>,
    inbox: ObjectStore,
}

impl Server {
    pub(crate) fn new(
        listener: TcpListener,
        upload: Router,
        query: Router,
        tickets: Arc<Tickets>,
        inbox: ObjectStore,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let local = Router::new()
            .route("/local/inbox/{ticket}", put(put_object))
            .with_state(LocalInbox { tickets, inbox });
        let app = query
            .merge(upload)
            .merge(local)
            .merge(page::routes())
            .layer(middleware::from_fn(in_time))
            .layer(middleware::from_fn_with_state(address, check_host))
            .layer(middleware::from_fn(unread::hear_out))
            .layer(GlobalConcurrencyLimitLayer::new(MAX_REQUESTS));
        Ok(Self { listener, app })
    }

    /// Serves until `stop` is ready, then ends what is under way, if that does not take too long.
    pub(crate) async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let serving = axum::serve(self.listener, self.app).with_graceful_shutdown(async move {
            stop.await;
            // Nobody listens only where serving is over.
            let _ = stopping.send(());
        });
        let too_long = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(MAX_FAREWELL).await;
        };
        tokio::select! {
            served = serving.into_future() => served?,
            () = too_long => {}
        }
        Ok(())
    }
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(MAX_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Problem::new(ProblemKind::Unavailable, "the request took too long").into_response()
        }
    }
}

/// Only the names of this machine are answered: a page elsewhere cannot reach the API by a name
/// that it lets point here (DNS rebinding).
async fn check_host(State(address): State<SocketAddr>, request: Request, next: Next) -> Response {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
        .or_else(|| request.uri().authority().map(ToString::to_string))
        .unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .map_or(host.as_str(), |(name, _)| name);
    let loopback = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
    if loopback || !address.ip().is_loopback() {
        return next.run(request).await;
    }
    Problem::new(
        ProblemKind::Forbidden,
        "the Host header does not name this machine",
    )
    .into_response()
}

/// The upload that a local ticket allows: what a presigned S3 PUT would do.
async fn put_object(
    State(local): State<LocalInbox>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let invalid = |detail: String| Problem::new(ProblemKind::TicketInvalid, detail);
    let upload = local
        .tickets
        .redeem(&ticket, now())
        .map_err(|error| invalid(error.to_string()))?;
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if length != Some(upload.bytes) {
        let detail = format!(
            "the ticket is for exactly {} bytes (Content-Length)",
            upload.bytes
        );
        return Err(invalid(detail));
    }
    if headers
        .get(header::IF_NONE_MATCH)
        .map(header::HeaderValue::as_bytes)
        != Some(b"*")
    {
        return Err(invalid(
            "the ticket asks for the header If-None-Match: *".to_owned(),
        ));
    }
    let body = read_body(body, upload.bytes as usize).await?;
    if body.len() as u64 != upload.bytes {
        return Err(Problem::new(
            ProblemKind::BadRequest,
            "the body ended too early",
        ));
    }
    let put = local
        .inbox
        .put(&upload.key, body, upload.metadata, Put::IfAbsent)
        .await?;
    Ok(match put {
        PutOutcome::Created { etag } => {
            ([(header::ETAG, format!("\"{etag}\""))], StatusCode::OK).into_response()
        }
        PutOutcome::Exists => StatusCode::PRECONDITION_FAILED.into_response(),
    })
}
