use super::*;

#[test]
fn a_new_leaders_first_job_is_heard() {
    let line = r#"+1764347000.123456 [0 lua] "SET" "{ebs}:epoch" "1764346999876""#;
    let heard = Heard::FirstJob { epoch: 1_764_346_999_876, at: 1_764_347_000_123 };
    assert_eq!(read(line), Some(heard));
}

#[test]
fn a_poll_is_heard_when_it_is_reported() {
    let line = r#"+1764347000.500000 [0 lua] "XADD" "{ebs}:s:res" "*" "j" "b1.tasks.0@17643.beef#4" "k" "done" "g" "1" "r" "{\"v\":1}""#;
    assert_eq!(read(line), Some(Heard::Polled { epoch: 17643, at: 1_764_347_000_500 }));
}

#[test]
fn nothing_else_is_of_interest() {
    for line in [
        "+OK",
        r#"+1764347000.5 [0 lua] "XADD" "{ebs}:s:res" "*" "j" "b1.submit.1#1" "k" "done""#,
        r#"+1764347000.500000 [0 127.0.0.1:4711] "GET" "{ebs}:epoch""#,
    ] {
        assert_eq!(read(line), None, "{line}");
    }
}
