//! A real OCI registry on loopback: Debian's `docker-registry`, with its storage in a folder of its own.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use super::PATIENCE;

/// A running registry; it is stopped by its process id when the test ends.
pub(crate) struct Registry {
    child: Child,
    folder: TempDir,
    /// `127.0.0.1:<port>`
    pub(crate) address: String,
}

impl Registry {
    /// One that lets everybody do everything.
    pub(crate) async fn start() -> Option<Self> {
        Self::launch("").await
    }

    /// One that wants the name `me` and the password `open sesame`.
    pub(crate) async fn with_password() -> Option<Self> {
        Self::launch("auth:\n  htpasswd:\n    realm: test\n    path: htpasswd\n").await
    }

    /// Where it is not installed there is none: then the test fails, unless `TIDEMILL_TEST_SKIP_TOOLCHAINS=1` says that it may be left
    /// out.
    #[allow(clippy::print_stdout, reason = "what was left out is said where the test's output is read")]
    async fn launch(auth: &str) -> Option<Self> {
        if let Err(error) = Command::new("docker-registry").arg("--version").output() {
            assert!(
                std::env::var_os("TIDEMILL_TEST_SKIP_TOOLCHAINS").is_some_and(|skip| skip == "1"),
                "docker-registry does not run: {error}; install the package of that name"
            );
            println!("SKIPPED: docker-registry does not run: {error}");
            return None;
        }
        let mut folder = tempfile::tempdir().unwrap();
        // bcrypt of `open sesame`.
        let known = "me:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n";
        fs::write(folder.path().join("htpasswd"), known).unwrap();
        // It cannot pick a port by itself. Between finding one and taking it another may be faster.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let config = format!(
                "version: 0.1\nlog:\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: storage\n\
                 http:\n  addr: {free}\n{auth}"
            );
            fs::write(folder.path().join("config.yml"), config).unwrap();
            let log = fs::File::create(folder.path().join("log.txt")).unwrap();
            let child = Command::new("docker-registry")
                .args(["serve", "config.yml"])
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap();
            let mut registry = Self { child, folder, address: free.to_string() };
            if registry.is_ready().await {
                return Some(registry);
            }
            folder = std::mem::replace(&mut registry.folder, tempfile::tempdir().unwrap());
        }
        panic!("docker-registry does not start: {}", fs::read_to_string(folder.path().join("log.txt")).unwrap());
    }

    /// Whether it answers; not if its process ended.
    async fn is_ready(&mut self) -> bool {
        let start = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "docker-registry does not answer");
            let answer = reqwest::get(self.url("")).await;
            // The registry's own word: on this port somebody else might answer.
            if answer.is_ok_and(|answer| answer.headers().contains_key("docker-distribution-api-version")) {
                return self.child.try_wait().unwrap().is_none();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        false
    }

    /// An address of its interface.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/v2/{path}", self.address)
    }

    /// The file in which it keeps the bytes of a digest.
    pub(crate) fn stored(&self, digest: &str) -> PathBuf {
        let digits = digest.strip_prefix("sha256:").unwrap();
        self.folder.path().join(format!("storage/docker/registry/v2/blobs/sha256/{}/{digits}/data", &digits[..2]))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
