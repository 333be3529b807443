//! Who asks, and what they may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use logbook_bootstrap::http::bearer;
use logbook_bootstrap::{Problem, ProblemKind};
use logbook_model::ProductId;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::Context;

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Reports, the ledger and the list of products: sums, no single person.
    ReadReports,
    /// Single sessions, their events, receipts and rejects. People are hidden.
    ReadSessions,
    /// Everything, the logs as they came among it.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: &'static [Self] = &[Self::ReadReports, Self::ReadSessions, Self::Admin];

    /// The name that tokens bear.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadReports => "read:reports",
            Self::ReadSessions => "read:sessions",
            Self::Admin => "admin",
        }
    }
}

/// The products that a token covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Products {
    /// All that are registered, now or later.
    All,
    /// These.
    Only(BTreeSet<ProductId>),
}

/// Whoever asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// What the token allows.
    pub scopes: BTreeSet<Scope>,
    /// For which products.
    pub products: Products,
}

impl Principal {
    /// Every scope, every product.
    pub fn everything() -> Self {
        Self {
            scopes: Scope::ALL.iter().copied().collect(),
            products: Products::All,
        }
    }

    /// Whether the token covers a product.
    pub fn covers(&self, product: &ProductId) -> bool {
        match &self.products {
            Products::All => true,
            Products::Only(products) => products.contains(product),
        }
    }

    /// Refuses who lacks a scope. `admin` includes the others.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin) {
            return Ok(());
        }
        let detail = format!("this needs the scope {}", scope.name());
        Err(Problem::new(ProblemKind::Forbidden, detail).with("scope", scope.name()))
    }
}

/// How askers are told apart.
#[derive(Debug, Clone)]
pub struct Auth {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// One token, of which only the SHA-256 is held.
    Local {
        token_hash: [u8; 32],
        principal: Principal,
    },
}

impl Auth {
    /// One token for everything.
    pub fn local(token: &str) -> Self {
        Self::local_limited(token, Principal::everything())
    }

    /// One token for less than everything: for a dashboard on a wall, say.
    pub fn local_limited(token: &str, principal: Principal) -> Self {
        Self {
            kind: Kind::Local {
                token_hash: Sha256::digest(token.as_bytes()).into(),
                principal,
            },
        }
    }

    /// Who bears the token of a request. Compares hashes, in constant time.
    ///
    /// # Errors
    /// A problem `unauthorized` for no token, or a wrong one.
    pub fn authorize(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let refuse = |detail: &str| Err(Problem::new(ProblemKind::Unauthorized, detail));
        let Some(token) = bearer(headers).filter(|token| !token.is_empty()) else {
            return refuse("an Authorization: Bearer header is needed");
        };
        match &self.kind {
            Kind::Local {
                token_hash,
                principal,
            } => {
                let hash = Sha256::digest(token.as_bytes());
                if bool::from(hash[..].ct_eq(&token_hash[..])) {
                    Ok(principal.clone())
                } else {
                    refuse("the token is not valid here")
                }
            }
        }
    }
}

impl FromRequestParts<Arc<Context>> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Arc<Context>,
    ) -> Result<Self, Problem> {
        context.auth.authorize(&parts.headers)
    }
}
