//! Where compiled components are kept: one folder of the user's for all plugins, `tidemill/compiled` in `$XDG_CACHE_HOME` or
//! `~/.cache`.
//!
//! What is found there is machine code, and is run as it is. So it is no folder that comes with a plugin, and none that
//! others may write to.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use directories_next::BaseDirs;

/// Why nothing is kept: components are compiled each time, and everything else goes on.
#[derive(Debug, thiserror::Error)]
pub enum Unkept {
    /// There is no place that is the user's.
    #[error("no home folder is known; set HOME")]
    NoHome,
    /// It cannot be made, or looked at.
    #[error("{}: {error}; name a folder of yours in XDG_CACHE_HOME", path.display())]
    Unmade {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Somebody else could have put code there.
    #[error("{} is not a folder that only you can use (mode 0700); remove it, and it is made anew", .0.display())]
    Shared(PathBuf),
}

/// The folder, made if need be; an absolute path.
///
/// # Errors
///
/// It cannot be made, or others could have written to it.
pub fn compiled() -> Result<PathBuf, Unkept> {
    let caches = BaseDirs::new().ok_or(Unkept::NoHome)?;
    below(caches.cache_dir())
}

fn below(caches: &Path) -> Result<PathBuf, Unkept> {
    let own = caches.join("tidemill");
    let folder = own.join("compiled");
    let unmade = |path: &Path| {
        let path = path.to_owned();
        move |error| Unkept::Unmade { path, error }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(unmade(&folder))?;
    for path in [own, folder.clone()] {
        // Of a link, itself.
        let found = fs::symlink_metadata(&path).map_err(unmade(&path))?;
        if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
            return Err(Unkept::Shared(path));
        }
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn only_a_folder_of_ones_own_is_used() {
        let caches = tempfile::tempdir().unwrap();
        let folder = below(&caches.path().join("new")).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        for shared in [folder.as_path(), folder.parent().unwrap()] {
            fs::set_permissions(shared, Permissions::from_mode(0o770)).unwrap();
            let Err(Unkept::Shared(told)) = below(&caches.path().join("new")) else { panic!("{}", shared.display()) };
            assert_eq!(told, shared);
            fs::set_permissions(shared, Permissions::from_mode(0o700)).unwrap();
        }
        assert!(below(&caches.path().join("new")).is_ok());

        let other = caches.path().join("other/tidemill");
        fs::create_dir_all(&other).unwrap();
        fs::set_permissions(&other, Permissions::from_mode(0o700)).unwrap();
        symlink(&folder, other.join("compiled")).unwrap();
        assert!(matches!(below(&caches.path().join("other")), Err(Unkept::Shared(_))), "a link may lead anywhere");
        fs::write(caches.path().join("file"), "").unwrap();
        assert!(matches!(below(&caches.path().join("file")), Err(Unkept::Unmade { .. })));
    }
}
