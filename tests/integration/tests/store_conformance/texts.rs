//! What a database cannot hold as it is.

use ebs_coordinator::store::{Change, NewTrigger, Store as _};

use crate::{
    ground::Ground,
    rows::{candidate, lead, odd, trigger},
};

pub(crate) async fn a_text_with_a_zero_character_is_taken(ground: &mut Ground) {
    let store = ground.open().await;
    let epoch = lead(&store, &candidate("a-1", "a")).await;
    let strange = NewTrigger { nvr: "a\0b".to_owned(), ..trigger(1) };
    store
        .commit(epoch, vec![Change::KeepMessage(odd("1", "\0")), Change::AddTrigger(strange)])
        .await
        .unwrap();
    assert_eq!(store.pending_triggers(1).await.unwrap()[0].trigger.nvr, "a\u{fffd}b");
}
