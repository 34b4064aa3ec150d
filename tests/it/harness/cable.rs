//! What lies between a server and its database: it can be pulled out, and it can fall silent.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A cable to a PostgreSQL server.
pub struct Cable {
    /// The database's address at this end of the cable.
    pub url: String,
    state: watch::Sender<State>,
}

#[derive(Clone, Copy)]
struct State {
    fate: Fate,
    /// The connections that were made so far, and how many of them are silent for good.
    made: u64,
    silent: u64,
}

/// What becomes of a connection.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Passes,
    Closes,
    FallsSilent,
}

impl State {
    fn fate(&self, number: u64) -> Fate {
        if self.fate == Fate::Passes && number <= self.silent {
            return Fate::FallsSilent;
        }
        self.fate
    }
}

impl Cable {
    /// A cable to the database with this address.
    pub async fn to(url: &str) -> Self {
        let (user, place) = url.rsplit_once('@').unwrap();
        let (server, name) = place.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let first = State { fate: Fate::Passes, made: 0, silent: 0 };
        let (state, _) = watch::channel(first);
        let (accepting, server) = (state.clone(), server.to_owned());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                accepting.send_modify(|state| state.made += 1);
                let number = accepting.borrow().made;
                tokio::spawn(carry(number, near, server.clone(), accepting.subscribe()));
            }
        });
        Self { url: format!("{user}@{address}/{name}"), state }
    }

    /// Pulls it out: every connection is closed, and so is every new one.
    pub fn cut(&self) {
        self.turn(Fate::Closes);
    }

    /// The connections that are open fall silent for good; none is closed. New ones pass.
    pub fn freeze(&self) {
        self.state.send_modify(|state| state.silent = state.made);
    }

    /// Nothing passes and nothing is closed. New connections are accepted, and hear nothing.
    pub fn silence(&self) {
        self.turn(Fate::FallsSilent);
    }

    /// New connections pass again. What fell silent stays so.
    pub fn mend(&self) {
        self.freeze();
        self.turn(Fate::Passes);
    }

    fn turn(&self, fate: Fate) {
        self.state.send_modify(|state| state.fate = fate);
    }
}

async fn carry(
    number: u64,
    mut near: TcpStream,
    server: String,
    mut state: watch::Receiver<State>,
) {
    if state.borrow().fate(number) == Fate::Passes {
        let mut far = TcpStream::connect(server).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => {}
            _ = turned(&mut state, number, |fate| fate != Fate::Passes) => {
                // Both ends stay open, and nobody reads.
                turned(&mut state, number, |fate| fate == Fate::Closes).await;
            }
        }
    } else {
        turned(&mut state, number, |fate| fate == Fate::Closes).await;
    }
}

/// Waits until this becomes of a connection; or for the end of the cable, which closes it too.
async fn turned(state: &mut watch::Receiver<State>, number: u64, until: impl Fn(Fate) -> bool) {
    let _ = state.wait_for(|state| until(state.fate(number))).await;
}
