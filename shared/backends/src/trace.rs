//! The trace that what is done now belongs to. Messages sent meanwhile bear it on, so that one trace
//! shows a log's whole way. (Other calls bear it by themselves.)

use std::future::Future;

tokio::task_local! {
    static HEADER: Option<String>;
}

/// Does work as part of a trace: `header` is the text of an `X-Amzn-Trace-Id`. Tasks that the work
/// spawns are not part of it.
pub async fn within<F: Future>(header: Option<String>, work: F) -> F::Output {
    HEADER.scope(header, work).await
}

/// The trace's header, where there is a trace.
#[cfg(feature = "aws")]
pub(crate) fn header() -> Option<String> {
    HEADER.try_with(Clone::clone).ok().flatten()
}
