//! Those who write the lines that they are given: into a database, or through a server.

use tokio::sync::mpsc::{self, Receiver, Sender};

use super::super::Failed;
use super::super::remote::Remote;
use super::super::remote::import::{Batch, Packing};
use super::lanes::{Part, Step};
use crate::service::{FaultyLine, Import, Imported};

/// Writes what comes.
pub async fn write(
    mut import: Import,
    mut parts: Receiver<Part>,
    faults: Sender<Vec<FaultyLine>>,
) -> Result<Imported, Failed> {
    while let Some(part) = parts.recv().await {
        for step in part {
            match step {
                Step::Line((line, Ok(record))) => import.take(line, record).await?,
                Step::Line((line, Err(reason))) => import.take_unreadable(line, reason),
                Step::End => import.end_current().await?,
                Step::Broken => import.break_off().await?,
            }
        }
        let _ = faults.send(import.faults()).await;
    }
    import.finish().await?;
    let _ = faults.send(import.faults()).await;
    let told = import.told();
    import.close().await?;
    Ok(told)
}

/// Sends what comes, and puts the next lines together meanwhile.
pub async fn send(
    remote: &Remote,
    parts: Receiver<Part>,
    faults: Sender<Vec<FaultyLine>>,
) -> Result<Imported, Failed> {
    let (to, mut batches) = mpsc::channel::<Batch>(1);
    let send = async {
        let mut told = Imported::default();
        while let Some(batch) = batches.recv().await {
            let _ = faults.send(batch.send(remote, &mut told).await?).await;
        }
        Ok(told)
    };
    let (told, ()) = tokio::try_join!(send, pack(parts, to))?;
    Ok(told)
}

/// Puts lines together.
async fn pack(mut parts: Receiver<Part>, to: Sender<Batch>) -> Result<(), Failed> {
    let mut packing = Packing::default();
    while let Some(part) = parts.recv().await {
        for step in part {
            let whole = match step {
                Step::Line((line, found)) => packing.take(line, found)?,
                Step::End => {
                    packing.end_space();
                    None
                }
                Step::Broken => None,
            };
            if let Some(batch) = whole {
                to.send(batch).await?;
            }
        }
    }
    if let Some(batch) = packing.end() {
        to.send(batch).await?;
    }
    Ok(())
}
