//! The views as a data source for Tableau: `docs/tableau/logbook.tds`.
//!
//! One logical table a view, each related to the calendar by its day, as Tableau has had them since
//! 2020.2. The form is that of files which Tableau writes, and of its published schema of
//! documents; tables and columns are `[table]` and `[column (table)]` there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::description::{Column, ColumnType};
use crate::views::{View, adds_up, views};

/// What the addresses of a file stand for until it is opened.
const CONNECTION: &str = "class='mysql' dbname='analytics' odbc-native-protocol='yes' \
    one-time-sql='' port='3306' server='database.example.org' source-charset='' sslmode='require' \
    username='bi'";
const NAMED: &str = "mysql.logbook";
/// The table that all others are related to.
const ROOT: &str = "bi_calendar";

/// Figures that hold for whatever rows are put together: name, format, formula, meaning.
const CALCULATED: [(&str, &str, &str, &str); 3] = [
    (
        "Crash-free sessions",
        "p0.00%",
        "1 - SUM([crashed (bi_release_health)]) / SUM([sessions (bi_release_health)])",
        "Share of the sessions that did not crash, of all rows that are put together.",
    ),
    (
        "Error-free sessions",
        "p0.00%",
        "(SUM([ok (bi_release_health)]) + SUM([exited (bi_release_health)])) \
         / SUM([sessions (bi_release_health)])",
        "Share of the sessions that are ok or exited, of all rows that are put together.",
    ),
    (
        "Errors per use",
        "p0.00%",
        "SUM([errors (bi_feature_usage)]) / SUM([uses (bi_feature_usage)])",
        "Events that are errors, for each use, of all rows that are put together.",
    ),
];

/// The file `docs/tableau/logbook.tds`.
pub fn data_source() -> String {
    let views: Vec<View> = shown();
    let captions = captions(&views);
    let mut file = String::from("<?xml version='1.0' encoding='utf-8' ?>\n\n");
    file.push_str(
        "<datasource caption='Logbook' formatted-name='federated.logbook' inline='true' \
         source-platform='win' version='18.1' \
         xmlns:user='http://www.tableausoftware.com/xml/user'>\n\
         \x20 <document-format-change-manifest>\n\
         \x20   <ObjectModelEncapsulateLegacy />\n\
         \x20   <ObjectModelTableType />\n\
         \x20   <SchemaViewerObjectModel />\n\
         \x20 </document-format-change-manifest>\n",
    );
    connection(&mut file, &views);
    file.push_str("  <aliases enabled='yes' />\n");
    for (name, format, formula, meaning) in CALCULATED {
        let _ = writeln!(
            file,
            "  <column caption='{name}' datatype='real' default-format='{format}' \
             name='[{}]' role='measure' type='quantitative'>\n    \
             <calculation class='tableau' formula='{formula}' />\n{}  </column>",
            name.to_lowercase(),
            described(meaning)
        );
    }
    for view in &views {
        for column in &view.columns {
            field(&mut file, view, column, &captions);
        }
    }
    folders(&mut file, &views);
    file.push_str(
        "  <layout dim-ordering='alphabetic' measure-ordering='alphabetic' show-structure='true' />\n",
    );
    object_graph(&mut file, &views);
    file.push_str("</datasource>\n");
    file
}

/// The views that have a day, the calendar first.
fn shown() -> Vec<View> {
    let mut views = views();
    views.retain(|view| day_of(view).is_some());
    views.sort_by_key(|view| view.name != ROOT);
    views
}

/// The column by which a view is related to the calendar.
fn day_of(view: &View) -> Option<&'static str> {
    let names = view.columns.iter().map(|column| column.name);
    names
        .into_iter()
        .find(|name| matches!(*name, "day" | "cohort"))
}

fn connection(file: &mut String, views: &[View]) {
    let _ = writeln!(
        file,
        "  <connection class='federated'>\n    <named-connections>\n      \
         <named-connection caption='Logbook' name='{NAMED}'>\n        \
         <connection {CONNECTION} />\n      </named-connection>\n    </named-connections>\n    \
         <relation type='collection'>"
    );
    for view in views {
        let _ = writeln!(file, "      {}", relation(view));
    }
    file.push_str("    </relation>\n    <cols>\n");
    for view in views {
        for Column { name, .. } in &view.columns {
            let (local, view) = (local(view, name), view.name);
            let _ = writeln!(
                file,
                "      <map key='{local}' value='[{view}].[{name}]' />"
            );
        }
    }
    file.push_str("    </cols>\n    <metadata-records>\n");
    for view in views {
        for (ordinal, column) in (1..).zip(&view.columns) {
            record(file, view, ordinal, column);
        }
    }
    file.push_str("    </metadata-records>\n  </connection>\n");
}

fn relation(view: &View) -> String {
    let name = view.name;
    format!("<relation connection='{NAMED}' name='{name}' table='[{name}]' type='table' />")
}

fn record(file: &mut String, view: &View, ordinal: u32, column: &Column) {
    let kind = Kind::of(column);
    let (name, local) = (column.name, local(view, column.name));
    let _ = writeln!(
        file,
        "      <metadata-record class='column'>\n        \
         <remote-name>{name}</remote-name>\n        \
         <remote-type>{}</remote-type>\n        \
         <local-name>{local}</local-name>\n        \
         <parent-name>[{}]</parent-name>\n        \
         <remote-alias>{name}</remote-alias>\n        \
         <ordinal>{ordinal}</ordinal>\n        \
         <local-type>{}</local-type>\n        \
         <aggregation>{}</aggregation>\n        \
         <contains-null>true</contains-null>\n        \
         <object-id>[{}]</object-id>\n      \
         </metadata-record>",
        kind.remote,
        view.name,
        kind.datatype,
        aggregation(column),
        view.name
    );
}

