//! A mergeable sketch of durations.

use std::cmp::Ordering;

/// Relative error of a quantile read from a [`Sketch`].
const ACCURACY: f64 = 0.01;

/// A distribution of durations in microseconds, with integer bucket counts, so that merging is
/// exact, and does not depend on order.
///
/// It answers any quantile within 1 % of the true value. Source: Masson, Rim and Lee,
/// "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
/// VLDB 2019. The bucket borders are integers made by repeated multiplication, not by `ln`, so
/// that the same durations give the same buckets on every machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Sketch {
    buckets: Buckets,
    sum_us: u64,
}

/// Index and count of a bucket that holds anything.
type Bucket = (u16, u64);

/// Buckets, by index. Most names come once in a session, or always take about as long: one
/// bucket is kept in place.
#[derive(Debug, Clone, Default)]
enum Buckets {
    #[default]
    None,
    One([Bucket; 1]),
    Many(Vec<Bucket>),
}

impl Buckets {
    fn as_slice(&self) -> &[Bucket] {
        match self {
            Self::None => &[],
            Self::One(bucket) => bucket,
            Self::Many(buckets) => buckets,
        }
    }

    fn add(&mut self, index: u16, count: u64) {
        let held = match self {
            Self::None => {
                *self = Self::One([(index, count)]);
                return;
            }
            Self::One(bucket) => bucket.as_mut_slice(),
            Self::Many(buckets) => buckets,
        };
        match held.binary_search_by_key(&index, |&(held, _)| held) {
            Ok(at) => {
                let bucket = &mut held[at].1;
                *bucket = bucket.saturating_add(count);
            }
            Err(at) => self.insert(at, (index, count)),
        }
    }

    fn insert(&mut self, at: usize, bucket: Bucket) {
        if let Self::Many(buckets) = self {
            buckets.insert(at, bucket);
        } else {
            let mut buckets = Vec::with_capacity(4);
            buckets.extend_from_slice(self.as_slice());
            buckets.insert(at, bucket);
            *self = Self::Many(buckets);
        }
    }
}

impl PartialEq for Buckets {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Buckets {}

impl PartialOrd for Buckets {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Buckets {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

/// The border after another; the first two are 0 and 1.
const fn next_border(last: u64) -> u64 {
    let gamma = (1.0 + ACCURACY) / (1.0 - ACCURACY);
    let (step, times) = (last + 1, (last as f64 * gamma) as u64);
    if step > times { step } else { times }
}

/// 2^62 µs is 146,000 years: whatever is longer falls into the last bucket.
const LAST_BORDER: u64 = 1 << 62;

const BUCKETS: usize = {
    let (mut buckets, mut last) = (2, 1);
    while last < LAST_BORDER {
        last = next_border(last);
        buckets += 1;
    }
    buckets
};

/// Lower borders of the buckets; bucket `i` holds `BORDERS[i] ..= BORDERS[i + 1] - 1`.
static BORDERS: [u64; BUCKETS] = borders();

const fn borders() -> [u64; BUCKETS] {
    let mut borders = [0; BUCKETS];
    borders[1] = 1;
    let mut at = 2;
    while at < BUCKETS {
        borders[at] = next_border(borders[at - 1]);
        at += 1;
    }
    borders
}

/// Leading bits of a duration after its highest one, by which [`FIRST`] is indexed.
const CELL_BITS: u32 = 4;
const CELLS: usize = 64 << CELL_BITS;

/// For each place of the highest bit and each value of the bits after it: a bucket not above
/// that of any such duration, and at most three below it.
static FIRST: [u16; CELLS] = first_of_cells(&borders());

const fn first_of_cells(borders: &[u64; BUCKETS]) -> [u16; CELLS] {
    let mut first = [0; CELLS];
    let (mut cell, mut bucket) = (0, 0);
    while cell < CELLS {
        let (place, bits) = (cell >> CELL_BITS, cell & ((1 << CELL_BITS) - 1));
        let least = ((bits | 1 << CELL_BITS) as u128) << place >> CELL_BITS;
        while bucket + 1 < BUCKETS && borders[bucket + 1] as u128 <= least {
            bucket += 1;
        }
        first[cell] = bucket as u16;
        cell += 1;
    }
    first
}

/// The bucket of a duration.
fn bucket_of(duration_us: u64) -> u16 {
    if duration_us == 0 {
        return 0;
    }
    let zeros = duration_us.leading_zeros();
    let bits = (duration_us << zeros) >> (63 - CELL_BITS) & ((1 << CELL_BITS) - 1);
    let first = FIRST[(u64::from(63 - zeros) << CELL_BITS | bits) as usize];
    let above = BORDERS[usize::from(first) + 1..].iter();
    first + above.take_while(|&&border| border <= duration_us).count() as u16
}

/// A byte string that is no sketch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("damaged duration sketch at byte {position}")]
pub struct SketchError {
    /// Zero-based byte position.
    pub position: usize,
}

impl Sketch {
    /// Adds `count` durations of `duration_us` microseconds each; none of them is no change.
    pub fn add(&mut self, duration_us: u64, count: u64) {
        if count == 0 {
            return;
        }
        self.buckets.add(bucket_of(duration_us), count);
        self.sum_us = self
            .sum_us
            .saturating_add(duration_us.saturating_mul(count));
    }

    /// Adds all of another sketch. Associative and commutative.
    pub fn merge(&mut self, other: &Self) {
        for &(index, count) in other.buckets.as_slice() {
            self.buckets.add(index, count);
        }
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }

    /// How many durations were added.
    pub fn count(&self) -> u64 {
        let buckets = self.buckets.as_slice().iter();
        buckets.fold(0, |sum, &(_, n)| sum.saturating_add(n))
    }

