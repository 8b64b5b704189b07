//! Whether another process uses the same SQLite file. A process holds a lock beside the file as long as it lives, so
//! whoever gets it alone knows that all leases and claims of before are those of the dead.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often a process that is just starting alone is looked after.
const LOOK: Duration = Duration::from_millis(20);

/// This process's mark beside a SQLite file. Gone when it is dropped, however that comes.
#[derive(Debug, Clone)]
pub struct Presence {
    mark: Arc<File>,
    alone: bool,
}

impl Presence {
    /// Marks that this process uses `file`. Waits while another one that is alone gets ready.
    pub(crate) async fn mark(file: &Path) -> std::io::Result<Presence> {
        let mut name = file.as_os_str().to_owned();
        name.push(".lock");
        let mark = File::options().create(true).truncate(false).write(true).open(name)?;
        let alone = match mark.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        let presence = Presence { mark: Arc::new(mark), alone };
        if !alone {
            presence.share().await?;
        }
        Ok(presence)
    }

    /// Whether no other process uses the file. Others that start meanwhile wait for [`Presence::share`].
    pub(crate) fn is_alone(&self) -> bool {
        self.alone
    }

    /// Lets others in.
    pub(crate) async fn share(&self) -> std::io::Result<()> {
        if self.alone {
            self.mark.unlock()?;
        }
        loop {
            match self.mark.try_lock_shared() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}