/// What Tableau calls the types of columns.
struct Kind {
    datatype: &'static str,
    /// As OLE DB numbers them.
    remote: u8,
}

impl Kind {
    const fn of(column: &Column) -> Self {
        let (datatype, remote) = match column.kind {
            ColumnType::Date => ("date", 133),
            ColumnType::Time => ("datetime", 135),
            ColumnType::Text => ("string", 129),
            ColumnType::Integer | ColumnType::Boolean => ("integer", 20),
            ColumnType::Ratio | ColumnType::Number => ("real", 5),
        };
        Self { datatype, remote }
    }
}

/// What Tableau does with several rows unless it is told otherwise. Of what must not be added up it
/// shows the greatest, which is at least a figure of one of the rows.
fn aggregation(column: &Column) -> &'static str {
    match column.kind {
        _ if adds_up(column) => "Sum",
        ColumnType::Date | ColumnType::Time => "Year",
        ColumnType::Text => "Count",
        _ => "Max",
    }
}

fn field(file: &mut String, view: &View, column: &Column, captions: &Captions) {
    let is_measure = !column.groups
        && matches!(
            column.kind,
            ColumnType::Integer | ColumnType::Ratio | ColumnType::Number
        );
    let (role, kind) = match column.kind {
        _ if is_measure => ("measure", "quantitative"),
        ColumnType::Date | ColumnType::Time | ColumnType::Integer => ("dimension", "ordinal"),
        _ => ("dimension", "nominal"),
    };
    let mut more = String::new();
    if is_measure {
        more = format!(" aggregation='{}'", aggregation(column));
    }
    if column.kind == ColumnType::Ratio {
        more.push_str(" default-format='p0.00%'");
    }
    let unit = match column.unit {
        "-" | "1" => String::new(),
        unit => format!(" Unit: {unit}."),
    };
    let sum = if is_measure && !adds_up(column) {
        " Not to be added up."
    } else {
        ""
    };
    let text = escaped(&format!("{}{unit}{sum}", column.meaning));
    let _ = writeln!(
        file,
        "  <column{more} caption='{}' datatype='{}' name='{}' role='{role}' type='{kind}'>\n{}  \
         </column>",
        captions[&(view.name, column.name)],
        Kind::of(column).datatype,
        local(view, column.name),
        described(&text)
    );
}

fn described(text: &str) -> String {
    format!(
        "    <desc>\n      <formatted-text>\n        <run>{text}</run>\n      \
         </formatted-text>\n    </desc>\n"
    )
}

type Captions = BTreeMap<(&'static str, &'static str), String>;

/// Names for people, of which no two are the same: with the view's title where several views have
/// such a column.
fn captions(views: &[View]) -> Captions {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for column in views.iter().flat_map(|view| &view.columns) {
        *seen.entry(column.name).or_default() += 1;
    }
    let caption = |view: &View, column: &Column| {
        let name = readable(column.name);
        if seen[column.name] > 1 {
            format!("{name} ({})", view.title)
        } else {
            name
        }
    };
    let of_view = |view: &View| {
        let columns = view.columns.iter();
        let captions = columns.map(|column| ((view.name, column.name), caption(view, column)));
        captions.collect::<Vec<_>>()
    };
    views.iter().flat_map(of_view).collect()
}

/// `p95_us` as "P95 (µs)", `new_users` as "New users".
fn readable(name: &str) -> String {
    match name {
        "dau" | "wau" | "mau" => return name.to_uppercase(),
        "os" => return "OS".to_owned(),
        "os_version" => return "OS version".to_owned(),
        _ => {}
    }
    let (name, unit) = match name.strip_suffix("_us") {
        Some(name) => (name, " (µs)"),
        None => (name, ""),
    };
    let mut text = name.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + unit
}

/// A folder for each view, so that fields of the same name are not mistaken.
fn folders(file: &mut String, views: &[View]) {
    file.push_str("  <folders-common>\n");
    for view in views {
        let _ = writeln!(file, "    <folder name='{}'>", view.title);
        for column in &view.columns {
            let local = local(view, column.name);
            let _ = writeln!(file, "      <folder-item name='{local}' type='field' />");
        }
        file.push_str("    </folder>\n");
    }
    file.push_str("  </folders-common>\n");
}

fn object_graph(file: &mut String, views: &[View]) {
    file.push_str("  <object-graph>\n    <objects>\n");
    for view in views {
        let _ = writeln!(
            file,
            "      <object caption='{}' id='{}'>\n        <properties context=''>\n          {}\n        \
             </properties>\n      </object>",
            view.title,
            view.name,
            relation(view)
        );
    }
    file.push_str("    </objects>\n    <relationships>\n");
    for view in views.iter().filter(|view| view.name != ROOT) {
        let Some(day) = day_of(view) else { continue };
        let _ = writeln!(
            file,
            "      <relationship>\n        <expression op='='>\n          \
             <expression op='[day ({ROOT})]' />\n          \
             <expression op='{}' />\n        </expression>\n        \
             <first-end-point object-id='{ROOT}' unique-key='true' />\n        \
             <second-end-point object-id='{}' />\n      </relationship>",
            local(view, day),
            view.name
        );
    }
    file.push_str("    </relationships>\n  </object-graph>\n");
}

/// The name of a field in the file.
fn local(view: &View, column: &str) -> String {
    format!("[{column} ({})]", view.name)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\'', "&apos;")
}
