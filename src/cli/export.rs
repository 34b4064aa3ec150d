//! `roster export`: writes everything that a database has at one moment.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::NamedTempFile;

use super::database::{self, Database};
use super::{Failed, output};
use crate::domain::Record;
use crate::interchange::{self, HEADER};
use crate::store::{self, Export};

/// How much is written at a time.
const CHUNK: usize = 256 * 1024;

/// Write all spaces, people, memberships and history of a database, as of one moment
///
/// It only looks, and may do so beside a running server. `roster import` reads what it writes, on either
/// database.
#[derive(clap::Args)]
pub struct Args {
    /// The file, which is there when it is whole; packed by gzip if it ends in .gz; - for standard output
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    database: database::Args,
}

pub async fn run(args: Args) -> Result<(), Failed> {
    let database = args.database.find()?;
    export(&args.file, &database).await.map_err(|error| database.blamed(error))
}

async fn export(path: &Path, Database { url, place }: &Database) -> Result<(), Failed> {
    if store::schema(url).await?.iter().any(|step| !step.is_made) {
        return Err(
            format!("database {place}: the schema is not up to date: roster migrate").into()
        );
    }
    let mut export = Export::open(url).await?;
    let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} rows, {eta} left")?;
    let progress = ProgressBar::new(export.rows().await?.unsigned_abs()).with_style(style);
    let unwritable = |error: io::Error| match path == Path::new("-") {
        true => Failed::from(error),
        false => format!("{}: {error}", path.display()).into(),
    };
    let mut out = Out::open(path).map_err(unwritable)?;
    let mut chunk = format!("{HEADER}\n").into_bytes();
    let (mut spaces, mut memberships) = (0_u64, 0_u64);
    while let Some(record) = export.next().await? {
        match record {
            Record::Space(_) => spaces += 1,
            Record::Membership(_) => memberships += 1,
            Record::Person(_) | Record::Event(_) => {}
        }
        interchange::write(&record, &mut chunk)?;
        progress.inc(u64::from(matches!(record, Record::Event(_) | Record::Membership(_))));
        if chunk.len() >= CHUNK {
            out.write(&chunk).map_err(unwritable)?;
            chunk.clear();
        }
    }
    out.write(&chunk).map_err(unwritable)?;
    out.finish(path).map_err(unwritable)?;
    export.close().await?;
    progress.finish_and_clear();
    output::complain(format_args!("{place}: {spaces} spaces, {memberships} memberships"));
    Ok(())
}

/// Where it is written.
enum Out {
    Standard(io::Stdout),
    Plain(BufWriter<NamedTempFile>),
    Packed(GzEncoder<BufWriter<NamedTempFile>>),
}

impl Out {
    /// Beside the file that is wanted, which takes its place when it is whole.
    fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Standard(io::stdout()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        let file = BufWriter::new(file);
        let is_packed = path.extension().is_some_and(|extension| extension == "gz");
        Ok(match is_packed {
            true => Self::Packed(GzEncoder::new(file, Compression::default())),
            false => Self::Plain(file),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.write_all(bytes),
            Self::Plain(out) => out.write_all(bytes),
            Self::Packed(out) => out.write_all(bytes),
        }
    }

    fn finish(self, path: &Path) -> io::Result<()> {
        let file = match self {
            Self::Standard(mut out) => return out.flush(),
            Self::Plain(out) => out,
            Self::Packed(out) => out.finish()?,
        };
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        File::sync_all(file.as_file())?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }
}
