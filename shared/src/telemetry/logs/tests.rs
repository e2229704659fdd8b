use super::*;

#[test]
fn a_format_is_read_as_it_is_shown_and_others_are_refused() {
    for format in [LogFormat::Text, LogFormat::Json] {
        assert_eq!(format.to_string().parse::<LogFormat>().unwrap(), format);
    }
    assert_eq!(
        "xml".parse::<LogFormat>().unwrap_err().to_string(),
        "`xml` is no log format: `text` or `json`"
    );
}

#[test]
fn a_wrong_filter_is_an_error_and_the_second_start_too() {
    assert!(matches!(start_logs(LogFormat::Json, "info,=="), Err(LogsError::Filter(_))));
    start_logs(LogFormat::Json, "error").unwrap();
    assert!(matches!(start_logs(LogFormat::Text, "error"), Err(LogsError::Again(_))));
}
