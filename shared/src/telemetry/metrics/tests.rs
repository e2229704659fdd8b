use super::*;

#[test]
fn what_was_counted_is_in_the_text_and_the_process_too() {
    let metrics = Metrics::new().unwrap();
    metrics
        .counter("ebs_jobs_total", "Jobs done.", &["kind"])
        .unwrap()
        .with_label_values(&["watch"])
        .inc_by(3);
    metrics.number("ebs_pending", "Triggers.").unwrap().set(7);
    metrics
        .durations("ebs_call_seconds", "Calls.", &["to"], &[0.05, 0.1])
        .unwrap()
        .with_label_values(&["koji"])
        .observe(0.07);
    let text = metrics.render().unwrap();
    for line in [
        "ebs_jobs_total{kind=\"watch\"} 3",
        "ebs_pending 7",
        "ebs_call_seconds_bucket{to=\"koji\",le=\"0.05\"} 0",
        "ebs_call_seconds_bucket{to=\"koji\",le=\"0.1\"} 1",
        "# TYPE process_resident_memory_bytes gauge",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
}

#[test]
fn a_name_is_taken_once() {
    let metrics = Metrics::new().unwrap();
    metrics.number("ebs_pending", "Triggers.").unwrap();
    let error = metrics.counter("ebs_pending", "Something else.", &[]).unwrap_err();
    assert_eq!(error.to_string(), "failed to make or write metric `ebs_pending`");
}

#[test]
fn what_was_registered_is_described_also_while_it_has_no_value() {
    let metrics = Metrics::new().unwrap();
    metrics.counter("ebs_jobs_total", "Jobs done.", &["kind", "outcome"]).unwrap();
    metrics.clone().durations("ebs_call_seconds", "Calls.", &[], &[1.0]).unwrap();
    let described: Vec<String> = metrics
        .described()
        .iter()
        .map(|one| format!("{} {} {}", one.kind.word(), one.name, one.labels.join(",")))
        .collect();
    assert_eq!(
        described,
        [
            "gauge ebs_build_info version",
            "histogram ebs_call_seconds ",
            "counter ebs_jobs_total kind,outcome",
        ]
    );
}

#[test]
fn the_peak_is_read_leniently() {
    assert_eq!(peak_in("Name:\tx\nVmHWM:\t   12 kB\nVmRSS:\t 1 kB\n"), Some(12 * 1024));
    for odd in [
        "",
        "VmHWM:",
        "VmHWM: many kB",
        "VmHWM: 99999999999999999999 kB",
        "VmHWM: 18446744073709551615 kB",
    ] {
        assert_eq!(peak_in(odd), None, "{odd}");
    }
    assert!(peak_rss_bytes().is_none_or(|bytes| bytes > 100_000));
}
