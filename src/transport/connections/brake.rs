//! A connection over which one caller alone calls, who is refused for having far more calls under way than
//! others have, is read slowly: what is not read costs nobody anything. Whoever shares a connection with such
//! a caller, as behind a proxy, is read as fast as ever.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::time::{Instant, Sleep, sleep};

use crate::transport::shedding::{Caller, Refused, Shed};

/// So often a caller must have been refused since anybody else called.
const OFTEN: u32 = 16;
/// Between two reads of a connection that is slowed down.
const PAUSE: Duration = Duration::from_millis(500);
/// So many bytes are read at a time then, about two calls.
const SIP: usize = 256;
/// A connection goes on as before when so long after its last refusal.
const HOLDS: Duration = Duration::from_secs(1);

/// Whether a connection is slowed down.
#[derive(Debug, Default)]
pub struct Brake(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Who was refused last.
    caller: Option<Caller>,
    /// How often, since anybody else called.
    refused: u32,
    until: Option<Instant>,
}

impl Brake {
    /// A call was refused.
    pub fn refused(&self, Refused { shed, caller }: Refused) {
        self.came(caller);
        match shed {
            Shed::Late => {}
            Shed::Share => self.with(|state| {
                state.caller = Some(caller);
                state.refused = state.refused.saturating_add(1);
                if state.refused >= OFTEN {
                    state.until = Some(Instant::now() + HOLDS);
                }
            }),
        }
    }

    /// A call was let in, of this caller where callers are told apart.
    pub fn admitted(&self, caller: Option<Caller>) {
        caller.into_iter().for_each(|caller| self.came(caller));
    }

    /// Whoever else was refused shares the connection.
    fn came(&self, caller: Caller) {
        self.with(|state| {
            if state.caller != Some(caller) {
                *state = State::default();
            }
        });
    }

    fn is_on(&self) -> bool {
        self.with(|state| state.until.is_some_and(|until| Instant::now() < until))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A stream that is read slowly while its brake is on.
pub struct Braked<I> {
    io: I,
    brake: Arc<Brake>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<I> Braked<I> {
    /// Nothing slows it down yet.
    pub fn new(io: I, brake: Arc<Brake>) -> Self {
        Self { io, brake, pause: None }
    }
}

impl<I: Read + Unpin> Read for Braked<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.brake.is_on() {
            this.pause = None;
            return Pin::new(&mut this.io).poll_read(context, into);
        }
        let pause = this.pause.get_or_insert_with(|| Box::pin(sleep(PAUSE)));
        ready!(pause.as_mut().poll(context));
        let mut sip = [MaybeUninit::uninit(); SIP];
        let room = into.remaining().min(SIP);
        let mut sip = ReadBuf::uninit(sip.get_mut(..room).unwrap_or_default());
        ready!(Pin::new(&mut this.io).poll_read(context, sip.unfilled()))?;
        into.put_slice(sip.filled());
        this.pause = None;
        Poll::Ready(Ok(()))
    }
}

impl<I: Write + Unpin> Write for Braked<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, bytes)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const GREEDY: Caller = Caller::numbered(1);
    const OTHER: Caller = Caller::numbered(2);

    #[tokio::test]
    async fn who_is_refused_again_and_again_is_read_slowly_and_others_are_not() {
        let (mut client, server) = duplex(64 * 1024);
        let brake = Arc::new(Brake::default());
        let mut io = TokioIo::new(Braked::new(TokioIo::new(server), brake.clone()));
        client.write_all(&[0; 4_000]).await.unwrap();
        let mut into = [0; 1_000];
        let mut at_once = || io.read(&mut into).now_or_never().map(Result::unwrap);
        let refuse = |times, shed, caller| {
            (0..times).for_each(|_| brake.refused(Refused { shed, caller }));
        };

        refuse(OFTEN - 1, Shed::Share, GREEDY);
        assert_eq!(at_once(), Some(1_000), "not yet");
        brake.admitted(Some(GREEDY));
        refuse(1, Shed::Late, GREEDY);
        refuse(1, Shed::Share, GREEDY);
        assert_eq!(at_once(), None);
        brake.admitted(Some(OTHER));
        assert_eq!(at_once(), Some(1_000), "somebody else's call came");
        refuse(OFTEN, Shed::Share, GREEDY);
        refuse(1, Shed::Late, OTHER);
        assert_eq!(at_once(), Some(1_000), "others are refused there too");
        refuse(OFTEN, Shed::Share, GREEDY);
        brake.admitted(None);
        assert_eq!(at_once(), None);
        // Whatever the brake does, what was sent arrives.
        let mut rest = [0; 1_000];
        io.read_exact(&mut rest).await.unwrap();
    }
}
