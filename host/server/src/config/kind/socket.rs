//! Where a server listens, and who may connect there.

use std::path::PathBuf;

use super::{Kind, quoted};
use crate::config::source::Raw;
use crate::config::{Listen, UNIX};

/// Address and port.
pub(in crate::config) struct Address;

impl Kind for Address {
    type Value = Listen;

    fn parse(&self, raw: &Raw) -> Option<Listen> {
        let text = raw.text()?;
        if let Some(path) = text.strip_prefix(UNIX) {
            return Some(Listen::Unix(PathBuf::from(path))).filter(|_| !path.is_empty() && !path.contains('\0'));
        }
        // `localhost` is what people type; other names would have to be looked up.
        let address = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}").parse(),
            None => text.parse(),
        };
        address.ok().map(Listen::Tcp)
    }

    fn allowed(&self) -> String {
        "an IP address and a port, such as \"127.0.0.1:3000\", \"0.0.0.0:3000\" or \"[::1]:0\", or \"unix:\" and a path"
            .into()
    }

    fn to_toml(&self, value: &Listen) -> String {
        quoted(&value.to_string())
    }
}

/// Permissions of a file, in octal.
pub(in crate::config) struct Mode;

impl Kind for Mode {
    type Value = u32;

    fn parse(&self, raw: &Raw) -> Option<u32> {
        let mode = u32::from_str_radix(raw.text()?, 8).ok()?;
        Some(mode).filter(|mode| *mode <= 0o777)
    }

    fn allowed(&self) -> String {
        "permissions in octal digits, such as \"0660\"".into()
    }

    fn to_toml(&self, value: &u32) -> String {
        quoted(&format!("{value:04o}"))
    }
}
