use super::*;

#[test]
fn every_row_of_the_reply_is_read_whole() {
    let body = reply(3).unwrap();
    let rows = read_reply::<Vec<Row>>(body.as_bytes()).unwrap().unwrap();
    let nvrs: Vec<&str> = rows.iter().map(|row| row.nvr.as_str()).collect();
    assert_eq!(
        nvrs,
        [
            "package-number-1-1.1-3.fc45",
            "package-number-2-1.2-3.fc45",
            "package-number-3-1.3-3.fc45"
        ]
    );
    assert_eq!(body.matches("<name>").count(), 3 * 26);
}
