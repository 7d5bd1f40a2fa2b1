//! Lines of a file, or of standard input, with their numbers.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use super::{Exit, Failure};

/// Longest line that is read into memory, a bound against files that have no lines at all.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// Reads the lines that are not blank.
pub(super) struct Lines {
    input: Box<dyn BufRead>,
    name: String,
    number: u64,
}

impl Lines {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let input: Box<dyn BufRead> = if name == "-" {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file = File::open(path).map_err(|error| Failure::new(Exit::Usage, format!("{name}: {error}")))?;
            Box::new(BufReader::new(file))
        };
        Ok(Self { input, name, number: 0 })
    }

    /// The next line that is not blank, without its end.
    pub(super) fn next_line(&mut self) -> Result<Option<(u64, Vec<u8>)>, Failure> {
        let failure =
            |number, detail: &str| Failure::new(Exit::Usage, format!("{} line {number}: {detail}", self.name));
        loop {
            let mut line = Vec::new();
            let read = (&mut self.input).take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            self.number += 1;
            match read {
                Ok(0) => return Ok(None),
                Ok(length) if length as u64 == LINE_BYTES_MAX => {
                    return Err(failure(self.number, "longer than 64 MiB; is this a file with one event per line?"));
                }
                Ok(_) => {}
                Err(error) => return Err(failure(self.number, &error.to_string())),
            }
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Ok(Some((self.number, line.to_vec())));
            }
        }
    }
}
