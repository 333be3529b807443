//! What may be asked of a report.

use logbook_model::{Day, ProductId};

use crate::catalogue::Report;
use crate::cursor::Cursor;
use crate::{Environment, Error, Result, funnel};

/// Rows of a page at most, if nothing else is asked.
pub const DEFAULT_LIMIT: u32 = 1000;
/// Rows of a page at most.
pub const MAX_LIMIT: u32 = 10_000;
/// Persons that a group needs to be shown, where a product says nothing else.
pub const DEFAULT_MIN_USERS: u32 = 5;
/// Days that a range may span beyond its first.
pub(crate) const MAX_SPAN: i32 = 3660;

/// A request for a page of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRequest {
    /// The report.
    pub report: Report,
    /// The product.
    pub product: ProductId,
    /// First day; by default as many days before `to` as the report says.
    pub from: Option<Day>,
    /// Last day; by default that of the last finished analysis.
    pub to: Option<Day>,
    /// The columns to group by, in the report's order; empty means the report's default.
    pub by: Vec<&'static str>,
    /// Whose sessions count.
    pub environment: Environment,
    /// Only this version.
    pub version: Option<String>,
    /// Only this feature.
    pub feature: Option<String>,
    /// Only this error.
    pub error: Option<String>,
    /// Only this account.
    pub account: Option<String>,
    /// The steps of a funnel; none for no funnel.
    pub steps: Vec<String>,
    /// Rows of a page, where so many follow, up to [`MAX_LIMIT`]. Without it a page has at most
    /// [`DEFAULT_LIMIT`] and may end earlier, where many rows of tables must be looked at for it.
    pub limit: Option<u32>,
    /// Where the page before ended: its `next`.
    pub after: Option<Cursor>,
    /// Persons that a group needs to be shown. 0 shows everything. It is the product's
    /// setting, never the asker's choice.
    pub min_users: u32,
}

impl ReportRequest {
    /// A request without parameters.
    pub fn new(report: Report, product: ProductId) -> Self {
        Self {
            report,
            product,
            from: None,
            to: None,
            by: Vec::new(),
            environment: Environment::Production,
            version: None,
            feature: None,
            error: None,
            account: None,
            steps: Vec::new(),
            limit: None,
            after: None,
            min_users: DEFAULT_MIN_USERS,
        }
    }

    /// Reads the parameters of a query string, names and values decoded. Those that the report
    /// does not have, those given twice and values out of bounds are errors that name what is
    /// allowed.
    pub fn parse<N: AsRef<str>, V: AsRef<str>>(
        name: &str,
        product: ProductId,
        parameters: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self> {
        let report = Report::from_name(name)?;
        let mut request = Self::new(report, product);
        let mut seen = Vec::new();
        for (name, value) in parameters {
            let known = report.description().parameters.iter();
            let parameter = known
                .map(|parameter| parameter.name)
                .find(|known| *known == name.as_ref())
                .ok_or_else(|| unknown(report, name.as_ref()))?;
            if seen.contains(&parameter) {
                return Err(Error::RepeatedParameter { parameter });
            }
            seen.push(parameter);
            request.set(parameter, value.as_ref())?;
        }
        request.check()?;
        Ok(request)
    }

    fn set(&mut self, parameter: &'static str, value: &str) -> Result<()> {
        let bad = || self.report.bad_value(parameter, value);
        match parameter {
            "from" => self.from = Some(value.parse().map_err(|_| bad())?),
            "to" => self.to = Some(value.parse().map_err(|_| bad())?),
            "environment" => {
                self.environment = Environment::from_name(value).ok_or_else(bad)?;
            }
            "limit" => self.limit = Some(value.parse().map_err(|_| bad())?),
            "after" => self.after = Some(Cursor::decode(value).ok_or_else(bad)?),
            "by" => {
                let names: Vec<&str> = value.split(',').map(str::trim).collect();
                let groups = self.report.groupings().iter();
                let found = groups.copied().find(|group| same(group, &names));
                self.by = found.ok_or_else(bad)?.to_vec();
            }
            "version" if !value.is_empty() => self.version = Some(value.to_owned()),
            "steps" => self.steps = funnel::steps(value).ok_or_else(bad)?,
            "account" if !value.is_empty() => self.account = Some(value.to_owned()),
            "error" if !value.is_empty() => self.error = Some(value.to_owned()),
            "feature" if !value.is_empty() => self.feature = Some(value.to_owned()),
            _ => return Err(bad()),
        }
        Ok(())
    }

    /// Checks what a caller may have set by hand, as [`crate::query`] does.
    pub fn check(&self) -> Result<()> {
        let report = self.report;
        if let Some(limit) = self.limit.filter(|limit| !(1..=MAX_LIMIT).contains(limit)) {
            return Err(report.bad_value("limit", &limit.to_string()));
        }
        // First uses are kept of each kind of sessions, not of both together.
        let apart = matches!(report, Report::FeatureAdoption | Report::Funnel);
        if apart && self.environment == Environment::All {
            return Err(report.bad_value("environment", self.environment.name()));
        }
        if !self.steps.is_empty() && !funnel::are_steps(&self.steps) {
            return Err(report.bad_value("steps", &self.steps.join(",")));
        }
        if !self.by.is_empty() && !report.groupings().contains(&&*self.by) {
            return Err(report.bad_value("by", &self.by.join(",")));
        }
        if let Some(after) = &self.after
            && !after.fits(self.grouping())
        {
            return Err(report.bad_value("after", &after.encode()));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && (from > to || i64::from(to.0) - i64::from(from.0) > i64::from(MAX_SPAN))
        {
            return Err(report.bad_value("to", &to.to_string()));
        }
        Ok(())
    }

    /// Rows of a page at most.
    pub(crate) fn most_rows(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// Whether a page may end though more follow.
    pub(crate) const fn may_be_short(&self) -> bool {
        self.limit.is_none()
    }

    /// The columns that it asks for one value of, as far as it does.
    pub(crate) fn only(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("version", self.version.as_deref()),
            ("feature", self.feature.as_deref()),
            ("error", self.error.as_deref()),
            ("account", self.account.as_deref()),
        ]
    }

    /// The columns that rows are grouped by.
    pub fn grouping(&self) -> &[&'static str] {
        if self.by.is_empty() {
            self.report.groupings().first().copied().unwrap_or(&[])
        } else {
            &self.by
        }
    }
}

/// Whether two lists hold the same names, in whatever order.
fn same(group: &[&str], names: &[&str]) -> bool {
    group.len() == names.len() && group.iter().all(|name| names.contains(name))
}

fn unknown(report: Report, name: &str) -> Error {
    let parameters = report.description().parameters.iter();
    Error::UnknownParameter {
        report: report.name(),
        name: name.to_owned(),
        allowed: parameters.map(|parameter| parameter.name).collect(),
    }
}
