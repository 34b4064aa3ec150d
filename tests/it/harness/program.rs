//! The program itself, as an operator runs it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::Duration;

/// Nothing that the program is asked for here takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// `roster` with these arguments and no settings from outside.
pub fn roster<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
    command.env_clear().args(arguments).current_dir(std::env::temp_dir());
    command
}

/// Standard output, standard error and whether the program was content. One that does not end is ended.
pub fn said(command: &mut Command) -> (String, String, bool) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id();
    let (end, ended) = channel();
    spawn(move || end.send(child.wait_with_output().unwrap()));
    let Ok(Output { status, stdout, stderr }) = ended.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
        panic!("{command:?} does not end");
    };
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr), status.success())
}

/// The same of a program that a test on the same runtime waits for.
pub async fn said_meanwhile(mut command: Command) -> (String, String, bool) {
    tokio::task::spawn_blocking(move || said(&mut command)).await.unwrap()
}

/// A program that goes on until it is asked to end.
pub struct Program {
    id: u32,
    lines: Receiver<String>,
    ended: Receiver<ExitStatus>,
}

impl Program {
    /// Starts it and reads what it says on either stream.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (say, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let say = say.clone();
            spawn(move || {
                BufReader::new(stream).lines().try_for_each(|line| say.send(line.unwrap()))
            });
        }
        let id = child.id();
        let (end, ended) = channel();
        spawn(move || end.send(child.wait().unwrap()));
        Self { id, lines, ended }
    }

    /// The next line that the program writes.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("another line")
    }

    /// Sends SIGTERM, and waits until the program is gone.
    pub fn terminate(self) -> ExitStatus {
        self.signal("-TERM");
        self.ended.recv_timeout(PATIENCE).expect("the program ends")
    }

    /// Sends SIGTERM, and returns all lines that were written since the last one that was read.
    pub fn last_lines(self) -> Vec<String> {
        self.signal("-TERM");
        self.ended.recv_timeout(PATIENCE).expect("the program ends");
        self.lines.iter().collect()
    }

    /// Sends a signal, such as `-HUP`.
    pub fn signal(&self, signal: &str) {
        let _ = Command::new("kill").args([signal, &self.id.to_string()]).status();
    }
}

/// Nothing stays behind when a test fails.
impl Drop for Program {
    fn drop(&mut self) {
        if self.ended.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            self.signal("-KILL");
        }
    }
}
