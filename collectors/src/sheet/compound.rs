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

struct Container<'a> {
    bytes: &'a [u8],
    sector_size: usize,
}

impl<'a> Container<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
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

    fn stream(&self, table: &[u32], first: u32) -> Option<Vec<u8>> {
        let mut stream = Vec::new();
        let mut next = first;
        for _ in 0..=table.len() {
            if next >= NO_SECTOR {
                return Some(stream);
            }
            stream.extend_from_slice(self.sector(next)?);
            next = usize::try_from(next).ok().and_then(|next| table.get(next)).copied()?;
        }
        None
    }
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
