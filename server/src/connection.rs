//! Connections that can be told to end when nobody is at their other end any more.
//!
//! A device that sleeps or has lost its network says no goodbye, and the system goes on sending to it for a quarter of
//! an hour. An answer that never ends, as an event channel's, would keep its viewer in the session for as long. Other
//! answers are left alone: a paused player may take nothing of a segment for minutes.

use std::{
    io::{self, IoSlice},
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    extract::{ConnectInfo, connect_info::Connected},
    http::Extensions,
    serve::IncomingStream,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// What was sent and is not acknowledged for so long, in milliseconds, ends a connection that was told to.
const SILENCE_MS: u32 = 30_000;

/// The listening socket.
#[derive(Debug)]
pub struct Listening(pub TcpListener);

/// Who is at the other end.
#[derive(Clone, Debug)]
pub struct Peer {
    pub addr: SocketAddr,
    must_answer: Arc<AtomicBool>,
}

impl Peer {
    /// The other end of a request's connection, as far as the socket tells: what a proxy's headers say, anybody can write.
    pub fn ip(extensions: &Extensions) -> Option<IpAddr> {
        extensions.get::<ConnectInfo<Self>>().map(|info| info.0.addr.ip())
    }

    /// From the next write on the connection ends when the other end is silent.
    pub fn must_answer(&self) {
        self.must_answer.store(true, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Listening>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listening>) -> Self {
        Self { addr: *stream.remote_addr(), must_answer: Arc::clone(&stream.io().must_answer) }
    }
}

impl axum::serve::Listener for Listening {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, addr) = axum::serve::Listener::accept(&mut self.0).await;
        (Connection { stream, must_answer: Arc::default() }, addr)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    must_answer: Arc<AtomicBool>,
}

impl Connection {
    fn writer(&mut self) -> Pin<&mut TcpStream> {
        if self.must_answer.swap(false, Ordering::Relaxed)
            && let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(&self.stream, SILENCE_MS)
        {
            tracing::debug!(%error, "a connection's patience could not be set");
        }
        Pin::new(&mut self.stream)
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writer().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writer().poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::sockopt::tcp_user_timeout;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    #[tokio::test]
    async fn only_a_connection_that_was_told_to_ends_by_silence() {
        let mut listening = Listening(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let addr = axum::serve::Listener::local_addr(&listening).unwrap();
        let _other = TcpStream::connect(addr).await.unwrap();
        let (mut connection, addr) = axum::serve::Listener::accept(&mut listening).await;
        let peer = Peer { addr, must_answer: Arc::clone(&connection.must_answer) };
        connection.write_all(b"a segment").await.unwrap();
        assert_eq!(tcp_user_timeout(&connection.stream).unwrap(), 0);
        peer.must_answer();
        connection.write_all(b"an event").await.unwrap();
        assert_eq!(tcp_user_timeout(&connection.stream).unwrap(), SILENCE_MS);
    }
}
