//! The address of a process, taken early and opened when there is something behind it.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections that wait to be let in.
const BACKLOG: u32 = 1024;

/// An address that nobody else can take any more.
pub(crate) enum Door {
    /// Who comes is not refused, but waits.
    Ajar(TcpListener),
    /// Who comes is refused, and can go to another replica.
    Closed(TcpSocket),
}

impl Door {
    /// Takes the address. With `ajar`, whoever comes before it is opened waits.
    pub(crate) fn take(listen: SocketAddr, ajar: bool) -> io::Result<Door> {
        let socket = if listen.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // An address on which connections of a process before this one are still coming to their end can be taken.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(listen)?;
        if ajar { socket.listen(BACKLOG).map(Door::Ajar) } else { Ok(Door::Closed(socket)) }
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Door::Ajar(listener) => listener.local_addr(),
            Door::Closed(socket) => socket.local_addr(),
        }
    }

    /// Opens it for everybody.
    pub(crate) fn open(self) -> io::Result<TcpListener> {
        match self {
            Door::Ajar(listener) => Ok(listener),
            Door::Closed(socket) => socket.listen(BACKLOG),
        }
    }
}
