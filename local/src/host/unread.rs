//! What a request still has to say when its answer is there.
//!
//! Whoever is refused by a header alone is still sending the body. To answer and close would meet
//! those bytes with a reset of the connection (RFC 9112 §9.6), which may take the answer away before
//! it is read, and fails the next request on a connection that the client believed to be kept. So the
//! rest is read and thrown away, in bounds; where that is not to be had, the answer says that the
//! connection ends.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Limited};
use logbook_bootstrap::http::MAX_BODY_BYTES;
use tokio::sync::oneshot;

/// Most bytes of a body that nobody asked for: twice of what an upload may have, so that one that
/// is refused for its size hears of it.
const MAX_REST_BYTES: usize = 2 * MAX_BODY_BYTES;
/// Longest time that is given to it.
const MAX_REST_TIME: Duration = Duration::from_secs(10);

/// Answers, and hears out the request.
pub(super) async fn hear_out(request: Request, next: Next) -> Response {
    // Whoever asks first sends nothing where the answer is a refusal.
    let asks_first = request.headers().contains_key(header::EXPECT);
    let (back, mut returned) = oneshot::channel();
    let request = request.map(|body| {
        Body::new(Lent {
            body,
            back: Some(back),
        })
    });
    let mut response = next.run(request).await;
    let heard = match returned.try_recv() {
        Ok(_) if asks_first => false,
        Ok(rest) => heard(rest).await,
        // Read to its end.
        Err(_) => true,
    };
    if !heard {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads to the end, keeping nothing; says whether the end came.
async fn heard(rest: Body) -> bool {
    let mut rest = Limited::new(rest, MAX_REST_BYTES);
    let reading = async {
        while let Some(frame) = rest.frame().await {
            if frame.is_err() {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(MAX_REST_TIME, reading)
        .await
        .unwrap_or(false)
}

/// A body that comes back, if it is let go before its end.
struct Lent {
    body: Body,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            return;
        }
        if let Some(back) = self.back.take() {
            // Nobody takes it where the request itself was given up.
            let _ = back.send(std::mem::take(&mut self.body));
        }
    }
}
