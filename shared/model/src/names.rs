//! What is gathered by name, in the order in which the names come.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use compact_str::CompactString;
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// A name as it is kept: in place up to 24 bytes, since most are no longer.
pub type Name = CompactString;

/// Values by name. A name is hashed once for each event; what is sought through is small.
#[derive(Debug)]
pub(crate) struct Names<V> {
    named: Vec<Named<V>>,
    /// Positions in the list.
    places: HashTable<u32>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Named<V> {
    hash: u64,
    name: Name,
    value: V,
}

impl<V> Default for Names<V> {
    fn default() -> Self {
        Self {
            named: Vec::new(),
            places: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl<V: Default> Names<V> {
    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.named.len()
    }

    /// The value of a name. Where it is new, and there are `max` of them or more, that of
    /// `instead`.
    pub(crate) fn entry(&mut self, name: &str, max: usize, instead: &str) -> &mut V {
        let hash = self.hasher.hash_one(name);
        let at = match self.find(name, hash) {
            Some(at) => at,
            None if self.named.len() < max => self.insert(name, hash),
            None => {
                let hash = self.hasher.hash_one(instead);
                let held = self.find(instead, hash);
                held.unwrap_or_else(|| self.insert(instead, hash))
            }
        };
        &mut self.named[at].value
    }

    fn find(&self, name: &str, hash: u64) -> Option<usize> {
        let is_it = |&at: &u32| {
            let held = &self.named[at as usize];
            held.hash == hash && held.name == name
        };
        self.places.find(hash, is_it).map(|&at| at as usize)
    }

    fn insert(&mut self, name: &str, hash: u64) -> usize {
        let at = self.named.len();
        self.named.push(Named {
            hash,
            name: name.into(),
            value: V::default(),
        });
        let named = &self.named;
        self.places
            .insert_unique(hash, at as u32, |&at| named[at as usize].hash);
        at
    }

    /// All of it, ordered by name. Sorting takes numbers made of the names' first bytes, which
    /// mostly tell the order, and moves nothing else.
    pub(crate) fn into_ordered(mut self) -> BTreeMap<Name, V> {
        let heads = self.named.iter().map(|named| head(&named.name)).zip(0..);
        let mut order: Vec<(u64, usize)> = heads.collect();
        order.sort_unstable_by(|a, b| {
            let name = |at: usize| &self.named[at].name;
            a.0.cmp(&b.0).then_with(|| name(a.1).cmp(name(b.1)))
        });
        let ordered = order.into_iter().map(|(_, at)| {
            let Named { name, value, .. } = &mut self.named[at];
            (std::mem::take(name), std::mem::take(value))
        });
        ordered.collect()
    }
}

/// The first eight bytes of a name as a number that orders as they do.
fn head(name: &str) -> u64 {
    let mut head = [0; 8];
    let length = name.len().min(head.len());
    head[..length].copy_from_slice(&name.as_bytes()[..length]);
    u64::from_be_bytes(head)
}
