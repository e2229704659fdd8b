use super::*;
use crate::child::say;

/// A small disk; none where none can be made, which is told.
async fn disk(folder: &Path) -> Option<Disk> {
    Disk::mount(folder, 1).await.unwrap().map_err(|why| say(&why)).ok()
}

async fn writes(disk: &Disk, file: &str) -> bool {
    let mut command = disk.within(Path::new("sh"));
    let path = disk.folder().join(file);
    command.args(["-c", "head -c 5000 /dev/zero > \"$1\"", "sh"]).arg(path);
    command.stderr(Stdio::null()).status().await.unwrap().success()
}

#[tokio::test]
async fn a_full_disk_takes_nothing_until_room_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = disk(folder.path()).await else { return };
    assert!(writes(&disk, "before").await);
    disk.fill().unwrap();
    assert!(!writes(&disk, "during").await);
    disk.free().unwrap();
    assert!(writes(&disk, "after").await);
    disk.unmount().await;
}

#[tokio::test]
async fn nobody_outside_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = disk(folder.path()).await else { return };
    assert!(writes(&disk, "inside").await);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    disk.unmount().await;
}
