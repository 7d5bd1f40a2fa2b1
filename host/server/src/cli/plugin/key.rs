//! Keys that plugins are signed with: `tidemill plugin key` makes a pair, `push --sign` reads the secret one.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tidemill_registry::limits::KEY_BYTES_MAX;
use tidemill_registry::{SecretKey, new_keys};

use crate::cli::config::environment;
use crate::cli::{Exit, Failure, Output};

const PASSWORD: &str = "TIDEMILL_SIGN_PASSWORD";

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidemill plugin key acme.key      writes acme.key, which signs, and acme.pub, which others verify with
  tidemill plugin push ghcr.io/acme/order-rules:1.2.0 --sign acme.key
  tidemill plugin pull ghcr.io/acme/order-rules:1.2.0 --key acme.pub

The password is TIDEMILL_SIGN_PASSWORD, or typed at a terminal. The files are those of minisign.

Exit codes: 0 both files are there, 2 they were not written.")]
pub(super) struct KeyArgs {
    /// The secret key's file; the public one is beside it and ends in .pub
    file: PathBuf,
    /// Leave the secret key without a password
    #[arg(long)]
    no_password: bool,
    /// Print the files and the public key as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &KeyArgs, output: &mut Output<'_>) -> Result<Exit, Failure> {
    let (secret_file, public_file) = (&args.file, args.file.with_extension("pub"));
    if *secret_file == public_file {
        return Err(usage(format!("{}: a secret key's file does not end in .pub", public_file.display())));
    }
    for file in [secret_file, &public_file] {
        if fs::symlink_metadata(file).is_ok() {
            return Err(usage(format!("{} is there already; name another file", file.display())));
        }
    }
    let password = if args.no_password { None } else { Some(password("Password for the new key: ", true)?) };
    let (secret, public) = new_keys(password).map_err(|error| usage(error.to_string()))?;
    write(secret_file, &secret, 0o600)?;
    if let Err(failure) = write(&public_file, &public, 0o644) {
        // One without the other is of no use, and in the way of the next try.
        let _ = fs::remove_file(secret_file);
        return Err(failure);
    }
    let line = public.lines().next_back().unwrap_or_default();
    if args.json {
        writeln!(
            output.out,
            "{:#}",
            json!({"secret": secret_file.to_string_lossy(), "public": public_file.to_string_lossy(), "key": line})
        )?;
        return Ok(Exit::Success);
    }
    writeln!(output.out, "{line}")?;
    writeln!(
        output.err,
        "{} signs and stays secret; {} is for others: name it with `pull --key`, or add the line above to `registry.keys`",
        secret_file.display(),
        public_file.display()
    )?;
    Ok(Exit::Success)
}

/// Reads a secret key, and asks for its password if it has one.
pub(super) fn open(file: &Path) -> Result<SecretKey, Failure> {
    let shown = file.display();
    let text = read(file).map_err(|error| usage(format!("cannot read {shown}: {error}; name a secret key's file")))?;
    SecretKey::open(&text, || password("Password of the key: ", false).ok())
        .map_err(|error| usage(format!("{shown}: {error}")))
}

/// The text of a key's file.
pub(super) fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(file)?.take(KEY_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

fn password(prompt: &str, twice: bool) -> Result<String, Failure> {
    if let Some((_, password)) = environment().find(|(name, value)| name == PASSWORD && !value.is_empty()) {
        return Ok(password);
    }
    if !io::stdin().is_terminal() {
        return Err(usage(format!(
            "there is no terminal to type a password at; set {PASSWORD}, or take --no-password"
        )));
    }
    let typed =
        |prompt: &str| rpassword::prompt_password(prompt).map_err(|error| usage(format!("the terminal: {error}")));
    let password = typed(prompt)?;
    if password.is_empty() {
        return Err(usage("a key without a password is made with --no-password".to_owned()));
    }
    if twice && typed("The same again: ")? != password {
        return Err(usage("these are two passwords; type the same twice".to_owned()));
    }
    Ok(password)
}

fn write(file: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .map_err(|error| usage(format!("cannot write {}: {error}", file.display())))
}

fn usage(message: String) -> Failure {
    Failure::new(Exit::Usage, message)
}
