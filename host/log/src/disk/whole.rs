//! Whether a database file is as long as it should be. SQLite notices only when it comes to what is missing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::mark;
use super::open::OpenError;

const MAGIC: &[u8] = b"SQLite format 3\0";

/// Refuses a database that was cut off. Reads only, and comes before SQLite, which would change such a file.
pub(super) fn check(path: &Path) -> Result<(), OpenError> {
    let Ok(file) = File::open(path) else { return Ok(()) };
    let missing = missing(path, &file).map_err(|error| OpenError::io(path, error))?;
    missing.map_or(Ok(()), |reason| Err(OpenError::Damaged { path: path.to_owned(), reason }))
}

fn missing(path: &Path, file: &File) -> io::Result<Option<String>> {
    let length = file.metadata()?.len();
    let mut header = [0; 100];
    let read = file.read_at(&mut header, 0)?;
    if length == 0 {
        // SQLite would make a new one of it. So it begins, too: but then nothing was acknowledged.
        let marked = path.parent().and_then(mark::read);
        return Ok(marked.map(|said| format!("it is empty, but log.mark says that it had events up to {}", said.last)));
    }
    if !header[..read].starts_with(&MAGIC[..MAGIC.len().min(read)]) {
        return Ok(None);
    }
    if read < header.len() {
        return Ok(Some(format!("it has {length} bytes: it was cut off")));
    }
    let page = u64::from(u16::from_be_bytes([header[16], header[17]]));
    let page = if page == 1 { 65_536 } else { page };
    // The page count is right if it was written together with the change counter (SQLite file format, §1.3.7).
    let (pages, valid) = (u64::from(number(&header, 28)), number(&header, 24) == number(&header, 92));
    if !valid || length >= pages * page {
        return Ok(None);
    }
    // The first page is the first to be copied from the write-ahead log: if that was interrupted, the rest is there.
    if is_in_wal(path, page, length / page + 1..=pages)? {
        return Ok(None);
    }
    Ok(Some(format!("it has {length} bytes, its header says {}: it was cut off", pages * page)))
}

/// Whether all these pages are in the write-ahead log. SQLite checks their content.
fn is_in_wal(path: &Path, page: u64, mut wanted: std::ops::RangeInclusive<u64>) -> io::Result<bool> {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    let Ok(wal) = File::open(name) else { return Ok(false) };
    let mut header = [0; 32];
    if wal.read_at(&mut header, 0)? < header.len() {
        return Ok(false);
    }
    let mut pages = hashbrown::HashSet::new();
    let (mut frame, mut at) = ([0; 24], 32);
    // Frames of an earlier round have other salts.
    while wal.read_at(&mut frame, at)? == frame.len() && frame[8..16] == header[16..24] {
        pages.insert(u64::from(number(&frame, 0)));
        at += 24 + page;
    }
    Ok(wanted.all(|number| pages.contains(&number)))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
