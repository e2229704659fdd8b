use super::{
    super::Plan,
    play::{Play, plan},
};

#[test]
fn a_shadow_batch_ends_once_it_is_admitted_and_wants_nothing_outside() {
    let shadow = Plan { shadow: true, ..plan() };
    let told = Play::of("a b", shadow).play("admitted");
    insta::assert_snapshot!(told, @"admitted -> SHADOW; answer 1 in_batch; answer 2 in_batch; answer 1 shadowed; answer 2 shadowed");
}

#[test]
fn whether_a_plan_is_a_shadows_is_stored_only_where_it_is() {
    assert!(!serde_json::to_string(&plan()).unwrap().contains("shadow"));
    let shadow = Plan { shadow: true, ..plan() };
    let text = serde_json::to_string(&shadow).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), shadow);
}
