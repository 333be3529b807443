//! What people are told of: put into the archive, from where it is taken to Slack.

use logbook_backends::{Metadata, Put};
use logbook_model::{Day, Notice, ProductId};
use logbook_reports::{Settings, digest, note_told, notice, untold};
use serde_json::json;

use crate::{AnalyzeError, Context};

/// Where notices lie in the archive bucket. `notify` is called for each that is put there.
pub const NOTICES_PREFIX: &str = "state/notices/";

/// Hands on what is new of a product, and gives it; nothing where nothing is. What was handed on
/// and not noted so is handed on again.
pub(crate) async fn news(
    context: &Context,
    product: &ProductId,
    today: Day,
) -> Result<Option<Notice>, AnalyzeError> {
    let news = untold(&context.analytics, product).await?;
    let (Some(first), Some(last)) = (news.first(), news.last()) else {
        return Ok(None);
    };
    let notice = notice(product, &news);
    // With the day: a database that is made anew counts from one again.
    let name = format!("{product}/news-{today}-{}-{}", first.n, last.n);
    hand_on(context, &name, &notice).await?;
    note_told(&context.analytics, product, last.n).await?;
    Ok(Some(notice))
}

/// Hands on the week of a product, once a day.
pub(crate) async fn week(
    context: &Context,
    product: &ProductId,
    settings: &Settings,
    today: Day,
) -> Result<Notice, AnalyzeError> {
    let notice = digest(&context.analytics, product, settings, None).await?;
    if !notice.sections.is_empty() {
        let name = format!("{product}/week-{today}");
        hand_on(context, &name, &notice).await?;
    }
    Ok(notice)
}

async fn hand_on(context: &Context, name: &str, notice: &Notice) -> Result<(), AnalyzeError> {
    let Some(store) = &context.notices else {
        return Ok(());
    };
    let key = format!("{NOTICES_PREFIX}{name}.json");
    let body = json!(notice).to_string().into_bytes();
    // Another run may have put the same: it is told once.
    let put = store.put(&key, body, Metadata::new(), Put::IfAbsent).await;
    put.map(drop).map_err(AnalyzeError::Database)
}
