//! System calls that fail and clocks that are wrong, by the small library of `tests/crash`, which is built and preloaded.

use std::fs::File;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::record::Failed;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crash/fault.c");
/// Where the library looks for by how much the clock is wrong, behind four other numbers.
const CLOCK: u64 = 16;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// `fsync`, with EIO.
    Sync,
    /// `write`, with ENOSPC: the disk is full.
    Write,
}

/// Variables of a process.
pub type Environment = Vec<(String, String)>;

/// What some processes have preloaded.
#[derive(Debug)]
pub struct Shim {
    library: PathBuf,
    control: PathBuf,
    files: String,
}

impl Shim {
    /// For files with this in their path.
    pub fn new(folder: &Path, name: &str, files: &str) -> Result<Self, Failed> {
        let library = folder.join("fault.so");
        if !library.exists() {
            let mut build = Command::new("gcc");
            build.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([SOURCE, "-ldl"]);
            let done = build.output().map_err(|error| format!("gcc: {error}"))?;
            if !done.status.success() {
                return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
            }
        }
        let control = folder.join(format!("fault-{name}"));
        std::fs::write(&control, [0; 20])?;
        // PostgreSQL runs as somebody else.
        for (path, mode) in [(folder, 0o711), (&control, 0o666), (&library, 0o755)] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        }
        Ok(Self { library, control, files: files.into() })
    }

    /// What a process needs to have it.
    pub fn environment(&self) -> Environment {
        let (library, control) = (self.library.display(), self.control.display());
        vec![
            ("LD_PRELOAD".into(), library.to_string()),
            ("FAULT_CONTROL".into(), control.to_string()),
            ("FAULT_FILES".into(), self.files.clone()),
        ]
    }

    /// From now on so many calls fail.
    pub fn fail(&self, failing: Failing, times: i32) -> Result<(), Failed> {
        let kind = match failing {
            Failing::Sync => 1_i32,
            Failing::Write => 2,
        };
        self.write(0, &[kind, 0, times])
    }

    /// From now on none fails.
    pub fn heal(&self) -> Result<(), Failed> {
        self.write(0, &[0, 0, 0])
    }

    /// From now on the clock is wrong by so many milliseconds.
    pub fn move_clock(&self, by: i32) -> Result<(), Failed> {
        self.write(CLOCK, &[by])
    }

    fn write(&self, at: u64, numbers: &[i32]) -> Result<(), Failed> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
        Ok(File::options().write(true).open(&self.control)?.write_all_at(&bytes, at)?)
    }
}
