//! Which products there is something to do of.

use std::collections::BTreeMap;
use std::time::Duration;

use logbook_backends::sql::next_silence;
use logbook_model::{ProductId, Timestamp};
use logbook_pipeline::{Marks, ProductMarks, Snapshot};

use crate::{AnalyzeError, Context};

/// Sessions whose silence ends within this time are judged together: the database is opened for
/// silence twice an hour at most.
const TOGETHER: Duration = Duration::from_mins(30);

/// The marks, as they were before anything was read of the database.
#[derive(Debug)]
pub(crate) struct Called {
    read_at: Timestamp,
    as_of: Timestamp,
    /// `None` where there are no marks: all products are called for.
    marks: Option<BTreeMap<ProductId, ProductMarks>>,
}

impl Called {
    /// Reads the marks, and takes away those of products that are not registered: there is
    /// nothing to analyze of them.
    pub(crate) async fn read(
        context: &Context,
        products: &Snapshot,
        as_of: Timestamp,
    ) -> Result<Self, AnalyzeError> {
        let read_at = (context.now)();
        let marks = match &context.marks {
            Some(marks) => Some(registered(marks, products, read_at).await?),
            None => None,
        };
        Ok(Self {
            read_at,
            as_of,
            marks,
        })
    }

    /// Whether there is something to do of a product.
    pub(crate) fn calls(&self, product: &ProductId) -> bool {
        let Some(marks) = &self.marks else {
            return true;
        };
        marks
            .get(product)
            .is_some_and(|marks| marks.calls(self.as_of))
    }

    /// Since when there has been something to do of a product, where that is known.
    pub(crate) fn since(&self, product: &ProductId) -> Option<Timestamp> {
        self.marks.as_ref()?.get(product)?.since(self.as_of)
    }

    /// Notes that all was done of a product, and when silence calls for it next.
    pub(crate) async fn settle(
        &self,
        context: &Context,
        product: &ProductId,
        as_of: Timestamp,
    ) -> Result<(), AnalyzeError> {
        let (Some(marks), Some(seen)) = (&context.marks, &self.marks) else {
            return Ok(());
        };
        let together = Timestamp(as_of.0 + TOGETHER.as_micros() as i64);
        let next = next_silence(&context.analytics, product, as_of).await?;
        let next = next.map(|next| next.max(together));
        let none = ProductMarks::default();
        let seen = seen.get(product).unwrap_or(&none);
        Ok(marks.settle(product, seen, next, self.read_at).await?)
    }
}

async fn registered(
    marks: &Marks,
    products: &Snapshot,
    read_at: Timestamp,
) -> Result<BTreeMap<ProductId, ProductMarks>, AnalyzeError> {
    let mut registered = BTreeMap::new();
    for (product, seen) in marks.read().await? {
        // A product whose entry is faulty is a registered one.
        if matches!(products.product(&product), Ok(None)) {
            marks.settle(&product, &seen, None, read_at).await?;
        } else {
            registered.insert(product, seen);
        }
    }
    Ok(registered)
}
