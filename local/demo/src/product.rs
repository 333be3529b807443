//! The product as its vendor would register it.

use logbook_model::{Consent, Day};

use crate::accounts::Account;
use crate::modules::MODULES;
use crate::releases::RELEASES;
use crate::world::first_day;

/// A product, with what the reports need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// A valid product id.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// The profile of its logs.
    pub profile: &'static str,
    /// What holds for an upload that says nothing; every upload of the demo says something.
    pub default_consent: Consent,
    /// Persons below which a group is hidden.
    pub min_users: u32,
    /// Silence after which a session is over.
    pub session_timeout_secs: u32,
    /// Account ids may be kept as they are: they are contract data.
    pub account_ids_readable: bool,
    /// Its customers.
    pub accounts: Vec<Account>,
    /// Its modules: the first segment of a feature's name.
    pub modules: Vec<ProductModule>,
    /// Its releases, oldest first.
    pub releases: Vec<Release>,
}

/// A module of the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductModule {
    /// The first segment of its features' names.
    pub id: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// Accounts pay for it.
    pub licensed: bool,
    /// Names of its features.
    pub features: &'static [&'static str],
}

/// A release of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// By Semantic Versioning.
    pub version: &'static str,
    /// When it came out.
    pub released_on: Day,
}

/// Silence after which a session is over.
pub(crate) const SESSION_TIMEOUT_SECS: u32 = 30 * 60;

pub(crate) fn product(accounts: &[Account], end: Day) -> Product {
    let modules = MODULES.iter().map(|module| ProductModule {
        id: module.id,
        title: module.title,
        licensed: module.licensed,
        features: module.features,
    });
    let releases = RELEASES.iter().map(|release| Release {
        version: release.version,
        released_on: first_day(end).plus(release.on),
    });
    Product {
        id: "quire",
        name: "Quire",
        description: "Page layout for books, magazines and packaging",
        profile: "logbook",
        default_consent: Consent::Error,
        min_users: 3,
        session_timeout_secs: SESSION_TIMEOUT_SECS,
        account_ids_readable: true,
        accounts: accounts.to_vec(),
        modules: modules.collect(),
        releases: releases.collect(),
    }
}
