//! What lies between a server and its database: it can be pulled out, and it can fall silent.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// When the database says this in a notice, the connection is closed instead of passing on the answer
/// that ends the transaction: what was asked has been done, and nobody hears it.
pub const LOST: &str = "this answer is lost";
/// How every answer ends, outside of a transaction and inside of one.
const READY: &[u8] = b"Z\0\0\0\x05I";
const READY_IN_TRANSACTION: &[u8] = b"Z\0\0\0\x05T";

/// A cable to a PostgreSQL server.
pub struct Cable {
    /// The database's address at this end of the cable, which reads along.
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
        Self { url: format!("{user}@{address}/{name}?sslmode=disable"), state }
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

async fn carry(number: u64, near: TcpStream, server: String, mut state: watch::Receiver<State>) {
    if state.borrow().fate(number) == Fate::Passes {
        let far = TcpStream::connect(server).await.unwrap();
        let ((mut asks, mut hears), (answers, mut asked)) = (split(near), split(far));
        tokio::select! {
            _ = copy(&mut asks, &mut asked) => {}
            () = carry_answers(answers, &mut hears) => {}
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

/// Passes on what the database says, until it ends or an answer has to be lost.
async fn carry_answers(mut answers: ReadHalf<TcpStream>, hears: &mut WriteHalf<TcpStream>) {
    let (mut chunk, mut kept, mut loses) = ([0; 8_192], Vec::new(), false);
    while let Ok(n @ 1..) = answers.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..n]);
        loses |= kept.windows(LOST.len()).any(|bytes| bytes == LOST.as_bytes());
        if loses && kept.ends_with(READY) {
            return;
        }
        // In a transaction, it is the answer to COMMIT that gets lost.
        let passes = !loses || kept.ends_with(READY_IN_TRANSACTION);
        if passes && hears.write_all(&std::mem::take(&mut kept)).await.is_err() {
            return;
        }
    }
}
