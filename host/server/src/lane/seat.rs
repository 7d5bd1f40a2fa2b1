//! One subscriber of the light lane: its feed, and what of it the socket did not take yet.

use std::io;
use std::net::TcpStream;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use rustls::ServerConnection;
use tidemill_bus::AtHand;

use crate::app::App;
use crate::connections::Carrier;
use crate::lane::calls::Arrival;
use crate::lane::piece::{Framed, Piece};
use crate::lane::rooms::Place;
use crate::lane::wheel::Tick;
use crate::lane::wire::Wire;
use crate::limits::{LANE_DISCARDED_MAX, LANE_TURN_BYTES};
use crate::sse::Feed;

/// One subscriber.
#[derive(Debug)]
pub(super) struct Seat {
    feed: Feed,
    /// What few have at a time.
    extra: Option<Box<Extra>>,
    pub(super) place: Place,
    pub(super) timer: Tick,
    /// Bytes that came after the request.
    discarded: u16,
    /// The socket takes nothing until it says so.
    blocked: bool,
    ended: bool,
}

/// What few seats have: TLS, and what the socket did not take.
#[derive(Debug, Default)]
struct Extra {
    tls: Option<ServerConnection>,
    rest: Option<Piece>,
}

/// What the seats of one thread use in common.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    at_hand: AtHand,
    framed: Framed,
}

impl Shelf {
    /// Lets go of bytes when nobody has a turn for a while.
    pub(super) fn clear(&mut self) {
        self.at_hand.clear();
        self.framed.clear();
    }
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
        let rest = Some(Piece::raw(head.into()));
        let extra = Some(Box::new(Extra { tls: tls.map(|tls| *tls), rest }));
        Self { feed, extra, place, timer, discarded: 0, blocked: false, ended: false }
    }

    pub(super) const fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Writes what there is while the socket takes it. `waker` makes what wakes for this seat alone.
    pub(super) fn take_turn(&mut self, app: &App, shelf: &mut Shelf, waker: impl Fn() -> Waker) -> Turn {
        let mut room = LANE_TURN_BYTES;
        while !self.blocked {
            if let Some(rest) = self.take_rest() {
                if let Err(error) = self.write(rest) {
                    return Turn::Over(Some(error));
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
            let bytes = match self.next(app, shelf, &waker) {
                Poll::Pending => return Turn::Done,
                Poll::Ready(Some(bytes)) => bytes,
                Poll::Ready(None) => {
                    self.ended = true;
                    Bytes::new()
                }
            };
            room = room.saturating_sub(bytes.len());
            if let Err(error) = self.write(shelf.framed.chunk(bytes)) {
                return Turn::Over(Some(error));
            }
        }
        Turn::Done
    }

    /// Writes a heartbeat if it is due and nothing else is on the way. To be called after a turn, which moves the place that
    /// it tells.
    pub(super) fn beat(&mut self, app: &App) -> io::Result<()> {
        if !self.has_rest() && !self.blocked && !self.ended && self.feed.due_in().is_zero() {
            let beat = self.feed.beat(app);
            self.write(Piece::chunk(beat))?;
        }
        Ok(())
    }

    /// The socket says that it takes bytes again; whether there are some for it.
    pub(super) fn unblock(&mut self) -> bool {
        std::mem::take(&mut self.blocked) || self.has_rest()
    }

    /// Whether TLS has something to say by itself, such as a new key; it goes out before anything else.
    pub(super) fn answers(&mut self) -> bool {
        let Some(extra) = &mut self.extra else { return false };
        let answers = extra.rest.is_none() && extra.tls.as_ref().is_some_and(|tls| tls.wants_write());
        if answers {
            extra.rest = Some(Piece::raw(Bytes::new()));
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
    fn next(&mut self, app: &App, shelf: &mut Shelf, waker: &impl Fn() -> Waker) -> Poll<Option<Bytes>> {
        let polled = self.feed.poll_ready(app, &mut shelf.at_hand, &mut Context::from_waker(Waker::noop()));
        if polled.is_pending() && self.feed.is_catching_up() {
            return self.feed.poll_ready(app, &mut shelf.at_hand, &mut Context::from_waker(&waker()));
        }
        polled
    }

    /// Writes a piece, and keeps what the socket does not take.
    fn write(&mut self, mut piece: Piece) -> io::Result<()> {
        self.blocked = !piece.write(self.wire()?)?;
        if self.blocked {
            self.extra.get_or_insert_default().rest = Some(piece);
        }
        Ok(())
    }

    fn has_rest(&self) -> bool {
        self.extra.as_ref().is_some_and(|extra| extra.rest.is_some())
    }

    fn take_rest(&mut self) -> Option<Piece> {
        let rest = self.extra.as_mut()?.rest.take();
        if self.extra.as_ref().is_some_and(|extra| extra.tls.is_none()) {
            self.extra = None;
        }
        rest
    }

    fn wire(&mut self) -> io::Result<Wire<'_>> {
        Ok(Wire { socket: socket(&self.feed)?, tls: self.extra.as_mut().and_then(|extra| extra.tls.as_mut()) })
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
        assert!(size_of::<Seat>() <= 104, "{}", size_of::<Seat>());
        assert!(size_of::<crate::connections::Connection>() <= 88);
    }
}
