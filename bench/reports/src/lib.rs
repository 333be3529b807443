//! Sessions made up for measuring reports, and the rows that storing them would write.
//!
//! Skewed as those of the field are: few persons run the software every day and many now and then,
//! few features are used by all, versions spread slowly, accounts differ in size. Every session is
//! a pure function of a seed and its number.

mod random;
mod runs;
mod tsv;
mod world;

pub use runs::{Delivery, PROFILE, TIMEOUT_SECS};
pub use tsv::{LISTED_AS_OF, TABLES, Writer};
pub use world::{LAST_DAY, PRODUCT, Size, World};
