use super::*;

#[test]
fn a_line_of_the_process_table_is_read_whatever_the_program_is_called() {
    let stat = "42 (a ) b) S 7 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 12345 1000 200";
    let status = "Name:\ta ) b\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n";
    assert_eq!(row(stat, status), Some(Row { parent: 7, ticks: 300, peak_kb: 2048 }));
}

#[test]
fn children_count_with_their_parents() {
    let row = |parent, ticks, peak_kb| Row { parent, ticks, peak_kb };
    let table = BTreeMap::from([
        (10, row(1, 100, 1024)),
        (11, row(10, 50, 2048)),
        (12, row(11, 50, 1024)),
        (20, row(1, 900, 9000)),
    ]);
    assert_eq!(sum(10, &table), Used { cpu: 2.0, peak_mb: 4.0 });
    assert_eq!(sum(99, &table), Used::default());
}

#[test]
fn this_very_process_is_found() {
    let used = used(&[("me".to_owned(), std::process::id())]);
    assert!(used["me"].peak_mb > 0.5, "{used:?}");
}
