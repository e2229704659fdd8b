use super::*;

#[test]
fn columns_stand_under_each_other_and_numbers_at_the_right() {
    let mut table = Table::new("  ", ["NAME", "BUILDS", "WHY"]);
    table.row(["a-long-name".to_owned(), "7".to_owned(), toned(Tone::Bad, "no\nreason")]);
    table.row(["b".to_owned(), "12345678".to_owned(), String::new()]);
    let mut text = String::new();
    table.write(&mut text);
    insta::assert_snapshot!(shown(&text, false), @r"
      NAME           BUILDS  WHY
      a-long-name         7  no reason
      b            12345678  -
    ");
    let coloured = shown(&text, true);
    let plain: Vec<String> =
        coloured.lines().map(|line| anstream::adapter::strip_str(line).to_string()).collect();
    assert_eq!(plain, shown(&text, false).lines().collect::<Vec<_>>(), "colours move nothing");
}

#[test]
fn a_table_without_rows_is_nothing() {
    let mut text = String::new();
    Table::new("", ["NAME"]).write(&mut text);
    assert_eq!(text, "");
}
