//! A tmpfs of a few megabytes that only the server sees, and the means to fill and free it from outside.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::prepare;

/// Holds the namespace and with it the disk, also while no server runs in it.
pub(super) struct SmallDisk {
    holder: Child,
    /// Where it is mounted, seen from inside.
    place: tempfile::TempDir,
}

/// What keeps part of the disk occupied until there shall be room.
const FILLERS: [(&str, usize); 2] = [("filler", 3 << 20), ("filler-more", 3 << 20)];

impl SmallDisk {
    /// None: it was asked to skip this.
    pub(super) fn mount() -> Option<Self> {
        if std::env::var("TIDEMILL_SKIP_MOUNT").is_ok_and(|skip| skip == "1") {
            let _ = writeln!(std::io::stderr(), "skipped: TIDEMILL_SKIP_MOUNT=1");
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        // It lives until its input ends, which it does with this process at the latest.
        let script = "mount -t tmpfs -o size=10m tidemill-test \"$1\" && echo mounted && exec cat";
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .arg(place.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs `unshare` (Debian: apt-get install util-linux): {error}"));
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(
            line, "mounted\n",
            "this test needs a user namespace of its own to mount a small disk in, which this machine does not give \
            (see the error above; containers often forbid it); TIDEMILL_SKIP_MOUNT=1 leaves this test out"
        );
        Some(Self { holder, place })
    }

    /// The command that starts a server in a directory with its data on this disk.
    pub(super) fn serve(&self, directory: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--user", "--preserve-credentials", "--mount", "--target"])
            .arg(self.holder.id().to_string())
            .args(["sh", "-c", "cd \"$1\" && exec \"$2\" serve --listen 127.0.0.1:0 --print-addr --data \"$3\"", "sh"])
            .args([directory, Path::new(env!("CARGO_BIN_EXE_tidemill")), self.place.path()]);
        prepare(&mut command);
        command
    }

    /// Takes most of the room.
    pub(super) fn occupy(&self) {
        for (name, size) in FILLERS {
            fs::write(self.seen_from_outside().join(name), vec![1; size]).unwrap();
        }
    }

    /// Gives some of it back.
    pub(super) fn free(&self) {
        fs::remove_file(self.seen_from_outside().join(FILLERS[0].0)).unwrap();
    }

    /// Gives the rest back.
    pub(super) fn free_more(&self) {
        fs::remove_file(self.seen_from_outside().join(FILLERS[1].0)).unwrap();
    }

    fn seen_from_outside(&self) -> PathBuf {
        let inside = self.place.path().strip_prefix("/").unwrap();
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(inside)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
