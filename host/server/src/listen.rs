//! What a server listens on: an address, a Unix socket, or what a service manager hands over. Must not know what is said
//! over it.

mod unix;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use anyhow::Context as _;
use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixStream};

use crate::config::Listen;
use unix::Unix;

/// Connections that the kernel keeps for us until they are accepted; reconnecting subscribers come in crowds.
const BACKLOG: u32 = 4096;

/// One that is open.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(Unix),
}

/// All that a server has, at least one.
#[derive(Debug)]
pub(crate) struct Listeners {
    all: Vec<Listener>,
    /// Who is asked first, each in turn.
    next: AtomicUsize,
}

/// A connection that was accepted.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listeners {
    /// Those of the service manager if there are some (`LISTEN_FDS`), otherwise the one that is configured.
    pub(crate) fn open(listen: &Listen, socket_mode: u32) -> anyhow::Result<Self> {
        let inherited = inherited().context("a socket of the service manager (`LISTEN_FDS`) cannot be used")?;
        if !inherited.is_empty() {
            return Ok(Self::of(inherited));
        }
        let opened = match listen {
            Listen::Tcp(address) => bind(*address).map(Listener::Tcp),
            Listen::Unix(path) => Unix::bind(path, socket_mode).map(Listener::Unix),
        };
        Ok(Self::of(vec![opened.with_context(|| format!("cannot listen on {listen}; is another server there?"))?]))
    }

    const fn of(all: Vec<Listener>) -> Self {
        Self { all, next: AtomicUsize::new(0) }
    }

    /// Each, as it is written in the configuration.
    pub(crate) fn places(&self) -> io::Result<Vec<Listen>> {
        let place = |listener: &Listener| match listener {
            Listener::Tcp(tcp) => tcp.local_addr().map(Listen::Tcp),
            Listener::Unix(unix) => Ok(Listen::Unix(unix.path())),
        };
        self.all.iter().map(place).collect()
    }

    /// The next connection to any of them. Who connects to a Unix socket has the loopback address, and no port.
    pub(crate) async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        std::future::poll_fn(|context| self.poll_accept(context)).await
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(Socket, SocketAddr)>> {
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.all.len();
        let any = self.all[first..].iter().chain(&self.all[..first]).find_map(|listener| {
            match listener.poll_accept(context) {
                Poll::Ready(accepted) => Some(accepted),
                Poll::Pending => None,
            }
        });
        any.map_or(Poll::Pending, Poll::Ready)
    }
}

impl Listener {
    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<(Socket, SocketAddr)>> {
        Poll::Ready(match self {
            Self::Tcp(tcp) => ready!(tcp.poll_accept(context)).map(|(socket, address)| (Socket::Tcp(socket), address)),
            Self::Unix(unix) => ready!(unix.listener.poll_accept(context))
                .map(|(socket, _)| (Socket::Unix(socket), SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0))),
        })
    }
}

fn inherited() -> io::Result<Vec<Listener>> {
    let mut handed = ListenFd::from_env();
    let mut listeners = Vec::with_capacity(handed.len());
    for number in 0..handed.len() {
        let listener = if let Ok(Some(tcp)) = handed.take_tcp_listener(number) {
            tcp.set_nonblocking(true)?;
            Listener::Tcp(TcpListener::from_std(tcp)?)
        } else if let Some(unix) = handed.take_unix_listener(number)? {
            Listener::Unix(Unix::inherited(unix)?)
        } else {
            return Err(io::Error::other("it is neither TCP nor a Unix socket"));
        };
        listeners.push(listener);
    }
    Ok(listeners)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for old connections to time out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
