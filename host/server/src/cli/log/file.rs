//! A file that appears when it is complete, or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::super::{Exit, Failure};

/// The file under its temporary name; removed unless it is finished.
pub(super) struct NewFile {
    out: BufWriter<File>,
    temporary: PathBuf,
    place: PathBuf,
    replace: bool,
}

impl NewFile {
    /// Begins a file. One that is there is replaced at the end, if it may be.
    pub(super) fn create(place: &Path, replace: bool) -> Result<Self, Failure> {
        let (place, mut temporary) = (place.to_owned(), place.as_os_str().to_owned());
        temporary.push(".partial");
        let temporary = PathBuf::from(temporary);
        refuse_existing(&place, replace)?;
        let failed = |detail: String| Failure::new(Exit::Failed, format!("{}: {detail}", temporary.display()));
        // One that is left by an export that was interrupted is used again; it is cut only once nobody else has it.
        let file = File::options().create(true).truncate(false).write(true).open(&temporary);
        let file = file.map_err(|error| failed(error.to_string()))?;
        file.try_lock().map_err(|_| failed("another export is writing it; wait, or name another --out".into()))?;
        file.set_len(0).map_err(|error| failed(error.to_string()))?;
        Ok(Self { out: BufWriter::with_capacity(64 << 10, file), temporary, place, replace })
    }

    /// Gives it its name.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        refuse_existing(&self.place, self.replace)?;
        let mut finish = || -> io::Result<()> {
            self.out.flush()?;
            self.out.get_ref().sync_all()?;
            fs::rename(&self.temporary, &self.place)
        };
        let named = |error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", self.place.display()));
        finish().map_err(named)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Gone already if it was finished.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn refuse_existing(place: &Path, replace: bool) -> Result<(), Failure> {
    if place.exists() && !replace {
        let message = format!("{} is there already; name another file, or replace it with --force", place.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(())
}
