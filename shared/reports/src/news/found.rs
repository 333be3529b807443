//! What is known now, out of the reports.

use std::collections::BTreeSet;

use logbook_backends::Database;
use logbook_model::{Day, ProductId};

use super::{Known, NewsKind};
use crate::analyze::Settings;
use crate::catalogue::Report;
use crate::pages::{Named, Whole};
use crate::request::ReportRequest;
use crate::{Result, words};

fn request(report: Report, product: &ProductId, settings: Settings, to: Day) -> ReportRequest {
    ReportRequest {
        to: Some(to),
        min_users: settings.min_users,
        ..ReportRequest::new(report, product.clone())
    }
}

/// The errors of late that enough persons met.
pub(super) async fn errors(
    analytics: &Database,
    product: &ProductId,
    settings: &Settings,
    to: Day,
) -> Result<Vec<Known>> {
    let request = request(Report::TopErrors, product, *settings, to);
    let errors = Whole::read(analytics, &request).await?;
    let known = errors.iter().map(|row| Known {
        kind: NewsKind::Error,
        subject: row.text("error").to_owned(),
        value: String::new(),
        line: words::error(row),
    });
    Ok(known.collect())
}

/// How each account fares.
pub(super) async fn accounts(
    analytics: &Database,
    product: &ProductId,
    settings: &Settings,
    to: Day,
) -> Result<Vec<Known>> {
    let request = request(Report::Accounts, product, *settings, to);
    let accounts = Whole::read(analytics, &request).await?;
    let known = accounts.iter().map(|row| Known {
        kind: NewsKind::Account,
        subject: row.text("account").to_owned(),
        value: row.text("state").to_owned(),
        line: words::account(row),
    });
    Ok(known.collect())
}

/// What the latest release changed by more than chance.
pub(super) async fn releases(
    analytics: &Database,
    product: &ProductId,
    settings: &Settings,
    to: Day,
) -> Result<Vec<Known>> {
    let mut request = request(Report::ReleaseDelta, product, *settings, to);
    request.feature = Some(crate::release_delta::WHOLE.to_owned());
    let all = Whole::read(analytics, &request).await?;
    let before: BTreeSet<&str> = all.iter().map(|row| row.text("previous_version")).collect();
    let latest = all.iter().map(|row| row.text("version"));
    let Some(latest) = latest.into_iter().find(|version| !before.contains(version)) else {
        return Ok(Vec::new());
    };
    request.feature = None;
    request.version = Some(latest.to_owned());
    let measures = Whole::read(analytics, &request).await?;
    let differing = measures.iter().filter(|row| row.is("differs"));
    Ok(differing.map(release).collect())
}

fn release(row: Named<'_>) -> Known {
    let [version, measure, feature] =
        ["version", "measure", "feature"].map(|column| row.text(column));
    let is_more = row.number("difference").is_some_and(|by| by > 0.0);
    Known {
        kind: NewsKind::Release,
        subject: format!("{version} {measure} {feature}"),
        value: if is_more { "more" } else { "less" }.to_owned(),
        line: words::delta(row),
    }
}
