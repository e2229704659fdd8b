use clap::Parser as _;

use super::*;

fn forms(line: &[&str]) -> Vec<(Form, f64)> {
    let options = Options::parse_from([&["ebs-chaos", "--minutes", "4"], line].concat());
    shares(&options).into_iter().map(|(form, _, minutes)| (form, minutes)).collect()
}

#[test]
fn both_forms_share_the_time() {
    assert_eq!(forms(&[]), [(Form::Distributed, 3.0), (Form::Standalone, 1.0)]);
}

#[test]
fn a_form_that_none_of_the_kinds_hurts_is_left_out() {
    assert_eq!(forms(&["--faults", "fill_disk"]), [(Form::Standalone, 4.0)]);
    assert_eq!(forms(&["--faults", "wipe_queue,kill_worker"]), [(Form::Distributed, 4.0)]);
}
