//! One subscriber of the light lane: its feed, and what of it the socket did not take yet.

use std::io;
use std::net::TcpStream;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use rustls::ServerConnection;

use crate::app::App;
use crate::connections::Carrier;
use crate::lane::calls::Arrival;
use crate::lane::piece::Piece;
use crate::lane::rooms::Place;
use crate::lane::wheel::Tick;
use crate::lane::wire::Wire;
use crate::limits::{LANE_DISCARDED_MAX, LANE_TURN_BYTES};
use crate::sse::Feed;

/// One subscriber.
#[derive(Debug)]
pub(super) struct Seat {
    feed: Feed,
    tls: Option<Box<ServerConnection>>,
    /// What the socket did not take.
    rest: Option<Box<Piece>>,
    pub(super) place: Place,
    pub(super) timer: Tick,
    /// Bytes that came after the request.
    discarded: u16,
    /// The socket takes nothing until it says so.
    blocked: bool,
    ended: bool,
}

/// How a seat stands after a turn.
#[derive(Debug)]
pub(super) enum Turn {
    /// It has everything, or its socket takes no more.
    Done,
    /// There is more for it, but others are to have their turn.
    More,
    /// It is over: why, if by an error.
    Over(Option<io::Error>),
}

impl Seat {
    /// A stream that begins with the head of the answer.
    pub(super) fn new(arrival: Arrival, place: Place, timer: Tick) -> Self {
        let Arrival { feed, tls, head } = arrival;
        let rest = Some(Box::new(Piece::raw(head.into())));
        Self { feed, tls, rest, place, timer, discarded: 0, blocked: false, ended: false }
    }

    pub(super) const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Writes what there is while the socket takes it. `waker` makes what wakes for this seat alone.
    pub(super) fn take_turn(&mut self, app: &App, waker: impl Fn() -> Waker) -> Turn {
        let mut room = LANE_TURN_BYTES;
        while !self.blocked {
            if let Some(mut piece) = self.rest.take() {
                match self.send(&mut piece) {
                    Ok(true) => {}
                    Ok(false) => self.rest = Some(piece),
                    Err(error) => return Turn::Over(Some(error)),
                }
                continue;
            }
            if self.ended {
                self.wire().map(|mut wire| wire.finish()).ok();
                return Turn::Over(None);
            }
            if room == 0 {
                return Turn::More;
            }
            let bytes = match self.next(app, &waker) {
                Poll::Pending => return Turn::Done,
                Poll::Ready(Some(bytes)) => bytes,
                Poll::Ready(None) => {
                    self.ended = true;
                    Bytes::new()
                }
            };
            room = room.saturating_sub(bytes.len());
            if let Err(error) = self.write(bytes) {
                return Turn::Over(Some(error));
            }
        }
        Turn::Done
    }

    /// Writes a heartbeat if it is due and nothing else is on the way. To be called after a turn, which moves the place that
    /// it tells.
    pub(super) fn beat(&mut self) -> io::Result<()> {
        if self.rest.is_none() && !self.blocked && !self.ended && self.feed.due_in().is_zero() {
            let beat = self.feed.beat();
            self.write(beat)?;
        }
        Ok(())
    }

    /// The socket says that it takes bytes again; whether there are some for it.
    pub(super) fn unblock(&mut self) -> bool {
        std::mem::take(&mut self.blocked) || self.rest.is_some()
    }

    /// Whether TLS has something to say by itself, such as a new key; it goes out before anything else.
    pub(super) fn answers(&mut self) -> bool {
        let answers = self.rest.is_none() && self.tls.as_ref().is_some_and(|tls| tls.wants_write());
        if answers {
            self.rest = Some(Box::new(Piece::raw(Bytes::new())));
        }
        answers
    }

    /// Reads what came and throws it away: nothing is expected after the request, but while it is there the end of the
    /// connection is not seen. Whether the connection is still open.
    pub(super) fn discard(&mut self, scratch: &mut [u8]) -> io::Result<bool> {
        loop {
            match self.wire()?.read(scratch) {
                Ok(None) => return Ok(false),
                Ok(Some(length)) => {
                    let length = u16::try_from(length).unwrap_or(u16::MAX);
                    self.discarded = self.discarded.saturating_add(length);
                    if self.discarded > LANE_DISCARDED_MAX {
                        return Err(io::Error::other("it sends after its request"));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Most seats wait with their room for the next event. Only one that waits for a read, or for its turn, gets a waker.
    fn next(&mut self, app: &App, waker: &impl Fn() -> Waker) -> Poll<Option<Bytes>> {
        let polled = self.feed.poll_ready(app, &mut Context::from_waker(Waker::noop()));
        if polled.is_pending() && self.feed.is_catching_up() {
            return self.feed.poll_ready(app, &mut Context::from_waker(&waker()));
        }
        polled
    }

    fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        let mut piece = Piece::chunk(bytes);
        if !self.send(&mut piece)? {
            self.rest = Some(Box::new(piece));
        }
        Ok(())
    }

    /// Whether all was sent.
    fn send(&mut self, piece: &mut Piece) -> io::Result<bool> {
        let sent = piece.write(self.wire()?)?;
        self.blocked = !sent;
        Ok(sent)
    }

    fn wire(&mut self) -> io::Result<Wire<'_>> {
        Ok(Wire { socket: socket(&self.feed)?, tls: self.tls.as_deref_mut() })
    }

    pub(super) fn socket(&self) -> io::Result<&TcpStream> {
        socket(&self.feed)
    }
}

fn socket(feed: &Feed) -> io::Result<&TcpStream> {
    match &feed.connection().carrier {
        Carrier::Lane { socket, .. } => Ok(socket),
        Carrier::Http(_) => Err(io::Error::other("hyper has the socket")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There are many of them.
    #[test]
    fn a_seat_is_small() {
        assert!(size_of::<Seat>() <= 96, "{}", size_of::<Seat>());
        assert!(size_of::<crate::connections::Connection>() <= 96);
    }
}