    /// Their sum in microseconds, exact.
    pub const fn sum_us(&self) -> u64 {
        self.sum_us
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.buckets.as_slice().is_empty()
    }

    /// The duration in microseconds below or at which the share `q` (0 to 1) of all lies,
    /// within 1 %; `None` when empty. The nearest-rank definition of a quantile.
    pub fn quantile_us(&self, q: f64) -> Option<u64> {
        let count = self.count();
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let mut seen = 0u64;
        for &(index, bucket) in self.buckets.as_slice() {
            seen = seen.saturating_add(bucket);
            if seen >= rank {
                return Some(middle(usize::from(index)));
            }
        }
        None
    }

    /// A compact byte form: unsigned LEB128 of the sum, then of (index step, count) pairs.
    pub fn to_bytes(&self) -> Vec<u8> {
        let buckets = self.buckets.as_slice();
        let mut out = Vec::with_capacity(8 + buckets.len() * 3);
        write_varint(&mut out, self.sum_us);
        let mut last = 0u16;
        for &(index, count) in buckets {
            write_varint(&mut out, u64::from(index - last));
            write_varint(&mut out, count);
            last = index;
        }
        out
    }

    /// The inverse of [`Sketch::to_bytes`]. An empty string is an empty sketch.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SketchError> {
        let mut sketch = Self::default();
        if bytes.is_empty() {
            return Ok(sketch);
        }
        let mut position = 0;
        sketch.sum_us = read_varint(bytes, &mut position)?;
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut index = 0u64;
        while position < bytes.len() {
            let start = position;
            index = index.saturating_add(read_varint(bytes, &mut position)?);
            let count = read_varint(bytes, &mut position)?;
            if index as usize >= BORDERS.len() {
                return Err(SketchError { position: start });
            }
            // Written by an earlier version for durations that stood for nothing.
            if count == 0 {
                continue;
            }
            match buckets.last_mut() {
                Some((last, held)) if u64::from(*last) == index => *held = count,
                _ => buckets.push((index as u16, count)),
            }
        }
        sketch.buckets = match *buckets {
            [] => Buckets::None,
            [bucket] => Buckets::One([bucket]),
            _ => Buckets::Many(buckets),
        };
        Ok(sketch)
    }
}

/// The value that stands for a bucket: the one whose relative error to both borders is equal.
fn middle(index: usize) -> u64 {
    let low = BORDERS[index];
    let high = BORDERS.get(index + 1).map_or(low, |border| border - 1);
    if low == 0 || low == high {
        return low;
    }
    let (low, high) = (low as f64, high as f64);
    (2.0 * low * high / (low + high)).round() as u64
}

fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &[u8], position: &mut usize) -> Result<u64, SketchError> {
    let start = *position;
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes
            .get(*position)
            .ok_or(SketchError { position: start })?;
        *position += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(SketchError { position: start })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        for &v in values {
            sketch.add(v, 1);
        }
        sketch
    }

    #[test]
    fn durations_that_stand_for_nothing_leave_a_sketch_that_can_be_read() {
        let mut sketch = of(&[5, 7]);
        let before = sketch.clone();
        sketch.add(9, 0);
        assert_eq!(sketch, before);
        assert_eq!(Sketch::from_bytes(&sketch.to_bytes()), Ok(before.clone()));
        // As an earlier version wrote it: a bucket of none behind the others.
        let mut written = before.to_bytes();
        written.extend([1, 0]);
        assert_eq!(Sketch::from_bytes(&written), Ok(before));
    }

    proptest! {
        #[test]
        fn quantiles_are_within_one_percent(
            mut values in prop::collection::vec(0u64..10_000_000_000, 1..300),
            q in 0.0f64..=1.0,
        ) {
            let sketch = of(&values);
            values.sort_unstable();
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            let (exact, got) = (values[rank - 1], sketch.quantile_us(q).unwrap());
            let error = (exact as f64 - got as f64).abs();
            prop_assert!(error <= exact as f64 * ACCURACY + 0.5, "{exact} {got}");
        }

        #[test]
        fn a_bucket_is_the_one_between_whose_borders_a_duration_lies(
            high in 0u32..64, low in any::<u64>(),
        ) {
            let near = |duration: u64| [duration.saturating_sub(1), duration, duration.saturating_add(1)];
            let border = BORDERS[low as usize % BORDERS.len()];
            for duration in near(1 << high).into_iter().chain(near(low >> high)).chain(near(border)) {
                let want = BORDERS.partition_point(|&border| border <= duration) - 1;
                prop_assert_eq!(usize::from(bucket_of(duration)), want, "{}", duration);
            }
        }

        #[test]
        fn merging_is_adding(a in prop::collection::vec(0u64..1 << 40, 0..50),
                             b in prop::collection::vec(0u64..1 << 40, 0..50)) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            let mut other = of(&b);
            other.merge(&of(&a));
            prop_assert_eq!(&merged, &other);
            prop_assert_eq!(merged, of(&[a, b].concat()));
        }

        #[test]
        fn bytes_round_trip(values in prop::collection::vec(any::<u64>(), 0..50)) {
            let sketch = of(&values);
            prop_assert_eq!(Sketch::from_bytes(&sketch.to_bytes()).unwrap(), sketch);
        }

        #[test]
        fn damaged_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = Sketch::from_bytes(&bytes);
        }
    }

    #[test]
    fn an_empty_sketch_has_no_quantile() {
        assert_eq!(Sketch::default().quantile_us(0.5), None);
        assert_eq!(of(&[]).to_bytes(), [0]);
    }
}
