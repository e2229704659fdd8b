use proptest::prelude::*;

use super::*;

const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn the_standards_example_is_read_and_written() {
    let context: Traceparent = EXAMPLE.parse().unwrap();
    assert_eq!(context.to_string(), EXAMPLE);
    assert_eq!(context.trace(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
    assert_eq!(context.span(), 0x00f0_67aa_0ba9_02b7);
}

#[test]
fn a_child_has_its_own_span_in_the_same_trace() {
    let context: Traceparent = EXAMPLE.parse().unwrap();
    assert_eq!(
        context.child(0xb).to_string(),
        "00-4bf92f3577b34da6a3ce929d0e0e4736-000000000000000b-01"
    );
    assert_eq!(
        Traceparent::new(0, 0).to_string(),
        "00-00000000000000000000000000000001-0000000000000001-01"
    );
}

#[test]
fn a_later_version_is_read_as_far_as_it_agrees() {
    let context: Traceparent =
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what.comes".parse().unwrap();
    assert_eq!(context.to_string(), EXAMPLE);
}

#[test]
fn what_the_standard_forbids_is_refused() {
    for odd in [
        "",
        "00",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
        "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473\u{e9}-00f067aa0ba902b7-01",
    ] {
        assert!(odd.parse::<Traceparent>().is_err(), "{odd}");
    }
}

proptest! {
    #[test]
    fn any_context_comes_back_from_its_text(trace: u128, span: u64) {
        let context = Traceparent::new(trace, span);
        prop_assert_eq!(context.to_string().parse(), Ok(context));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = text.parse::<Traceparent>();
    }
}
