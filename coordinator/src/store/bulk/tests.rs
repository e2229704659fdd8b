use super::*;

fn row(key: i64) -> Vec<Value> {
    vec![Value::Int(Some(key)), Value::Text(None)]
}

fn lengths(keys: impl Iterator<Item = i64>, most: usize) -> Vec<usize> {
    distinct(keys.map(row).collect(), 1, |_| most).iter().map(Vec::len).collect()
}

#[test]
fn pieces_are_as_long_as_the_limit_and_none_is_empty() {
    assert_eq!(lengths(0..0, 4), Vec::<usize>::new());
    assert_eq!(lengths(0..4, 4), [4]);
    assert_eq!(lengths(0..9, 4), [4, 4, 1]);
}

#[test]
fn a_key_that_comes_again_begins_a_new_piece() {
    assert_eq!(lengths([1, 2, 1, 3, 3].into_iter(), 9), [2, 2, 1]);
}

#[test]
fn a_piece_without_lists_is_as_long_as_a_power_of_two() {
    let lengths = |count: i64| -> Vec<usize> {
        powers_of_two((0..count).collect()).iter().map(Vec::len).collect()
    };
    assert_eq!(lengths(0), Vec::<usize>::new());
    assert_eq!(lengths(1), [1]);
    assert_eq!(lengths(7), [4, 2, 1]);
}

#[test]
fn placeholders_are_numbered_through() {
    assert_eq!(placeholders(2, 3), "($1, $2, $3), ($4, $5, $6)");
    assert_eq!(placeholders(3, 1), "($1), ($2), ($3)");
}

#[test]
fn rows_become_one_list_for_each_column_and_what_is_absent_keeps_its_place() {
    let rows = vec![
        vec![Value::Int(Some(1)), Value::Text(None)],
        vec![Value::Int(None), Value::Text(Some("a".to_owned()))],
    ];
    let lists = columns(rows).unwrap();
    assert_eq!(
        lists,
        [List::Int(vec![Some(1), None]), List::Text(vec![None, Some("a".to_owned())])]
    );
    assert_eq!(unnest(&lists), "SELECT * FROM UNNEST($1::bigint[], $2::text[])");
}

#[test]
fn a_column_of_numbers_and_texts_is_refused() {
    assert!(columns(vec![vec![Value::Int(Some(1))], vec![Value::Text(None)]]).is_err());
}
