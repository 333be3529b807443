//! The product's releases, and what each changed.

/// Days that the demo covers.
pub(crate) const PERIOD_DAYS: i32 = 60;

/// One release of the product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReleaseSpec {
    pub(crate) version: &'static str,
    /// What testers run before it is out.
    pub(crate) candidate: &'static str,
    /// Day of the period on which it came out; negative: before.
    pub(crate) on: i32,
    pub(crate) runtime: &'static str,
}

const fn release(
    version: &'static str,
    candidate: &'static str,
    on: i32,
    runtime: &'static str,
) -> ReleaseSpec {
    ReleaseSpec {
        version,
        candidate,
        on,
        runtime,
    }
}

/// Oldest first.
pub(crate) static RELEASES: [ReleaseSpec; 8] = [
    release("4.0.0", "4.0.0-rc.1", -45, "Qt 6.5.3"),
    release("4.0.2", "4.0.2-rc.1", -24, "Qt 6.5.3"),
    release("4.1.0", "4.1.0-rc.1", 3, "Qt 6.5.3"),
    release("4.1.1", "4.1.1-rc.1", 12, "Qt 6.5.3"),
    release("4.2.0", "4.2.0-rc.1", 24, "Qt 6.7.2"),
    release("4.2.1", "4.2.1-rc.1", 34, "Qt 6.7.2"),
    release("4.3.0", "4.3.0-rc.1", 44, "Qt 6.7.2"),
    release("4.3.1", "4.3.1-rc.1", 53, "Qt 6.8.1"),
];

/// The first release whose clients name the session in every line of a log; older ones say it
/// once, beside the upload.
pub(crate) const SESSION_IN_LINES_SINCE: u8 = 2;
/// The release that brought shared review (module `collab`).
pub(crate) const V4_1_0: u8 = 2;
/// The bad release.
pub(crate) const V4_2_0: u8 = 4;
/// The release that brought the assistant, and opens documents faster.
pub(crate) const V4_3_0: u8 = 6;

/// The feature that the bad release broke.
pub(crate) const BROKEN_FEATURE: &str = "image.place";

/// Chances of a fault in one use, in parts per million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Faults {
    pub(crate) error: u32,
    pub(crate) unhandled: u32,
    pub(crate) crash: u32,
}

/// Errors and crashes that a release adds to a feature's own.
pub(crate) fn added_faults(release: u8, feature: &str, mac: bool) -> Faults {
    if release == V4_2_0 && feature == BROKEN_FEATURE {
        return Faults {
            error: 110_000,
            unhandled: 12_000,
            crash: if mac { 85_000 } else { 28_000 },
        };
    }
    Faults {
        error: 0,
        unhandled: 0,
        crash: 0,
    }
}

/// How long a feature takes under a release, in percent of what it takes else.
pub(crate) fn pace_percent(release: u8, feature: &str) -> u64 {
    if release == V4_2_0 && feature.starts_with("export.") {
        return 240;
    }
    if release >= V4_3_0 && feature == "document.open" {
        return 65;
    }
    100
}

/// Whether a release only mends the one before it.
pub(crate) fn is_patch(release: usize) -> bool {
    !RELEASES[release].version.ends_with(".0")
}
