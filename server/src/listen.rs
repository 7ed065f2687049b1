//! The listening socket: when the port is taken, another one or a plain word.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    net::SocketAddr,
};

use tokio::net::TcpListener;

/// Why the server does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("port {} is taken by another program; choose another with --addr {}:PORT", .0.port(), .0.ip())]
    Taken(SocketAddr),
    #[error("this user may not listen on port {}; choose one above 1023 with --addr {}:PORT", .0.port(), .0.ip())]
    NotAllowed(SocketAddr),
    #[error("this machine does not have the address {}; choose another with --addr", .0.ip())]
    NoSuchAddress(SocketAddr),
    #[error("cannot listen on {addr}; choose another address with --addr")]
    Other { addr: SocketAddr, source: io::Error },
}

/// Listens on `addr`. When its port is taken and somebody sits at the terminal, asks for another.
///
/// # Errors
///
/// With the flag that helps.
pub async fn listen(mut addr: SocketAddr) -> Result<TcpListener, ListenError> {
    loop {
        let error = match TcpListener::bind(addr).await {
            Ok(listener) => return Ok(listener),
            Err(error) => error,
        };
        match error.kind() {
            io::ErrorKind::AddrInUse => match ask_for_port(addr).await {
                Some(port) => addr.set_port(port),
                None => return Err(ListenError::Taken(addr)),
            },
            io::ErrorKind::PermissionDenied => return Err(ListenError::NotAllowed(addr)),
            io::ErrorKind::AddrNotAvailable => return Err(ListenError::NoSuchAddress(addr)),
            _ => return Err(ListenError::Other { addr, source: error }),
        }
    }
}

/// None when there is no terminal, or its user gives no port.
async fn ask_for_port(taken: SocketAddr) -> Option<u16> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    let answer = tokio::task::spawn_blocking(move || {
        let suggestion = taken.port().checked_add(1).unwrap_or(8000);
        let mut terminal = io::stderr();
        write!(terminal, "port {} is taken; another one [{suggestion}]: ", taken.port()).ok()?;
        terminal.flush().ok()?;
        let mut line = String::new();
        // End of input is a no.
        if io::stdin().lock().read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => Some(suggestion),
            text => text.parse().ok(),
        }
    });
    answer.await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_told_with_the_flag_that_helps() {
        let first = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let taken = first.local_addr().unwrap();
        let error = listen(taken).await.unwrap_err();
        assert!(matches!(error, ListenError::Taken(addr) if addr == taken));
        assert!(error.to_string().contains("--addr"), "{error}");
    }
}
