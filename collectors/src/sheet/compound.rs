//! The container of old Excel files, looked over before it is opened: a chain of sectors that runs in a circle would be
//! followed for ever and fill the memory. Layout: MS-CFB, sections 2.2 to 2.5.

/// Marks the end of a chain; this and larger numbers are no sectors.
const NO_SECTOR: u32 = 0xFFFF_FFFA;

/// Whether every chain of the container ends.
pub(super) fn chains_end(bytes: &[u8]) -> bool {
    let Some(container) = Container::of(bytes) else { return false };
    let Some(table) = container.sector_table() else { return false };
    let Some(small) = container.stream(&table, number(bytes, 60)) else { return false };
    let small: Vec<u32> = numbers(&small).collect();
    ends(&table) && ends(&small)
}

/// An old Excel file as a container of files.
pub(super) struct Container<'a> {
    bytes: &'a [u8],
    sector_size: usize,
}

impl<'a> Container<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Option<Self> {
        let shift = bytes.get(30).copied().filter(|shift| [9, 12].contains(shift))?;
        Some(Self { bytes, sector_size: 1 << shift })
    }

    fn sector(&self, id: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(id).ok()?.checked_add(1)?.checked_mul(self.sector_size)?;
        let end = start.checked_add(self.sector_size)?.min(self.bytes.len());
        self.bytes.get(start..end)
    }

    /// The next sector of every sector, from the places that the header and the chain behind it name.
    fn sector_table(&self) -> Option<Vec<u32>> {
        let most = self.bytes.len() / self.sector_size + 1;
        let mut places: Vec<u32> = numbers(self.bytes.get(76..512)?).collect();
        let mut next = number(self.bytes, 68);
        let mut followed = 0;
        while next < NO_SECTOR {
            followed += 1;
            if followed > most {
                return None;
            }
            let mut more: Vec<u32> = numbers(self.sector(next)?).collect();
            next = more.pop()?;
            places.extend(more);
        }
        let sectors = places.into_iter().filter(|place| *place < NO_SECTOR);
        let mut table = Vec::new();
        for place in sectors.take(most) {
            table.extend(numbers(self.sector(place)?));
        }
        Some(table)
    }

    /// The bytes of the first file there is of some names. Chains must end: see [`chains_end`].
    pub(super) fn file(&self, names: &[&str]) -> Option<Vec<u8>> {
        let table = self.sector_table()?;
        let directory = self.stream(&table, number(self.bytes, 48))?;
        let entry = |name: &&str| directory.chunks_exact(128).find(|entry| name_of(entry) == **name);
        let (first, size) = start_and_size(names.iter().find_map(entry)?)?;
        let mut stream = if size >= usize::try_from(number(self.bytes, 56)).ok()? {
            self.stream(&table, first)?
        } else {
            let small: Vec<u32> = numbers(&self.stream(&table, number(self.bytes, 60))?).collect();
            let (first_of_all, _) = start_and_size(directory.get(..128)?)?;
            let bytes = self.stream(&table, first_of_all)?;
            chain(&small, first, |id| bytes.get(id.checked_mul(64)?..)?.get(..64))?
        };
        stream.truncate(size);
        Some(stream)
    }

    fn stream(&self, table: &[u32], first: u32) -> Option<Vec<u8>> {
        chain(table, first, |id| self.sector(u32::try_from(id).ok()?))
    }
}

/// The name of an entry of the directory.
fn name_of(entry: &[u8]) -> String {
    let letters = entry.get(..64).unwrap_or_default().chunks_exact(2);
    let letters = letters.filter_map(|two| Some(u16::from_le_bytes(two.try_into().ok()?)));
    char::decode_utf16(letters.take_while(|letter| *letter != 0)).filter_map(Result::ok).collect()
}

/// First sector and length in bytes of an entry of the directory.
fn start_and_size(entry: &[u8]) -> Option<(u32, usize)> {
    Some((number(entry, 116), usize::try_from(number(entry, 120)).ok()?))
}

/// What the sectors of a chain hold, one after the other.
fn chain<'s>(table: &[u32], first: u32, sector: impl Fn(usize) -> Option<&'s [u8]>) -> Option<Vec<u8>> {
    let mut stream = Vec::new();
    let mut next = first;
    for _ in 0..=table.len() {
        if next >= NO_SECTOR {
            return Some(stream);
        }
        let id = usize::try_from(next).ok()?;
        stream.extend_from_slice(sector(id)?);
        next = table.get(id).copied()?;
    }
    None
}

/// Whether following the numbers from anywhere comes to an end.
fn ends(table: &[u32]) -> bool {
    // 0 not seen, 1 on the way, 2 known to end.
    let mut seen = vec![0_u8; table.len()];
    for start in 0..table.len() {
        let mut way = Vec::new();
        let mut at = start;
        while let Some(mark) = seen.get_mut(at) {
            match *mark {
                1 => return false,
                2 => break,
                _ => *mark = 1,
            }
            way.push(at);
            match table.get(at).filter(|next| **next < NO_SECTOR).and_then(|next| usize::try_from(*next).ok())
            {
                Some(next) => at = next,
                None => break,
            }
        }
        for passed in way {
            if let Some(mark) = seen.get_mut(passed) {
                *mark = 2;
            }
        }
    }
    true
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(NO_SECTOR, u32::from_le_bytes)
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.chunks_exact(4).filter_map(|four| Some(u32::from_le_bytes(four.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::{chains_end, ends};

    #[test]
    fn a_circle_is_seen() {
        assert!(ends(&[1, 2, u32::MAX - 1, u32::MAX]));
        assert!(ends(&[2, 2, u32::MAX - 1]));
        assert!(!ends(&[1, 2, 0]));
        assert!(!ends(&[u32::MAX, 1]));
    }

    #[test]
    fn what_is_no_container_has_no_chains() {
        assert!(!chains_end(&[]));
        assert!(!chains_end(&[0; 512]));
    }
}
