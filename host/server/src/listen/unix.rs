//! A socket in the file system: left behind by a server that crashed it is taken over, of one that runs it is not.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// One that is open.
#[derive(Debug)]
pub(crate) struct Unix {
    pub(super) listener: UnixListener,
    /// Where it is, if it is ours to remove.
    own: Option<PathBuf>,
}

impl Unix {
    pub(super) fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(io::Error::new(ErrorKind::AlreadyExists, "a file that is no socket is there"));
            }
            Ok(_) => match net::UnixStream::connect(path) {
                Ok(_) => return Err(io::Error::new(ErrorKind::AddrInUse, "somebody listens there")),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path)?,
                Err(error) => return Err(error),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(path)?;
        let bound = Self { listener, own: Some(path.to_owned()) };
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        Ok(bound)
    }

    pub(super) fn inherited(listener: net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self { listener: UnixListener::from_std(listener)?, own: None })
    }

    pub(super) fn path(&self) -> PathBuf {
        let address = self.listener.local_addr().ok();
        address.and_then(|address| address.as_pathname().map(Path::to_owned)).unwrap_or_default()
    }
}

impl Drop for Unix {
    fn drop(&mut self) {
        if let Some(path) = &self.own {
            let _ = fs::remove_file(path);
        }
    }
}
