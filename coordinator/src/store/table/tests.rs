use super::*;

#[test]
fn a_row_that_is_there_is_replaced_but_for_its_key() {
    let (before, after) = insert::<MemberRow>();
    insta::assert_snapshot!(before, @"INSERT INTO members (batch, component, state, shown)");
    insta::assert_snapshot!(
        after,
        @"ON CONFLICT (batch, component) DO UPDATE SET state = excluded.state, shown = excluded.shown"
    );
}

#[test]
fn the_statement_that_spares_closed_effects_names_every_column() {
    for column in EffectRow::COLUMNS.iter().skip(EffectRow::KEY) {
        assert!(UNLESS_CLOSED.contains(&format!(" {column} = excluded.{column}")), "{column}");
    }
}
