//! `logbook upload` to a stack.

use std::process::ExitCode;

use anyhow::Context;
use tokio::runtime::Handle;

use super::{Teller, Way, check_key, files_of, product_of, query, upload};
use crate::api::Client;
use crate::cli::UploadArgs;
use crate::output;
use crate::stack::Stack;

/// Uploads by the key of a product; the addresses and the API key are the stack's own.
pub(in crate::commands) fn on_stack(args: &UploadArgs, stack: &Stack) -> anyhow::Result<ExitCode> {
    check_key(args)?;
    let files = files_of(args)?;
    let key = args.key.clone().with_context(|| {
        format!(
            "the product's upload key is needed: --key or LOGBOOK_KEY; `logbook product key \
             PRODUCT --stack {}` makes a further one",
            stack.name
        )
    })?;
    let runtime = Handle::current();
    let api_key = match &args.gateway.api_key {
        Some(api_key) => api_key.clone(),
        None => runtime
            .block_on(stack.clients.api_key(stack.need("UploadApiKeyId")?))
            .context("give the upload API's key with --api-key or LOGBOOK_API_KEY")?,
    };
    let url = args
        .url
        .as_deref()
        .map_or_else(|| stack.need("UploadUrl"), Ok)?;
    let teller = if args.gateway.token.is_some() {
        let url = args.gateway.query_url.as_deref();
        query(args, url.map_or_else(|| stack.need("QueryUrl"), Ok)?, &key)?
    } else {
        listing(stack, &key, runtime)?
    };
    let way = Way {
        door: Client::new(url, key, Some(api_key))?,
        teller,
        to: format!("the key's product on {}", stack.name),
    };
    upload(args, &files, &way)
}

/// The archive, if the caller may list it.
fn listing(stack: &Stack, key: &str, runtime: Handle) -> anyhow::Result<Teller> {
    let (archive, product) = (stack.archive()?, product_of(key)?);
    let probe = logbook_pipeline::ARCHIVE_PREFIX;
    if let Err(error) = runtime.block_on(archive.list(probe, None, 1)) {
        output::note(&format!(
            "what is there already cannot be seen ({error}): every file is sent"
        ));
        return Ok(Teller::Nobody);
    }
    Ok(Teller::Archive {
        archive,
        product,
        runtime,
    })
}
