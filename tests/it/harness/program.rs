//! The program itself, as an operator runs it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::Duration;

/// Nothing that the program is asked for here takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// `roster` with these arguments and no settings from outside.
pub fn roster<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
    command.env_clear().args(arguments).current_dir(std::env::temp_dir());
    command
}

/// Standard output, standard error and whether the program was content.
pub fn said(command: &mut Command) -> (String, String, bool) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr), status.success())
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

    fn signal(&self, signal: &str) {
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
