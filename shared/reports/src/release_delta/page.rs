//! A page of `release-delta`, out of the tables of other reports.

use std::collections::{BTreeMap, BTreeSet};

use logbook_backends::Database;

use super::WHOLE;
use super::measures::{self, Measure};
use super::releases::{Feature, Parts, Release, parts, predecessors, releases};
use crate::Result;
use crate::query::{Range, Rows};
use crate::reply::Cell;
use crate::request::ReportRequest;

/// What a page is made of, in the order of the keys: rows, and what is withheld.
enum Item {
    Row(Vec<String>, Vec<Cell>),
    Withheld(Vec<String>),
}

impl Item {
    fn key(&self) -> &[String] {
        match self {
            Self::Row(key, _) | Self::Withheld(key) => key,
        }
    }
}

pub(crate) async fn page(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
) -> Result<Rows> {
    let mut releases = releases(analytics, request, range).await?;
    let min_users = u64::from(request.min_users);
    let mut enough = Vec::new();
    for (version, release) in &mut releases {
        if let (true, Some(day)) = (release.persons.count() >= min_users, release.first_day) {
            enough.push((version.as_str(), day));
        }
    }
    let before = predecessors(&enough);
    let enough: BTreeSet<String> = enough.iter().map(|(name, _)| (*name).to_owned()).collect();
    let after = request.after.as_ref().map(|after| after.0.as_slice());
    let asked = |version: &String| {
        request
            .version
            .as_ref()
            .is_none_or(|asked| asked == version)
            && after
                .and_then(<[String]>::first)
                .is_none_or(|after| version >= after)
    };
    let versions: Vec<String> = releases
        .keys()
        .filter(|name| asked(name))
        .cloned()
        .collect();
    let mut page = Rows::default();
    let mut known = Known::default();
    for version in versions {
        let items = if !enough.contains(&version) {
            vec![Item::Withheld(vec![version, String::new(), String::new()])]
        } else if let Some(old) = before.get(&version) {
            let pair = [version.as_str(), old];
            compare(analytics, request, range, pair, &mut releases, &mut known).await?
        } else {
            continue;
        };
        for item in items {
            if after.is_some_and(|after| item.key() <= after) {
                continue;
            }
            if page.cells.len() >= request.most_rows() as usize {
                return Ok(page);
            }
            match item {
                Item::Withheld(_) => page.withheld += 1,
                Item::Row(key, cells) => {
                    page.next = Some(key);
                    page.cells.push(cells);
                }
            }
        }
    }
    page.next = None;
    Ok(page)
}

/// What the releases that were compared last are made of: most are looked at twice.
#[derive(Default)]
struct Known(Vec<(String, Parts)>);

impl Known {
    /// What a release is made of, known or read.
    async fn take(
        &mut self,
        analytics: &Database,
        request: &ReportRequest,
        range: &Range,
        version: &str,
    ) -> Result<Parts> {
        match self.0.iter().position(|(known, _)| known == version) {
            Some(at) => Ok(self.0.swap_remove(at).1),
            None => parts(analytics, request, range, version).await,
        }
    }
}

/// A release against the one before it.
async fn compare(
    analytics: &Database,
    request: &ReportRequest,
    range: &Range,
    [version, before]: [&str; 2],
    releases: &mut BTreeMap<String, Release>,
    known: &mut Known,
) -> Result<Vec<Item>> {
    let mut new = releases.remove(version).unwrap_or_default();
    let old = releases.entry(before.to_owned()).or_default();
    let key =
        |feature: &str, measure: &str| [version, feature, measure].map(str::to_owned).to_vec();
    let row = |feature: &str, measure: &Measure| {
        let key = key(feature, measure.0);
        let mut cells: Vec<Cell> = key.iter().cloned().map(Cell::Text).collect();
        cells.push(Cell::Text(before.to_owned()));
        cells.extend(measures::cells(measure));
        Item::Row(key, cells)
    };
    let mut items = Vec::new();
    if request
        .feature
        .as_deref()
        .is_none_or(|asked| asked == WHOLE)
    {
        let measures = measures::of_release(&mut new, old);
        items.extend(measures.iter().map(|measure| row(WHOLE, measure)));
    }
    let mut now = known.take(analytics, request, range, version).await?;
    let mut then = known.take(analytics, request, range, before).await?;
    let names: BTreeSet<String> = now
        .features
        .keys()
        .chain(then.features.keys())
        .cloned()
        .collect();
    for name in names {
        let least = request.min_users;
        let (mut ours, mut theirs) = (Feature::unused(least), Feature::unused(least));
        let ours = now.features.get_mut(&name).unwrap_or(&mut ours);
        let theirs = then.features.get_mut(&name).unwrap_or(&mut theirs);
        if ours.is_shown(least) && theirs.is_shown(least) {
            let users = (
                now.users.beside(ours, least),
                then.users.beside(theirs, least),
            );
            let measures = measures::of_feature((ours, users.0), (theirs, users.1));
            items.extend(measures.iter().map(|measure| row(&name, measure)));
        } else {
            items.push(Item::Withheld(key(&name, "")));
        }
    }
    releases.insert(version.to_owned(), new);
    *known = Known(vec![(version.to_owned(), now), (before.to_owned(), then)]);
    items.sort_by(|a, b| a.key().cmp(b.key()));
    Ok(items)
}
