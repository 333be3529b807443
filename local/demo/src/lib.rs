//! Sixty days in the life of a fictional product, as the logs that its users would send.
//!
//! The product is *Quire*, a page layout editor with some two hundred features in twenty-one
//! modules, eight releases (one of them bad), accounts that grow, stay and drift away, users
//! with habits, machines with wrong clocks, and uploads that come late, twice, or broken. All
//! of it is a pure function of [`DemoConfig`]: no clock, no environment, integer arithmetic,
//! its own random numbers and its own gzip, so that the same config gives the same bytes on
//! every machine and with every version of every other crate.
//!
//! ```
//! use logbook_demo::{Demo, DemoConfig, Expect};
//! use logbook_model::Day;
//!
//! let config = DemoConfig { sessions: 200, ..DemoConfig::new(Day::from_civil(2026, 6, 30)) };
//! let demo = Demo::new(config);
//! let parsed = demo
//!     .uploads()
//!     .filter(|upload| matches!(upload.expect, Expect::Parsed { .. }));
//! assert_eq!(parsed.count() as u64, demo.truth().uploads["parsed"]);
//! ```

mod accounts;
mod catalog;
mod demo;
mod faults;
mod gzip;
mod junk;
mod modules;
mod packing;
mod people;
mod plan;
mod product;
mod releases;
mod render;
mod rng;
mod runs;
mod script;
mod sheet;
mod truth;
mod upload;
mod world;

pub use accounts::{Account, AccountState};
pub use demo::{Demo, DemoConfig, Uploads};
pub use product::{Product, ProductModule, Release};
pub use truth::{Tallies, Truth};
pub use upload::{Expect, Route, Upload};
