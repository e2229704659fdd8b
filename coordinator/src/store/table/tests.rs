use super::*;

fn row(key: i64) -> Vec<Value> {
    vec![Value::Int(Some(key)), Value::Text(None)]
}

fn lengths(keys: impl Iterator<Item = i64>) -> Vec<usize> {
    pieces(keys.map(row), 1).iter().map(Vec::len).collect()
}

#[test]
fn pieces_are_as_long_as_a_power_of_two_and_no_longer_than_the_limit() {
    assert_eq!(lengths(0..0), Vec::<usize>::new());
    assert_eq!(lengths(0..1), [1]);
    assert_eq!(lengths(0..7), [4, 2, 1]);
    assert_eq!(lengths(0..600), [256, 256, 64, 16, 8]);
}

#[test]
fn a_key_that_comes_again_begins_a_new_piece() {
    assert_eq!(lengths([1, 2, 1, 3, 3].into_iter()), [2, 2, 1]);
}

#[test]
fn placeholders_are_numbered_through() {
    assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
    assert_eq!(placeholders(3, 1), "($1), ($2), ($3)");
}

#[test]
fn a_row_that_is_there_is_replaced_but_for_its_key() {
    insta::assert_snapshot!(
        insert::<MemberRow>(1),
        @"INSERT INTO members (batch, component, state, shown) VALUES ($1, $2, $3, $4) ON CONFLICT (batch, component) DO UPDATE SET state = excluded.state, shown = excluded.shown"
    );
}

#[test]
fn the_statement_that_spares_closed_effects_names_every_column() {
    for column in EffectRow::COLUMNS.iter().skip(EffectRow::KEY) {
        assert!(UNLESS_CLOSED.contains(&format!(" {column} = excluded.{column}")), "{column}");
    }
}
