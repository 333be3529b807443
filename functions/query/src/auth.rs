//! Who asks, and what they may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use logbook_bootstrap::http::bearer;
use logbook_bootstrap::{Claims, Problem, ProblemKind};
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
    /// Tokens that the gateway has checked: what is left to us are their claims.
    Gateway {
        /// The claim that names the scopes.
        scopes: String,
        /// What a token covers that names no products.
        default: Products,
    },
}

impl Auth {
    /// Tokens that the gateway before us has checked (signature, issuer, audience, time). Their
    /// claims say what they allow: the claim `scopes` (`scope`, or `cognito:groups` where a user's
    /// groups say so) the scopes, with or without the resource server's name before them
    /// (`logbook/read:reports`); `products` the products, or `*`. Of a token of Cognito's, which
    /// has no such claim, the groups `products-all` and `product-NAME` say so. `default` is what
    /// a token covers that says nothing of products.
    pub const fn gateway(scopes: String, default: Products) -> Self {
        Self {
            kind: Kind::Gateway { scopes, default },
        }
    }

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
    pub fn authorize(&self, parts: &Parts) -> Result<Principal, Problem> {
        let refuse = |detail: &str| Err(Problem::new(ProblemKind::Unauthorized, detail));
        match &self.kind {
            Kind::Local {
                token_hash,
                principal,
            } => {
                let Some(token) = bearer(&parts.headers).filter(|token| !token.is_empty()) else {
                    return refuse("an Authorization: Bearer header is needed");
                };
                let hash = Sha256::digest(token.as_bytes());
                if bool::from(hash[..].ct_eq(&token_hash[..])) {
                    Ok(principal.clone())
                } else {
                    refuse("the token is not valid here")
                }
            }
            // Only the gateway's own context brings claims: a header cannot.
            Kind::Gateway { scopes, default } => match parts.extensions.get::<Claims>() {
                Some(claims) => Ok(principal_of(claims, scopes, default)),
                None => refuse("a token that the gateway accepts is needed"),
            },
        }
    }
}

fn principal_of(claims: &Claims, scopes: &str, default: &Products) -> Principal {
    let scopes = claims.list(scopes).map(|name| {
        // The scopes of other services are none of ours, whatever they end with.
        let own = name.strip_prefix(RESOURCE_SERVER).unwrap_or(name);
        Scope::ALL.iter().copied().find(|scope| scope.name() == own)
    });
    Principal {
        scopes: scopes.flatten().collect(),
        products: products_of(claims).unwrap_or_else(|| default.clone()),
    }
}

/// What stands before the scopes that Cognito's resource server defines.
const RESOURCE_SERVER: &str = "logbook/";

/// The products that claims name; `None` if they say nothing of products.
fn products_of(claims: &Claims) -> Option<Products> {
    let mut named: Vec<&str> = claims.list("products").collect();
    let mut said = claims.get("products").is_some();
    for group in claims.list("cognito:groups") {
        let product = match group {
            "products-all" => Some("*"),
            _ => group.strip_prefix("product-"),
        };
        said |= product.is_some();
        named.extend(product);
    }
    if named.contains(&"*") {
        return Some(Products::All);
    }
    let ids = named
        .into_iter()
        .filter_map(|name| ProductId::new(name).ok());
    said.then(|| Products::Only(ids.collect()))
}

impl FromRequestParts<Arc<Context>> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Arc<Context>,
    ) -> Result<Self, Problem> {
        context.auth.authorize(parts)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn ask(auth: &Auth, claims: &[(&str, &str)]) -> Result<Principal, Problem> {
        let (mut parts, ()) = Request::new(()).into_parts();
        let pairs = claims
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        parts.extensions.insert(Claims::new(pairs));
        auth.authorize(&parts)
    }

    fn only(names: &[&str]) -> Products {
        Products::Only(
            names
                .iter()
                .map(|name| ProductId::new(*name).unwrap())
                .collect(),
        )
    }

    #[test]
    fn claims_say_what_a_token_allows() {
        let auth = Auth::gateway("scope".to_owned(), only(&[]));
        let of = |claims: &[(&str, &str)]| ask(&auth, claims).unwrap();

        let reader = of(&[
            ("scope", "openid logbook/read:reports"),
            ("products", "a b"),
        ]);
        assert_eq!(reader.scopes, BTreeSet::from([Scope::ReadReports]));
        assert_eq!(reader.products, only(&["a", "b"]));
        assert!(reader.require(Scope::ReadSessions).is_err());

        // As the gateway writes a list.
        assert_eq!(of(&[("products", "[a, b]")]).products, only(&["a", "b"]));
        assert_eq!(of(&[("products", "*")]).products, Products::All);
        assert_eq!(of(&[("products", "")]).products, only(&[]));
        let object = [("products", r#"{"a":"*"}"#)];
        assert_eq!(of(&object).products, only(&[]));
        let groups = [("cognito:groups", "[staff product-a]")];
        assert_eq!(of(&groups).products, only(&["a"]));
        let by_groups = Auth::gateway("cognito:groups".to_owned(), only(&[]));
        let analyst = [
            ("cognito:groups", "[read:reports product-a]"),
            ("scope", "admin"),
        ];
        let analyst = ask(&by_groups, &analyst).unwrap();
        assert_eq!(analyst.scopes, BTreeSet::from([Scope::ReadReports]));
        assert_eq!(analyst.products, only(&["a"]));
        let all = [("cognito:groups", "[products-all]")];
        assert_eq!(of(&all).products, Products::All);
        let ours = of(&[("scope", "logbook/admin")]);
        assert_eq!(ours.scopes, BTreeSet::from([Scope::Admin]));
        let theirs = of(&[("scope", "billing/admin https://x.example/read:reports")]);
        assert_eq!(theirs.scopes, BTreeSet::new());
        assert_eq!(of(&[("scope", "admin:not read")]).scopes, BTreeSet::new());
        assert_eq!(of(&[]).products, only(&[]), "nothing said, nothing covered");
        let open = Auth::gateway("scope".to_owned(), Products::All);
        assert_eq!(ask(&open, &[]).unwrap().products, Products::All);
    }

    #[test]
    fn without_claims_of_the_gateway_nobody_is_let_in() {
        let auth = Auth::gateway("scope".to_owned(), Products::All);
        let request = Request::builder().header("authorization", "Bearer x");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let refused = auth.authorize(&parts).unwrap_err();
        assert_eq!(refused.kind(), ProblemKind::Unauthorized);
    }
}
