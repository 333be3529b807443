//! The least that makes the calls that `parse` makes for the first log of a container, with clients
//! as the SDK's own first example makes them. It does nothing with what it gets.

use aws_config::BehaviorVersion;
use aws_sdk_kms::primitives::Blob;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::{Value, json};
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

struct Clients {
    s3: aws_sdk_s3::Client,
    kms: aws_sdk_kms::Client,
    secrets: aws_sdk_secretsmanager::Client,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
    let clients = &Clients {
        s3: aws_sdk_s3::Client::from_conf(s3.build()),
        kms: aws_sdk_kms::Client::new(&config),
        secrets: aws_sdk_secretsmanager::Client::new(&config),
    };
    run(service_fn(|event: LambdaEvent<Value>| async move {
        Box::pin(handle(clients, &event.payload)).await
    }))
    .await
}

async fn handle(clients: &Clients, event: &Value) -> Result<Value, Error> {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let listed = clients.s3.list_objects_v2().bucket(text("bucket"));
    listed.prefix("config/profiles/").send().await?;
    for key in ["config/products.toml", text("key")] {
        let got = clients.s3.get_object().bucket(text("bucket")).key(key);
        got.send().await?.body.collect().await?;
    }
    for name in ["hash_secret", "database_secret"] {
        let secret = clients.secrets.get_secret_value().secret_id(text(name));
        secret.send().await?;
    }
    let wrapped: Vec<u8> = serde_json::from_value(event["wrapped"].clone())?;
    let opened = clients.kms.decrypt().ciphertext_blob(Blob::new(wrapped));
    opened.send().await?;
    store(event).await?;
    Ok(json!({ "batchItemFailures": [] }))
}

/// One transaction with as many statements as `parse` runs, each of another text, so that the
/// server prepares each.
async fn store(event: &Value) -> Result<(), Error> {
    let port = event["database_port"].as_u64().unwrap_or_default();
    let options = MySqlConnectOptions::new()
        .host("localhost")
        .port(u16::try_from(port)?)
        .username("logbook")
        .password("golden")
        .database("cold_start")
        .ssl_mode(MySqlSslMode::Disabled);
    let mut connection = options.connect().await?;
    let mut transaction = connection.begin().await?;
    for at in 0..event["statements"].as_u64().unwrap_or_default() {
        let insert = format!("INSERT INTO t (id, n) VALUES (UUID(), ?) /* {at} */");
        sqlx::query(AssertSqlSafe(insert))
            .bind(at)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    connection.close().await?;
    Ok(())
}
