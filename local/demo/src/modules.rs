//! The modules of the product and the names of their features.

use crate::catalog::Pace::{self, Batch, Instant, Medium, Quick, Slow};
use crate::releases::{V4_1_0, V4_3_0};

/// One module as it is written down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModuleSpec {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// Accounts pay for it.
    pub(crate) licensed: bool,
    /// The release that brought it.
    pub(crate) since: u8,
    /// How much it is used by everybody.
    pub(crate) weight: u32,
    pub(crate) pace: Pace,
    /// Share of failing uses, in parts per million.
    pub(crate) error_ppm: u32,
    /// Most used first.
    pub(crate) features: &'static [&'static str],
}

macro_rules! modules {
    ($($id:literal $title:literal $licensed:literal $since:expr, $weight:literal $pace:ident
       $errors:literal [$($feature:literal)+])+) => {
        /// Every module; document, edit and view first.
        pub(crate) static MODULES: &[ModuleSpec] = &[$(ModuleSpec {
            id: $id,
            title: $title,
            licensed: $licensed,
            since: $since,
            weight: $weight,
            pace: $pace,
            error_ppm: $errors,
            features: &[$(concat!($id, ".", $feature)),+],
        }),+];
    };
}

modules! {
    "document" "Documents" false 0, 6 Medium 3_000 [
        "save" "open" "close" "new" "save_as" "autosave" "template.apply" "properties.edit"
        "revert" "compare" "package" "backup.restore"]
    "edit" "Editing" false 0, 22 Instant 300 [
        "undo" "transform" "paste" "redo" "duplicate" "rotate" "scale" "paste_in_place"
        "select_same" "step_repeat"]
    "view" "View" false 0, 20 Instant 150 [
        "zoom" "pan" "preview.toggle" "guides.add" "fit_page" "guides.snap" "grid.toggle"
        "rulers.toggle" "overprint" "split"]
    "text" "Text" false 0, 24 Quick 900 [
        "type" "paste" "frame.create" "find" "spellcheck" "replace" "frame.link" "import.docx"
        "wrap.set" "glyph.insert" "hyphenate" "story.edit" "import.rtf" "footnote.add"
        "index.entry.add" "baseline.align"]
    "style" "Styles" false 0, 11 Instant 400 [
        "paragraph.apply" "character.apply" "paragraph.edit" "object.apply" "character.edit"
        "object.edit" "redefine" "import" "nested.edit"]
    "page" "Pages" false 0, 9 Quick 400 [
        "add" "move" "duplicate" "master.apply" "delete" "master.edit" "numbering.edit"
        "margins.edit" "size.change" "spread.shuffle" "rotate_view"]
    "image" "Images" false 0, 14 Medium 4_500 [
        "place" "crop" "fit" "relink" "links.update" "effects.apply" "edit_original" "embed"
        "clipping_path" "caption.add" "resample" "unembed"]
    "table" "Tables" false 0, 7 Quick 1_200 [
        "row.add" "insert" "cell.merge" "column.add" "style.apply" "import.csv" "cell.split"
        "header.set" "fit" "sort"]
    "vector" "Drawing" false 0, 8 Instant 700 [
        "shape.draw" "align" "pen.draw" "group" "distribute" "stroke.edit" "ungroup"
        "gradient.edit" "path.join" "corner.edit" "pathfinder.unite" "pathfinder.subtract"
        "path.split" "outline.convert"]
    "color" "Colour" false 0, 7 Instant 800 [
        "swatch.apply" "eyedropper" "swatch.add" "swatch.edit" "profile.assign" "tint.edit"
        "proof.setup" "gradient.add" "profile.convert" "library.load"]
    "layer" "Layers" false 0, 5 Instant 100 [
        "hide" "lock" "add" "reorder" "duplicate" "merge" "rename"]
    "export" "Export" false 0, 5 Slow 9_000 [
        "pdf" "pdf_x" "png" "jpeg" "epub" "preset.edit" "idml" "html" "svg"]
    "print" "Printing" false 0, 2 Slow 11_000 [
        "preview" "print" "preset.edit" "booklet" "separations"]
    "library" "Asset library" false 0, 3 Medium 7_000 [
        "asset.place" "search" "asset.add" "sync" "tag" "share"]
    "app" "Application" false 0, 3 Quick 500 [
        "search.command" "preferences.open" "panel.dock" "workspace.switch"
        "preferences.change" "help.open" "update.check" "shortcut.edit" "plugin.enable"
        "language.change"]
    "script" "Scripting" false 0, 1 Slow 16_000 [
        "run" "console.open" "edit" "record" "schedule"]
    "prepress" "Prepress" true 0, 8 Slow 6_000 [
        "preflight.run" "bleed.check" "separations.preview" "imposition.create" "marks.add"
        "ink.manager" "flatten" "trap.preview" "imposition.edit" "trap.edit"
        "preflight.profile.edit" "jdf.submit"]
    "datamerge" "Data merge" true 0, 6 Batch 8_000 [
        "preview" "run" "source.refresh" "field.insert" "source.connect" "export.batch"
        "condition.edit" "image.map" "barcode.generate"]
    "fonts" "Font service" true 0, 4 Medium 6_500 [
        "activate" "search" "sync" "variable_axis.edit" "subset" "audit"]
    "collab" "Shared review" true V4_1_0, 9 Medium 10_000 [
        "comment.add" "changes.accept" "comment.resolve" "share" "review.start" "mention.add"
        "review.approve" "presence.follow" "changes.reject" "version.restore"]
    "assistant" "Layout assistant" true V4_3_0, 10 Slow 18_000 [
        "layout.suggest" "text.fit" "alt_text.generate" "style.match" "image.extend"
        "summary.create"]
}

/// Features whose pace is not that of their module.
pub(crate) static PACES: &[(&str, Pace)] = &[
    ("document.autosave", Quick),
    ("document.close", Quick),
    ("document.package", Slow),
    ("document.compare", Slow),
    ("text.type", Instant),
    ("text.import.docx", Slow),
    ("image.crop", Quick),
    ("image.fit", Instant),
    ("image.links.update", Slow),
    ("export.preset.edit", Quick),
    ("export.epub", Batch),
    ("export.pdf_x", Batch),
    ("print.preview", Medium),
    ("prepress.marks.add", Quick),
    ("prepress.ink.manager", Quick),
    ("datamerge.field.insert", Instant),
    ("datamerge.preview", Medium),
    ("collab.comment.add", Quick),
    ("color.profile.convert", Medium),
];

/// Features that are logged in bundles, one row standing for many occurrences; and for how many
/// typically.
pub(crate) static BUNDLED: &[(&str, u64)] = &[
    ("text.type", 60),
    ("edit.undo", 3),
    ("view.zoom", 6),
    ("view.pan", 9),
];
