use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    log: Log,
}

fn change(words: &[&str]) -> anyhow::Result<Option<serde_json::Value>> {
    let line = Line::try_parse_from(["log"].iter().chain(words))?;
    Ok(line.log.change(1_000)?.map(|change| change.body))
}

#[test]
fn without_a_filter_it_is_shown_and_a_change_needs_a_reason() {
    assert_eq!(change(&[]).unwrap(), None);
    let asked = change(&["debug", "--reason", "hunting", "--for", "30m"]).unwrap().unwrap();
    let wanted = serde_json::json!({"filter": "debug", "reason": "hunting", "until": 1_801_000});
    assert_eq!(asked, wanted);
    for wrong in [&["debug"][..], &["--reason", "x"], &["debug", "--reason", "x", "--for", "soon"]]
    {
        assert!(change(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_words_say_which_instance_and_until_when() {
    let told = |filter: &str, ends_in_s| {
        let (instance, usual) = ("ebs-1".to_owned(), "info".to_owned());
        words(&Told { instance, filter: filter.to_owned(), usual, ends_in_s })
    };
    assert_eq!(told("info", None), "ebs-1 logs info");
    assert_eq!(told("debug", Some(90)), "ebs-1 logs debug, in 90 s info again");
    assert_eq!(told("debug", None), "ebs-1 logs debug, after its next start info");
}
