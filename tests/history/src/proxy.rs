//! A TCP proxy on loopback that can cut its connections, or freeze them so that nobody is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::record::Failed;

/// What a proxy does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mode {
    /// Nothing gets through; connections stay open.
    frozen: bool,
    /// Nobody new gets in.
    closed: bool,
    /// Connections older than this were cut.
    cuts: u64,
    /// Where new connections lead to.
    target: SocketAddr,
}

/// A running proxy.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    mode: watch::Sender<Mode>,
}

impl Proxy {
    /// Starts one in front of this address.
    pub async fn start(target: SocketAddr) -> Result<Arc<Self>, Failed> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (mode, watched) =
            watch::channel(Mode { frozen: false, closed: false, cuts: 0, target });
        tokio::spawn(accept(listener, watched));
        Ok(Arc::new(Self { address, mode }))
    }

    /// Cuts every connection, and lets nobody in until it is healed.
    pub fn cut(&self) {
        self.mode.send_modify(|mode| {
            mode.cuts += 1;
            mode.closed = true;
        });
    }

    /// Nothing gets through any more, and nobody is told.
    pub fn freeze(&self) {
        self.mode.send_modify(|mode| mode.frozen = true);
    }

    /// New connections lead there from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        self.mode.send_modify(|mode| mode.target = target);
    }

    /// All is well. What was frozen is dead: its connections are cut only if `silently` is false.
    pub fn heal(&self, silently: bool) {
        self.mode.send_modify(|mode| {
            mode.frozen = false;
            mode.closed = false;
            mode.cuts += u64::from(!silently);
        });
    }
}

async fn accept(listener: TcpListener, mode: watch::Receiver<Mode>) {
    while let Ok((client, _)) = listener.accept().await {
        let now = *mode.borrow();
        if !now.closed {
            tokio::spawn(connection(client, mode.clone(), now));
        }
    }
}

async fn connection(client: TcpStream, mut mode: watch::Receiver<Mode>, at_first: Mode) {
    let Ok(server) = TcpStream::connect(at_first.target).await else { return };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = copy(from_client, to_server, mode.clone());
    let down = copy(from_server, to_client, mode.clone());
    tokio::select! {
        _ = async { tokio::join!(up, down) } => {}
        _ = mode.wait_for(|mode| mode.cuts > at_first.cuts) => {}
    }
}

/// What came while it was frozen is lost, as on a path that died.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut mode: watch::Receiver<Mode>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut buffer).await {
        if mode.wait_for(|mode| !mode.frozen).await.is_err() {
            break;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        if read == 0 || to.write_all(bytes).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
