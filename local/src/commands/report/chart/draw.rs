//! Lines of a chart, out of blocks.

const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A text of so many characters at most, without any that would do something to a terminal.
pub(super) fn short(text: &str, most: usize) -> String {
    let plain = text.chars().map(|c| if c.is_control() { '·' } else { c });
    let plain: String = plain.collect();
    if plain.chars().count() <= most {
        return plain;
    }
    let kept: String = plain.chars().take(most - 1).collect();
    kept + "…"
}

/// A label, and blanks up to where the chart begins.
pub(super) fn put_label(chart: &mut String, label: &str, width: usize) {
    chart.push_str(label);
    let blanks = (width + 2).saturating_sub(label.chars().count());
    chart.extend(std::iter::repeat_n(' ', blanks));
}

/// Values as heights between 0 and the greatest, which is given too. Where there are more than
/// there is room for, each cell shows the greatest of its own.
pub(super) fn line(values: &[Option<f64>], room: usize) -> (String, f64) {
    let peak = values.iter().flatten().copied().fold(0.0, f64::max);
    let each = values.len().div_ceil(room.max(1)).max(1);
    let cells = values.chunks(each).map(|chunk| {
        let most = chunk.iter().flatten().copied().reduce(f64::max);
        most.map_or(' ', |value| {
            let share = if peak > 0.0 { value / peak } else { 0.0 };
            HEIGHTS[((share * 8.0) as usize).min(7)]
        })
    });
    (cells.collect(), peak)
}

/// A value as a bar, of which the greatest takes all the room.
pub(super) fn bar(value: f64, most: f64, room: usize) -> String {
    let share = if most > 0.0 {
        (value / most).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let eighths = (share * room as f64 * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    match eighths % 8 {
        0 if eighths == 0 && value > 0.0 => bar.push(PARTS[0]),
        0 => {}
        part => bar.push(PARTS[part - 1]),
    }
    bar
}

/// An estimate between its ends.
pub(super) struct Interval {
    pub(super) low: f64,
    pub(super) value: f64,
    pub(super) high: f64,
    /// Whether it leaves out zero.
    pub(super) is_plain: bool,
}

/// An interval on a scale from `-reach` to `reach`, with a line at zero.
pub(super) fn interval(interval: &Interval, reach: f64, room: usize) -> String {
    let last = (room - 1) / 2 * 2;
    let at = |value: f64| {
        let share = if reach > 0.0 { value / reach } else { 0.0 };
        (f64::midpoint(share, 1.0) * last as f64)
            .round()
            .clamp(0.0, last as f64) as usize
    };
    let (low, value, high) = (at(interval.low), at(interval.value), at(interval.high));
    let cell = |column| match column {
        column if column == value => {
            if interval.is_plain {
                '●'
            } else {
                '○'
            }
        }
        column if column == low => '├',
        column if column == high => '┤',
        column if column > low && column < high => '─',
        column if column == last / 2 => '│',
        _ => ' ',
    };
    let drawn: String = (0..=last).map(cell).collect();
    drawn.trim_end().to_owned()
}
