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
    assert!(matches!(start_logs(LogFormat::Json, "info,==", None), Err(LogsError::Filter(_))));
    let control = start_logs(LogFormat::Json, "error", None).unwrap();
    assert!(matches!(start_logs(LogFormat::Text, "error", None), Err(LogsError::Again(_))));
    assert!(!tracing::enabled!(tracing::Level::DEBUG));
    control.change("debug", None).unwrap();
    assert!(tracing::enabled!(tracing::Level::DEBUG));
    assert!(!tracing::enabled!(tracing::Level::TRACE));
}

#[test]
fn a_filter_is_read_strictly_and_a_refusal_says_what_can_be_written() {
    let control = LogControl::idle("info");
    for fine in
        ["debug", "WARN", "off", "info,ebs_coordinator::intake=debug", "warn,ebs_worker=trace"]
    {
        control.change(fine, None).unwrap();
        assert_eq!(control.filter(), fine);
    }
    for wrong in
        ["", "inof", "verbose", "info,", "5", "ebs_worker=loud", "a=b=c", &"a=info,".repeat(200)]
    {
        let refusal = control.change(wrong, None).unwrap_err().to_string();
        assert!(refusal.contains("is no log filter: write a level"), "{wrong}: {refusal}");
    }
    assert_eq!(control.filter(), "warn,ebs_worker=trace");
}

#[tokio::test(start_paused = true)]
async fn a_change_for_a_while_ends_by_itself_and_a_later_one_is_not_ended_by_it() {
    let span = Duration::from_secs(60);
    let control = LogControl::idle("info");
    control.change("debug", Some(span)).unwrap();
    tokio::time::sleep(span / 2).await;
    assert_eq!(control.filter(), "debug");
    tokio::time::sleep(span).await;
    assert_eq!(control.filter(), "info");

    control.change("debug", Some(span)).unwrap();
    control.change("trace", None).unwrap();
    tokio::time::sleep(span * 2).await;
    assert_eq!(control.filter(), "trace");
    // One that is refused takes nothing away from the one before.
    control.change("debug", Some(span)).unwrap();
    assert!(control.change("inof", Some(span * 9)).is_err());
    tokio::time::sleep(span * 2).await;
    assert_eq!(control.filter(), "info");
}
