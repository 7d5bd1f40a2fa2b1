//! How bytes of a stream reach their socket, and what comes from there: as they are, or over TLS.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;

use rustls::ServerConnection;

/// A socket, with its TLS session if it has one.
pub(super) struct Wire<'a> {
    pub(super) socket: &'a TcpStream,
    pub(super) tls: Option<&'a mut ServerConnection>,
}

impl Wire<'_> {
    /// Reads what came and says how many bytes of it are for us; none: the other side has finished.
    pub(super) fn read(&mut self, scratch: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(tls) = &mut self.tls else {
            return self.socket.read(scratch).map(|length| Some(length).filter(|length| *length > 0));
        };
        let came = tls.read_tls(&mut self.socket)?;
        let state = tls.process_new_packets().map_err(io::Error::other)?;
        let (mut plain, mut closed) = (0, came == 0 || state.peer_has_closed());
        loop {
            match tls.reader().read(scratch) {
                Ok(0) => {
                    closed = true;
                    break;
                }
                Ok(length) => plain += length,
                Err(_) => break,
            }
        }
        Ok((!closed).then_some(plain))
    }

    /// Tells the other side that nothing follows.
    pub(super) fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // It is over either way.
            let _ = self.flush();
        }
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.write_vectored(slices) };
        let taken = tls.writer().write_vectored(slices)?;
        if taken == 0 {
            // It holds as much as it may. An error says that the socket takes no more, otherwise there is room now.
            tls.write_tls(&mut self.socket)?;
            return tls.writer().write_vectored(slices);
        }
        Ok(taken)
    }

    /// Whatever was encrypted goes out.
    fn flush(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.wants_write() {
            if tls.write_tls(&mut self.socket)? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}
