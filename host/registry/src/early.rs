//! A connection that is read from also when nobody hears any more what is written: servers refuse large bodies before they have
//! taken them (401, 413) and close, and their reason is there already.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Loses what is written after the other side has closed; that it has is found by reading.
pub struct Early {
    stream: TokioIo<TcpStream>,
    is_unheard: bool,
}

impl Early {
    pub(crate) const fn new(stream: TokioIo<TcpStream>) -> Self {
        Self { stream, is_unheard: false }
    }

    /// What a write or flush comes to; `all` if it is lost.
    fn written<T>(&mut self, all: T, done: Poll<Result<T>>) -> Poll<Result<T>> {
        match done {
            Poll::Ready(Err(error)) if is_closed(&error) => {
                self.is_unheard = true;
                Poll::Ready(Ok(all))
            }
            done => done,
        }
    }
}

fn is_closed(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

impl Read for Early {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl Write for Early {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        if self.is_unheard {
            return Poll::Ready(Ok(bytes.len()));
        }
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(bytes.len(), done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let all = parts.iter().map(|part| part.len()).sum();
        if self.is_unheard {
            return Poll::Ready(Ok(all));
        }
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.written(all, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(context);
        self.written((), done)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connection for Early {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn what_came_is_read_though_nobody_hears_any_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut other, _) = listener.accept().await.unwrap();
        let mut early = TokioIo::new(Early::new(TokioIo::new(stream)));
        early.write_all(b"a request").await.unwrap();
        other.readable().await.unwrap();
        other.write_all(b"no").await.unwrap();
        // With what it did not read, so that the connection is reset.
        drop(other);
        for _ in 0..100 {
            early.write_all(&[0; 1 << 16]).await.unwrap();
        }
        early.flush().await.unwrap();
        let mut answer = [0; 2];
        early.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"no");
    }
}
