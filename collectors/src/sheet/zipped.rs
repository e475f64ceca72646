//! Guards against archives that unpack to more than a file of tables can be.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::grid::Unreadable;

/// Deflate packs at most 1032 to 1.
const MOST_DEFLATE_PACKS: u64 = 1_032;
/// Most files of one archive.
const MAX_ENTRIES: usize = 10_000;

/// Refuses an archive whose files together are larger than the limit, whatever its directory claims.
pub(crate) fn guard(bytes: &[u8], limit: u64) -> Result<(), Unreadable> {
    let damaged = |error: zip::result::ZipError| Unreadable::damaged("ZIP", error);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > MAX_ENTRIES {
        return Err(Unreadable::too_large("số tệp trong ZIP", MAX_ENTRIES));
    }
    let mut claimed = 0_u64;
    let mut packed = 0_u64;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        claimed = claimed.saturating_add(entry.size());
        packed = packed.saturating_add(entry.compressed_size());
    }
    let refused = || Unreadable::too_large("nội dung sau khi giải nén", format!("{} MB", limit >> 20));
    if claimed > limit {
        return Err(refused());
    }
    if packed.saturating_mul(MOST_DEFLATE_PACKS) <= limit {
        return Ok(());
    }
    // The directory may lie: unpack once, keeping nothing.
    let mut left = limit;
    let mut buffer = vec![0; 64 << 10];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        loop {
            let read = entry.read(&mut buffer).map_err(|error| Unreadable::damaged("ZIP", error))?;
            if read == 0 {
                break;
            }
            left = left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)).ok_or_else(refused)?;
        }
    }
    Ok(())
}

/// Unpacks one file of an archive that was guarded.
pub(crate) fn entry(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut unpacked = Vec::new();
    archive.by_name(name).ok()?.read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}

/// Whether a file of a folder holds some bytes. Nothing is kept; the archive was guarded.
pub(crate) fn holds(bytes: &[u8], folder: &str, wanted: &[u8]) -> bool {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return false };
    let overlap = wanted.len().saturating_sub(1);
    let mut buffer = vec![0; 64 << 10];
    for index in 0..archive.len() {
        let Ok(mut entry) = archive.by_index(index) else { continue };
        if !entry.name().is_ok_and(|name| name.starts_with(folder)) {
            continue;
        }
        let mut kept = 0;
        while let Some(read) =
            buffer.get_mut(kept..).and_then(|free| entry.read(free).ok()).filter(|read| *read > 0)
        {
            let filled = kept + read;
            if buffer.get(..filled).is_some_and(|text| memchr::memmem::find(text, wanted).is_some()) {
                return true;
            }
            kept = overlap.min(filled);
            buffer.copy_within(filled - kept..filled, 0);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::guard;
    use std::io::{Cursor, Write};

    fn archive(megabytes: usize) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).unwrap();
        for _ in 0..megabytes {
            archive.write_all(&vec![b' '; 1 << 20]).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn a_bomb_is_refused_whatever_it_claims() {
        let honest = archive(3);
        assert!(honest.len() < 10_000);
        assert!(guard(&honest, 4 << 20).is_ok());
        assert!(guard(&honest, 2 << 20).unwrap_err().to_string().contains("2 MB"));
        // The size in the directory is four bytes, 24 behind its signature.
        let mut liar = honest.clone();
        let directory = liar.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        liar[directory + 24..directory + 28].copy_from_slice(&10_u32.to_le_bytes());
        assert!(guard(&liar, 2 << 20).is_err());
    }
}
