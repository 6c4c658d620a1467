//! A line to a server that takes its time: bytes arrive in order, each so long after it was sent; any number at once.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Where a link ends.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Socket(PathBuf),
    Address(SocketAddr),
}

/// Opens a port from which everything goes to the target and back, `delay` each way. It stays open as long as the process
/// lives. Connecting isn't delayed: the kernel does that by itself.
pub(crate) fn open(target: Target, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("has one");
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("accepted");
            client.set_nodelay(true).expect("set");
            match &target {
                Target::Socket(path) => join(client, UnixStream::connect(path), delay),
                Target::Address(address) => {
                    let server = TcpStream::connect(address).inspect(|stream| {
                        stream.set_nodelay(true).expect("set");
                    });
                    join(client, server, delay);
                }
            }
        }
    });
    address
}

trait Line: Read + Write + Send + Sized + 'static {
    fn both(self) -> io::Result<(Self, Self)>;
    fn hang_up(&self);
}

impl Line for TcpStream {
    fn both(self) -> io::Result<(Self, Self)> {
        Ok((self.try_clone()?, self))
    }

    fn hang_up(&self) {
        self.shutdown(Shutdown::Write).ok();
    }
}

impl Line for UnixStream {
    fn both(self) -> io::Result<(Self, Self)> {
        Ok((self.try_clone()?, self))
    }

    fn hang_up(&self) {
        self.shutdown(Shutdown::Write).ok();
    }
}

fn join(client: impl Line, server: io::Result<impl Line>, delay: Duration) {
    let Ok(server) = server else { return };
    let ((from_client, to_client), (from_server, to_server)) =
        (client.both().expect("cloned"), server.both().expect("cloned"));
    pass(from_client, to_server, delay);
    pass(from_server, to_client, delay);
}

fn pass(mut from: impl Line, mut to: impl Line, delay: Duration) {
    let (on_its_way, arriving) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if on_its_way.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in arriving {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        thread::sleep(delay);
        to.hang_up();
    });
}
