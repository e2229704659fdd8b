//! What belongs to nobody, and effects that belong to no batch.

use ebs_coordinator::store::{Change, EffectRow, GroupRow, OrphanKind, OrphanRow};
use ebs_domain::id::BatchId;

use crate::{
    ground::Any,
    rows::{at, candidate, effect, lead},
};

pub(crate) async fn orphans_are_listed_oldest_first_until_they_are_dropped(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let orphan = |kind, name: &str, first| OrphanRow {
        kind,
        name: name.to_owned(),
        what: "left over".to_owned(),
        first_seen: at(first),
        last_seen: at(first + 1),
        removal: (first > 1).then(|| at(99)),
    };
    let tag = orphan(OrphanKind::SideTag, "eln-build-side-7", 2);
    let task = orphan(OrphanKind::Task, "7", 1);
    let update = orphan(OrphanKind::Update, "7", 3);
    let all = [&tag, &task, &update, &task].map(|row| Change::PutOrphan(row.clone()));
    store.commit(epoch, all.to_vec()).await.unwrap();
    assert_eq!(store.orphans(9).await.unwrap(), [task.clone(), tag.clone(), update.clone()]);
    assert_eq!(store.orphans(1).await.unwrap(), [task]);
    let drop = Change::DropOrphan { kind: OrphanKind::Task, name: "7".to_owned() };
    store.commit(epoch, vec![drop]).await.unwrap();
    assert_eq!(store.orphans(9).await.unwrap(), [tag, update]);
}

pub(crate) async fn a_name_is_found_in_the_state_of_any_group(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let group = GroupRow {
        batch: BatchId::new(1),
        number: 1,
        state: r#"{"state":"ended","alias":"FEDORA-2026-1"}"#.to_owned(),
        shown: "stable".to_owned(),
        open: false,
    };
    store.commit(epoch, vec![Change::PutGroup(group)]).await.unwrap();
    assert!(store.group_names("FEDORA-2026-1").await.unwrap());
    assert!(!store.group_names("FEDORA-2026").await.unwrap(), "only as a whole");
}

pub(crate) async fn an_effect_of_no_batch_comes_back_as_it_was_written(ground: &Any) {
    let store = ground.open().await;
    let epoch = lead(&*store, &candidate("a-1", "a")).await;
    let row = EffectRow { batch: None, ..effect("o1.0.remove_side_tag", 1) };
    store.commit(epoch, vec![Change::PutEffects(vec![row.clone()])]).await.unwrap();
    assert_eq!(store.open_effects().await.unwrap(), [row]);
}
