//! A small volume for a database: it can be filled to the last byte, and slowed down.

use std::path::PathBuf;

use crate::bed::{Bed, shell};

const THROTTLE: &str = "/sys/fs/cgroup/blkio/ngktfault";

pub struct Volume {
    pub folder: PathBuf,
    /// Whether it is of this run alone, so that it may be filled.
    pub is_own: bool,
    /// The block device under it, if it is one that can be slowed.
    device: Option<String>,
}

impl Volume {
    /// A volume of so many megabytes: a file system in a file, else one in memory, else a plain folder.
    pub fn make(bed: &Bed, name: &str, megabytes: u64) -> Result<Volume, String> {
        let folder = bed.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let (path, image) = (folder.display(), bed.folder.join(format!("{name}.img")));
        if !bed.is_root {
            return Ok(Volume { folder, is_own: false, device: None });
        }
        bed.undo_by(&format!("umount {path} || umount -l {path}"));
        let image = image.display();
        let loops = shell(&format!(
            "truncate -s {megabytes}M {image} && mkfs.ext4 -q -m 0 {image} && mount -o loop {image} {path}"
        ));
        if loops.is_ok() {
            let device = shell(&format!("findmnt -n -o MAJ:MIN {path}")).ok().map(|device| device.trim().to_owned());
            return Ok(Volume { folder, is_own: true, device });
        }
        let memory = shell(&format!("mount -t tmpfs -o size={megabytes}m ngktfault {path}"));
        Ok(Volume { folder, is_own: memory.is_ok(), device: None })
    }

    /// Takes all the space that is left.
    pub fn fill(&self) {
        let ballast = self.ballast();
        let free = shell(&format!("df -B1 --output=avail {} | tail -1", self.folder.display())).unwrap_or_default();
        let free: u64 = free.trim().parse().unwrap_or(0);
        // What fallocate leaves, being no whole number of blocks, dd takes.
        let _ = shell(&format!("fallocate -l {} {ballast}", free.saturating_sub(1 << 20).max(1)));
        let _ = shell(&format!("dd if=/dev/zero of={ballast} bs=4k oflag=append conv=notrunc"));
    }

    /// Gives it back.
    pub fn empty(&self) {
        let _ = shell(&format!("rm -f {}", self.ballast()));
    }

    fn ballast(&self) -> String {
        self.folder.join("ballast").display().to_string()
    }

    /// Lets a process, and its children, write no more than so often in a second. Fails where the system cannot.
    pub fn slow(&self, bed: &Bed, pids: &[u32], writes: u32) -> Result<(), String> {
        let device = self.device.as_ref().ok_or("the volume lies on no block device")?;
        if !std::path::Path::new("/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device").exists() {
            return Err("there is no throttle for block devices (cgroup blkio)".to_owned());
        }
        bed.undo_by(&format!(
            "cat {THROTTLE}/tasks | while read p; do echo $p > /sys/fs/cgroup/blkio/tasks; done; rmdir {THROTTLE}"
        ));
        shell(&format!(
            "mkdir -p {THROTTLE} && echo '{device} {writes}' > {THROTTLE}/blkio.throttle.write_iops_device"
        ))?;
        for pid in pids {
            // A process may have ended meanwhile.
            let _ = shell(&format!("for p in {pid} $(pgrep -P {pid}); do echo $p > {THROTTLE}/cgroup.procs; done"));
        }
        Ok(())
    }

    /// Ends that.
    pub fn hasten(&self) {
        let _ = shell(&format!(
            "for p in $(cat {THROTTLE}/cgroup.procs); do echo $p > /sys/fs/cgroup/blkio/cgroup.procs; done; rmdir {THROTTLE}"
        ));
    }
}
