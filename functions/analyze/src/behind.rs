//! How far behind the reports are: what an alarm watches.

use logbook_bootstrap::metrics::{self, Unit};
use logbook_model::ProductId;
use logbook_reports::{Settings, finished_as_of};

use crate::{AnalyzeSummary, Run};

/// Tells how far the report that is furthest behind is behind.
///
/// Reports that nothing calls for show all that is parsed, and are complete to what is vouched for,
/// whether the database was opened or not; so are those that this run finished. Of the others, and of
/// all where nothing is vouched for, it is asked what they are complete to. Where that cannot be
/// asked, or never was so, they are behind at least since their mark was put.
pub(crate) async fn tell(run: &Run<'_>, products: &[(ProductId, Settings)]) {
    let (context, summary, called) = (run.context, &run.summary, &run.called);
    let now = (context.now)();
    let mut complete = run.vouched.unwrap_or(run.as_of);
    let unvouched = products.iter().filter(|_| run.vouched.is_none());
    let unfinished = summary
        .products
        .iter()
        .filter(|(_, done)| done.days_left > 0);
    let unfinished = unfinished.map(|(product, _)| product);
    let unfinished = unfinished.chain(unvouched.map(|(product, _)| product));
    for product in unfinished.chain(&summary.busy).chain(&summary.waiting) {
        let finished = match run.is_awake {
            // That it cannot be asked is no failure of its own.
            Some(false) => None,
            _ => finished_as_of(&context.analytics, product)
                .await
                .unwrap_or_default(),
        };
        let until = finished.or(called.since(product));
        complete = complete.min(until.unwrap_or(complete));
    }
    for product in &summary.failed {
        complete = complete.min(called.since(product).unwrap_or(complete));
    }
    let age = std::time::Duration::from_micros(u64::try_from(now.0 - complete.0).unwrap_or(0));
    metrics::put("CompleteUntilAgeSeconds", Unit::Seconds, age.as_secs_f64());
    metrics::count("ProductsBehind", behind(summary));
}

fn behind(summary: &AnalyzeSummary) -> usize {
    let left = |product: &ProductId| summary.products[product].days_left > 0;
    let left = summary.products.keys().filter(|product| left(product));
    left.count() + summary.waiting.len() + summary.failed.len()
}
