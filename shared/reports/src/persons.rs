//! Sets of persons, small enough to keep one beside every figure.

use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// A person: the first 64 bits of a hash of the pseudonym.
///
/// They do not depend on the order in which persons came, as numbers given out in turn would,
/// so that tables computed anew are the same to the byte. That two of ten million persons of a
/// product share them has a probability below 3 in a million (n² / 2⁶⁵).
pub(crate) type Person = u64;

/// Who a session counts for: its user, else its installation, else nobody.
pub(crate) fn person(user: Option<&str>, installation: Option<&str>) -> Option<Person> {
    let (kind, id) = match (user, installation) {
        (Some(user), _) => ("user", user),
        (None, Some(installation)) => ("installation", installation),
        (None, None) => return None,
    };
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update([0])
        .chain_update(id)
        .finalize();
    digest.first_chunk().copied().map(u64::from_be_bytes)
}

/// A list of holes and the persons to fill them. Few texts: the list is filled up with its last
/// to a power of two.
pub(crate) fn filled(persons: &[Person]) -> (String, impl Iterator<Item = Person>) {
    let size = persons.len().next_power_of_two();
    let last = persons.last().copied().unwrap_or_default();
    let filler = std::iter::repeat_n(last, size - persons.len());
    let holes = vec!["?"; size].join(",");
    (holes, persons.iter().copied().chain(filler))
}

/// A set of persons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Persons {
    // The first `sorted` are ascending and distinct; the others were added since.
    all: Vec<Person>,
    sorted: usize,
}

impl Persons {
    pub(crate) fn add(&mut self, person: Person) {
        self.all.push(person);
        self.settle_if_large();
    }

    /// Adds all of a stored set.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let (persons, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(Error::damaged("set of persons", "a person is cut off"));
        }
        self.all
            .extend(persons.iter().map(|bytes| u64::from_be_bytes(*bytes)));
        self.settle_if_large();
        Ok(())
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut persons = Self::default();
        persons.add_bytes(bytes)?;
        persons.settle();
        Ok(persons)
    }

    fn settle_if_large(&mut self) {
        if self.all.len() > 2 * self.sorted + 4096 {
            self.settle();
        }
    }

    fn settle(&mut self) {
        if self.sorted < self.all.len() {
            self.all.sort_unstable();
            self.all.dedup();
            self.sorted = self.all.len();
        }
    }

    /// The persons, ascending.
    pub(crate) fn sorted(&mut self) -> &[Person] {
        self.settle();
        &self.all
    }

    pub(crate) fn count(&mut self) -> u64 {
        self.sorted().len() as u64
    }

    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        let persons = self.sorted().iter();
        persons.flat_map(|person| person.to_be_bytes()).collect()
    }

    /// Those who are in exactly one of two sets, as (only here, only there).
    pub(crate) fn differences(&mut self, other: &mut Self) -> (Vec<Person>, Vec<Person>) {
        let (here, there) = (self.sorted(), other.sorted());
        let missing = |from: &[Person], all: &[Person]| {
            let absent = |person: &&Person| all.binary_search(person).is_err();
            from.iter().filter(absent).copied().collect()
        };
        (missing(here, there), missing(there, here))
    }
}

impl FromIterator<Person> for Persons {
    fn from_iter<I: IntoIterator<Item = Person>>(persons: I) -> Self {
        let mut set = Self {
            all: persons.into_iter().collect(),
            sorted: 0,
        };
        set.settle();
        set
    }
}
