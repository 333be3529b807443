//! Who reads the views for BI tools.

use logbook_backends::Database;

use super::Stores;
use crate::place::Place;

/// Who reads the views: on a server the user of BI tools, who is granted them and nothing else.
pub(crate) enum Reader {
    Owner(Database),
    #[cfg(feature = "mysql")]
    Bi(server::Bi),
}

impl Reader {
    #[allow(clippy::unused_async, reason = "it is only for a server")]
    pub(crate) async fn of(place: &Place, stores: &Stores) -> Self {
        match place {
            #[cfg(feature = "mysql")]
            Place::Server(server) => Self::Bi(server::Bi::made(server, stores).await),
            _ => Self::Owner(stores.analytics.clone()),
        }
    }

    pub(crate) const fn db(&self) -> &Database {
        match self {
            Self::Owner(db) => db,
            #[cfg(feature = "mysql")]
            Self::Bi(bi) => &bi.db,
        }
    }

    #[allow(clippy::unused_async, reason = "it is only for a server")]
    pub(crate) async fn close(self) {
        #[cfg(feature = "mysql")]
        if let Self::Bi(bi) = self {
            bi.close().await;
        }
    }
}

#[cfg(feature = "mysql")]
pub(crate) mod server {
    use logbook_backends::{Credentials, Database};

    use super::super::Stores;
    use crate::place::server::Server;

    /// The user of BI tools.
    pub(crate) struct Bi {
        pub(crate) db: Database,
        admin: Database,
        user: String,
    }

    impl Bi {
        pub(crate) async fn made(server: &Server, stores: &Stores) -> Self {
            let mut config = server.analytics();
            let schema = config.schema.clone();
            let user = format!("bi_{}", &schema[schema.len() - 12..]);
            // Without a password: MySQL takes one over TLS only, which the tests' server has not.
            let script = format!(
                "CREATE USER '{user}'@'%'; {}",
                logbook_reports::grants(&schema, &user)
            );
            stores.analytics.execute_script(&script).await.unwrap();
            config.user.clone_from(&user);
            config.credentials = Credentials::Password(None);
            config.sessions_schema = None;
            Self {
                db: Database::open_mysql(&config).unwrap(),
                admin: stores.analytics.clone(),
                user,
            }
        }

        pub(crate) async fn close(self) {
            self.db.close().await;
            let script = format!("DROP USER '{}'@'%'", self.user);
            self.admin.execute_script(&script).await.unwrap();
        }
    }
}
