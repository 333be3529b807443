//! Logs made up for the benchmarks: of the shape of the field's, and of nobody's content. They
//! compress about as well as such logs do (7 to 9 times, FUS 16 times: tested below), since what
//! inflating costs depends on it.

use std::fmt::Write;

/// A log of a family, and the built-in profile that reads it.
#[derive(Debug)]
pub struct Sample {
    /// What it is called in the figures.
    pub name: &'static str,
    /// The profile's id.
    pub profile: &'static str,
    /// The log.
    pub log: String,
}

const WORDS: [&str; 24] = [
    "open", "save", "print", "export", "undo", "redo", "search", "replace", "zoom", "rotate",
    "import", "share", "layer", "margin", "outline", "palette", "preview", "revision", "stencil",
    "table", "template", "theme", "toolbar", "window",
];

/// Numbers that look random and are the same on every run (Knuth's MMIX generator).
#[derive(Debug)]
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len() as u64) as usize]
    }
}

/// A log of about `bytes` bytes for each family and profile.
pub fn samples(bytes: usize) -> Vec<Sample> {
    let sample = |name, profile, line: fn(&mut Numbers, u64, &mut String), head: &str| {
        let mut numbers = Numbers(1);
        let mut log = head.to_owned();
        let mut n = 0;
        while log.len() < bytes {
            line(&mut numbers, n, &mut log);
            n += 1;
        }
        Sample { name, profile, log }
    };
    let udc = "what,kind,bundleId,bundleVersion,description,time\n";
    vec![
        sample("ndjson/logbook", "logbook", logbook, ""),
        sample("ndjson/fus", "jetbrains-fus", fus, ""),
        sample("csv/udc", "eclipse-udc", udc_row, udc),
        sample("text/idea-log", "idea-log", idea, ""),
        sample("text/minecraft", "minecraft", minecraft, ""),
    ]
}

// Writing to a String cannot fail.
macro_rules! put {
    ($out:expr, $($format:tt)+) => {{ let _ = writeln!($out, $($format)+); }};
}

fn logbook(numbers: &mut Numbers, n: u64, out: &mut String) {
    let (minute, second) = (n / 6000 % 60, n / 100 % 60);
    put!(
        out,
        r#"{{"time":"2026-02-01T10:{minute:02}:{second:02}.{:03}Z","name":"{}.{}","level":"info","session":"9f3c2a7e-{:04}","user":"u-{:05}","version":"4.2.{}","duration_ms":{},"panel":"{}","zoom":{},"message":"{} of document {:08x} done in the background"}}"#,
        numbers.below(1000),
        numbers.word(),
        numbers.word(),
        n / 500,
        numbers.below(900),
        n / 90_000,
        numbers.below(4000),
        numbers.word(),
        numbers.below(400),
        numbers.word(),
        numbers.below(1 << 31)
    );
}

fn fus(numbers: &mut Numbers, n: u64, out: &mut String) {
    put!(
        out,
        r#"{{"product":"XX","device":"0102030405-6a7b8c9d","session":"a1b2c3d4e5f6","build":"191.7479","bucket":"{}","time":{},"group":{{"id":"{}.usage","version":"1"}},"event":{{"count":{},"data":{{"created":{},"place":"{}","context_menu":false}},"id":"{}"}}}}"#,
        numbers.below(256),
        1_569_311_346_067 + n * 120 + numbers.below(100),
        numbers.word(),
        1 + numbers.below(3),
        1_569_311_346_067 + n * 120 + numbers.below(100),
        numbers.word(),
        numbers.word()
    );
}

fn udc_row(numbers: &mut Numbers, n: u64, out: &mut String) {
    put!(
        out,
        "executed,command,org.example.{},3.7.0.v201105{:02}-0800,\"org.example.{}.{}\",{}",
        numbers.word(),
        1 + numbers.below(20),
        numbers.word(),
        numbers.word(),
        1_329_275_166_421 + n * 900 + numbers.below(900)
    );
}

fn stamp(n: u64) -> (u64, u64, u64) {
    (n / 360_000 % 24, n / 6000 % 60, n / 100 % 60)
}

fn idea(numbers: &mut Numbers, n: u64, out: &mut String) {
    let (hour, minute, second) = stamp(n);
    if n.is_multiple_of(40) {
        put!(
            out,
            "\tat com.example.{}.Action.perform(Action.java:{})",
            numbers.word(),
            n % 900
        );
    }
    put!(
        out,
        "2026-02-01 {hour:02}:{minute:02}:{second:02},{:03} [{:7}]   INFO - #com.example.ide.{} - {} of {:06x} finished after {} ms in the background",
        numbers.below(1000),
        n * 10,
        numbers.word(),
        numbers.word(),
        numbers.below(1 << 24),
        numbers.below(5000)
    );
}

fn minecraft(numbers: &mut Numbers, n: u64, out: &mut String) {
    let (hour, minute, second) = stamp(n);
    if n.is_multiple_of(60) {
        put!(
            out,
            "\tat net.example.{}.Server.tick(Server.java:{})",
            numbers.word(),
            n % 900
        );
    }
    put!(
        out,
        "[{hour:02}:{minute:02}:{second:02}] [Server thread/INFO]: Player{} has made the advancement [{} {}] at {}, {}",
        numbers.below(40),
        numbers.word(),
        numbers.word(),
        numbers.below(4000),
        numbers.below(4000)
    );
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use logbook_seal::{LocalKey, SealBounds, SealingKey, seal};

    use super::samples;

    #[test]
    fn samples_compress_as_logs_of_the_field_do() {
        let key = LocalKey::generate().unwrap();
        let key = SealingKey::local("bench", &key).unwrap();
        for sample in samples(1 << 20) {
            let log = Cursor::new(sample.log.as_bytes());
            let sealed = seal(log, "log", &key, &SealBounds::default()).unwrap();
            let times = sample.log.len() as f64 / sealed.body.len() as f64;
            let expected = if sample.name.ends_with("fus") {
                12.0..18.0
            } else {
                5.5..9.0
            };
            assert!(expected.contains(&times), "{}: {times:.1}", sample.name);
        }
    }
}
