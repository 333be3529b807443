//! `logbook run`: the whole pipeline in one process.

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use logbook_backends::Durability;
use logbook_bootstrap::telemetry::{self, LogFormat};
use logbook_model::{Consent, ProductId};
use logbook_pipeline::{NewProduct, add_product, add_product_key, steps};
use logbook_upload::Tickets;

use super::block_on;
use crate::cli::RunArgs;
use crate::host::{DataFolder, Host, Loops, Pace, Secrets, Server, bind};
use crate::output;

pub(super) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let format = if args.json_logs {
        LogFormat::Json
    } else {
        LogFormat::Text
    };
    telemetry::start(format, &args.log);
    if let Some(plan) = &args.kill_at {
        let (step, nth) = plan.split_once(':').unwrap_or((plan, "1"));
        anyhow::ensure!(steps::STEPS.contains(&step), "there is no step {step:?}");
        steps::kill_at(step, nth.parse()?);
    }
    block_on(serve(args))
}

async fn serve(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let data = DataFolder::new(args.data.data.clone());
    let _lock = data.lock()?;
    let listener = bind(args.listen).await?;
    // The port that was given, where 0 asked for any.
    let address = listener.local_addr()?;
    let mut host = Host::open(data, Durability::Fsync).await?;
    let greeting = first_run(&host, &ProductId::new(args.product.as_str())?, address).await?;
    let token = Secrets::new(&host.data).token()?.text;
    let tickets = local_tickets(&host, address)?;
    let server = Server::new(
        listener,
        logbook_upload::app(host.upload(Arc::clone(&tickets))),
        logbook_query::app(host.query(&token)),
        tickets,
        host.inbox.clone(),
    )?;
    let pace = Pace {
        analyze: Duration::from_secs(args.analyze_secs.max(1)),
        sweep: Duration::from_secs(args.sweep_secs.max(1)),
        sweep_age: Duration::from_secs(args.sweep_age_secs),
        tells: true,
        ..Pace::default()
    };
    let _loops = Loops::start(&mut host, pace);
    output::text(&greeting)?;
    server.run(stopped()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Tickets that this process honours.
pub(super) fn local_tickets(
    host: &Host,
    address: std::net::SocketAddr,
) -> anyhow::Result<Arc<Tickets>> {
    let key = Secrets::new(&host.data).ticket_key()?;
    Ok(Arc::new(Tickets::local(format!("http://{address}"), key)))
}

/// Waits for Ctrl-C or a request to end.
pub(super) async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Registers the first product and makes the secrets; what to tell.
async fn first_run(
    host: &Host,
    product: &ProductId,
    address: std::net::SocketAddr,
) -> anyhow::Result<String> {
    let secrets = Secrets::new(&host.data);
    let token = secrets.token()?;
    let mut greeting = format!("Logbook listens on http://{address}\n");
    let mut tell = |text: String| {
        let written = writeln!(greeting, "{text}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    };
    if host.registry.snapshot().await?.products().next().is_none() {
        let new = NewProduct {
            id: product.clone(),
            profile: "auto".to_owned(),
            consent: Consent::Usage,
            min_users: 5,
            accounts_readable: false,
        };
        add_product(&host.vault.archive, new).await?;
    }
    if secrets.product_key(product)?.is_none()
        && host.registry.reload().await?.product(product)?.is_some()
    {
        let key = add_product_key(&host.vault.archive, product).await?;
        secrets.keep_product_key(product, &key)?;
        host.registry.reload().await?;
        tell(format!(
            "product {product}, its upload key (shown once): {key}"
        ));
    }
    if token.new {
        tell(format!("API token (shown once): {}", token.text));
        tell(format!("open http://{address}/#token={}", token.text));
    } else {
        tell(format!(
            "open http://{address}/#token=… with the token in {}/token",
            host.data.secrets().display()
        ));
    }
    let snapshot = host.registry.snapshot().await?;
    let held = match snapshot.product(product)? {
        Some(held) => Some(held),
        None => snapshot.products().next(),
    };
    let Some(product) = held.map(|held| &held.id) else {
        return Ok(greeting);
    };
    tell(format!(
        "drop files into {}/{product}/, or send them:",
        host.data.drop_folder().display()
    ));
    if secrets.product_key(product)?.is_some() {
        tell(format!(
            "  curl --data-binary @your.log -H \"Authorization: Bearer $(cat {}/product-key-{product})\" http://{address}/v1/logs",
            host.data.secrets().display()
        ));
    }
    std::fs::create_dir_all(host.data.drop_folder().join(product.as_str()))?;
    Ok(greeting)
}
