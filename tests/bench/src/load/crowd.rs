//! Subscribers beside the measured ones, good and bad: some read at once, some a little per second, some never again.
//! Must not know events; nothing that they get is looked at.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use memchr::memmem;
use socket2::{Domain, Socket, Type};

use crate::wire::{Secure, Wire};

/// Time between two looks at the sockets.
const TURN: Duration = Duration::from_millis(20);

/// Segments and receive buffers of those that are slow: what a path over Ethernet has. With loopback's segments of
/// 64 KB the kernel alone would take megabytes for them, and the server would not notice.
const SEGMENT: u32 = 1460;
const SMALL_BUFFER: usize = 4 << 10;

/// Where they come from, on loopback.
const OWN_ADDRESS: [u8; 4] = [127, 0, 0, 2];

const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How a subscriber behaves once it has its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Reads all there is.
    Reads,
    /// Reads so many bytes per second.
    Trickles(usize),
    /// Reads nothing more.
    Stops,
}

/// Connected subscribers; they leave when this is dropped.
#[derive(Debug)]
pub struct Crowd {
    stay: Sender<()>,
    thread: JoinHandle<usize>,
}

struct Member {
    wire: Wire,
    manner: Manner,
    /// When it reads next.
    due: Instant,
    ended: bool,
}

impl Crowd {
    /// Connects so many of each manner.
    ///
    /// # Errors
    ///
    /// When one of them gets no stream.
    pub fn connect(
        address: SocketAddr,
        secure: Option<&Secure>,
        path: &str,
        members: &[(usize, Manner)],
    ) -> Result<Self> {
        let each = members.iter().flat_map(|(count, manner)| std::iter::repeat_n(*manner, *count));
        let mut members =
            each.map(|manner| Member::connect(address, secure, path, manner)).collect::<Result<Vec<_>>>()?;
        let (stay, left) = channel();
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while left.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
                members.iter_mut().filter(|member| !member.ended).for_each(|member| member.turn(&mut buffer));
            }
            members.iter().filter(|member| member.ended).count()
        });
        Ok(Self { stay, thread })
    }

    /// Disconnects them; how many of those that read were ended by the server before.
    ///
    /// # Panics
    ///
    /// When their thread did.
    #[must_use]
    pub fn leave(self) -> usize {
        drop(self.stay);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Member {
    fn connect(address: SocketAddr, secure: Option<&Secure>, path: &str, manner: Manner) -> Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if manner != Manner::Reads {
            socket.set_tcp_mss(SEGMENT)?;
            socket.set_recv_buffer_size(SMALL_BUFFER)?;
        }
        if address.is_ipv4() {
            // Not the address of the measured ones: together they may need more ports than one has.
            socket.bind(&SocketAddr::from((OWN_ADDRESS, 0)).into())?;
        }
        socket.connect(&address.into()).with_context(|| format!("connecting to {address}"))?;
        let socket = TcpStream::from(socket);
        socket.set_read_timeout(Some(ANSWER_LIMIT))?;
        let mut wire = Wire::over(socket, secure)?;
        write!(wire, "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n")?;
        let (mut head, mut buffer) = (Vec::new(), [0; 512]);
        while memmem::find(&head, b"\r\n\r\n").is_none() {
            let length = wire.read(&mut buffer)?;
            ensure!(length > 0, "a subscription was closed before its answer");
            head.extend_from_slice(&buffer[..length]);
        }
        ensure!(head.starts_with(b"HTTP/1.1 200"), "a subscription was refused");
        wire.socket().set_nonblocking(true)?;
        Ok(Self { wire, manner, due: Instant::now(), ended: false })
    }

    fn turn(&mut self, buffer: &mut [u8]) {
        match self.manner {
            Manner::Reads => while self.read(buffer) {},
            Manner::Trickles(bytes) if self.due <= Instant::now() => {
                self.due += Duration::from_secs(1);
                self.read(&mut buffer[..bytes]);
            }
            Manner::Trickles(_) | Manner::Stops => {}
        }
    }

    /// Reads once; false when there was nothing.
    fn read(&mut self, buffer: &mut [u8]) -> bool {
        match self.wire.read(buffer) {
            Ok(length) => self.ended = length == 0,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            Err(_) => self.ended = true,
        }
        !self.ended
    }
}
