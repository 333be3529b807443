//! Parameters of a question: strict, and each slip says what is allowed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use logbook_backends::sql::has_logs;
use logbook_bootstrap::http::parameters;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::{Day, LogId, ProductId};
use logbook_pipeline::Product;
use utoipa::IntoParams;

use crate::{Context, Principal};

/// Longest text of a parameter, in bytes.
const MAX_TEXT_BYTES: usize = 1024;
/// Days looked at where a question names none.
const DEFAULT_DAYS: i32 = 28;

/// A slip in one parameter.
pub(crate) fn bad(name: &str, rule: &str) -> Problem {
    let detail = format!("parameter {name:?} {rule}");
    Problem::new(ProblemKind::BadRequest, detail).with("parameter", name)
}

/// The parameters of a query string.
#[derive(Debug)]
pub(crate) struct Parameters {
    found: BTreeMap<String, String>,
}

impl Parameters {
    /// Reads a query string. Allowed is what the description of the endpoint names.
    pub(crate) fn of<Q: IntoParams>(query: Option<&str>) -> Result<Self, Problem> {
        let described = Q::into_params(|| None);
        let allowed: Vec<&str> = described.iter().map(|one| one.name.as_str()).collect();
        Self::strict(query, &allowed)
    }

    /// Reads a query string that may name the `allowed`.
    pub(crate) fn strict(query: Option<&str>, allowed: &[&str]) -> Result<Self, Problem> {
        let found = parameters(query, allowed)?;
        match found.iter().find(|(_, text)| text.len() > MAX_TEXT_BYTES) {
            Some((name, _)) => Err(bad(name, "has more than 1024 bytes")),
            None => Ok(Self { found }),
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        match self.found.get(name).map(String::as_str) {
            Some("") => Err(bad(name, "is empty")),
            text => Ok(text),
        }
    }

    /// A number within bounds.
    pub(crate) fn number(
        &self,
        name: &str,
        allowed: RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(default);
        };
        let number = text.parse().ok().filter(|number| allowed.contains(number));
        number.ok_or_else(|| {
            let rule = format!(
                "must be a whole number from {} to {}",
                allowed.start(),
                allowed.end()
            );
            bad(name, &rule)
        })
    }

    /// One of a closed set of names.
    pub(crate) fn named<T>(
        &self,
        name: &str,
        from_name: impl Fn(&str) -> Option<T>,
        names: impl Iterator<Item = &'static str>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let named = from_name(text).ok_or_else(|| {
            let names: Vec<&str> = names.collect();
            bad(name, &format!("must be one of {}", names.join(", ")))
        });
        named.map(Some)
    }

    /// Every parameter but the named ones.
    pub(crate) fn others(&self, but: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        let all = self
            .found
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        all.filter(|(name, _)| !but.contains(name))
    }

    /// A day.
    pub(crate) fn day(&self, name: &str) -> Result<Option<Day>, Problem> {
        let day = self.text(name)?.map(str::parse::<Day>).transpose();
        day.map_err(|_| bad(name, "must be a date of the form YYYY-MM-DD"))
    }

    /// The days `from` to `to`; without them the last 28 to `today`, and the 28 to `to`.
    pub(crate) fn days(&self, today: Day) -> Result<RangeInclusive<Day>, Problem> {
        let to = self.day("to")?.unwrap_or(today);
        let from = self.day("from")?.unwrap_or(to.plus(1 - DEFAULT_DAYS));
        if from > to {
            return Err(bad("from", &format!("must not lie after {to}")));
        }
        Ok(from..=to)
    }

    /// As [`Parameters::days`], at most `most` of them.
    pub(crate) fn days_at_most(
        &self,
        today: Day,
        most: i32,
    ) -> Result<RangeInclusive<Day>, Problem> {
        let days = self.days(today)?;
        if days.end().0 - days.start().0 >= most {
            let rule = format!("must lie less than {most} days before `to`");
            return Err(bad("from", &rule));
        }
        Ok(days)
    }

    /// The product asked for: where the token covers only one, that one.
    pub(crate) async fn product(
        &self,
        context: &Context,
        principal: &Principal,
    ) -> Result<Product, Problem> {
        let products = context.registry.snapshot().await?;
        let Some(text) = self.text("product")? else {
            let mut covered = products.products().filter(|one| principal.covers(&one.id));
            return match (covered.next(), covered.next()) {
                (Some(only), None) => Ok(only.clone()),
                (None, _) => Err(no_product("no product is registered")),
                _ => Err(bad("product", "is needed: there is more than one product")),
            };
        };
        let id = ProductId::new(text)
            .map_err(|error| bad("product", &format!("is no product id: {error}")))?;
        if !principal.covers(&id) {
            let detail = format!("the token does not cover the product {id}");
            return Err(Problem::new(ProblemKind::Forbidden, detail));
        }
        if let Some(product) = products.product(&id)? {
            return Ok(product.clone());
        }
        // Logs that came for it all the same can be asked for: why they were rejected.
        if has_logs(&context.sessions, &id).await? {
            return Ok(Product::unregistered(id));
        }
        Err(no_product(&format!("there is no product {id}")))
    }

    /// The product asked for, which need not be registered: logs come for others, too, and what
    /// became of them is to be seen.
    pub(crate) async fn product_with_logs(
        &self,
        context: &Context,
        principal: &Principal,
    ) -> Result<ProductId, Problem> {
        let problem = match self.product(context, principal).await {
            Ok(product) => return Ok(product.id),
            Err(problem) => problem,
        };
        let id = self.text("product")?.and_then(|id| ProductId::new(id).ok());
        let Some(id) = id.filter(|_| problem.kind() == ProblemKind::NotFound) else {
            return Err(problem);
        };
        let days = Day(i32::MIN)..=Day(i32::MAX);
        let ledger = logbook_backends::sql::ledger(&context.sessions, &id, days).await?;
        if ledger.days.is_empty() {
            return Err(problem);
        }
        Ok(id)
    }
}

fn no_product(detail: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, detail)
}

/// The id in a path, decoded.
#[derive(Debug)]
pub(crate) struct Id(pub(crate) String);

impl Id {
    /// As a log's id. What cannot be one is no log.
    pub(crate) fn log(&self) -> Result<LogId, Problem> {
        LogId::new(self.0.as_str())
            .map_err(|_| Problem::new(ProblemKind::NotFound, "there is no such log"))
    }
}

impl FromRequestParts<Arc<Context>> for Id {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Arc<Context>,
    ) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, context).await;
        path.map(|Path(id)| Self(id)).map_err(|_| {
            Problem::new(
                ProblemKind::BadRequest,
                "the path is not percent-encoded UTF-8",
            )
        })
    }
}
