//! Connections as bytes, plain or over TLS, and a certificate for servers of ours. Must not know what is spoken.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// What a client of one server over TLS needs: it trusts that server alone.
#[derive(Debug, Clone)]
pub struct Secure(Arc<ClientConfig>);

/// One connection.
#[derive(Debug)]
pub enum Wire {
    /// The socket as it is.
    Plain(TcpStream),
    /// With a session over it.
    Secure(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Secure {
    /// A fresh certificate for loopback: what clients need, and the host's configuration with the files it names.
    ///
    /// # Errors
    ///
    /// When the files cannot be written.
    pub fn certificate(directory: &Path) -> Result<(Self, String)> {
        let made = rcgen::generate_simple_self_signed([Ipv4Addr::LOCALHOST.to_string()])?;
        let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
        fs::write(&certificate, made.cert.pem())?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone())?;
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok((Self(Arc::new(client)), format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n")))
    }
}

impl Secure {
    /// The same for those who want to speak one protocol above it.
    pub(crate) fn speaking(&self, protocol: &[u8]) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.0);
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }
}

impl Wire {
    /// Over a connected socket that still blocks: for TLS the handshake is done here.
    ///
    /// # Errors
    ///
    /// When the handshake fails.
    pub fn over(mut socket: TcpStream, secure: Option<&Secure>) -> io::Result<Self> {
        let Some(Secure(config)) = secure else { return Ok(Self::Plain(socket)) };
        let name = ServerName::from(socket.peer_addr()?.ip());
        let mut session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(Self::Secure(Box::new(StreamOwned::new(session, socket))))
    }

    /// Connects and waits for it.
    ///
    /// # Errors
    ///
    /// When nobody listens or the handshake fails.
    pub fn connect(address: SocketAddr, secure: Option<&Secure>) -> io::Result<Self> {
        Self::over(TcpStream::connect(address)?, secure)
    }

    /// The socket below.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Secure(stream) => stream.get_ref(),
        }
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let stream = match self {
            Self::Plain(socket) => return socket.read(buffer),
            Self::Secure(stream) => stream,
        };
        let mut length = stream.read(buffer)?;
        // All that was decrypted: an epoll tells only of what the socket still has.
        while length > 0 && length < buffer.len() {
            match stream.conn.reader().read(&mut buffer[length..]) {
                Ok(0) | Err(_) => break,
                Ok(more) => length += more,
            }
        }
        Ok(length)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Secure(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Secure(stream) => stream.flush(),
        }
    }
}
