use super::*;
use crate::web::sample;

#[test]
fn spans_have_two_units_at_most() {
    let texts: Vec<String> = [0, 59, 60, 3_599, 3_600, 7_500, 90_000, 864_000]
        .map(|seconds| span(Duration::from_secs(seconds)))
        .into();
    assert_eq!(
        texts,
        ["0 s", "59 s", "1 min", "59 min", "1 h 00 min", "2 h 05 min", "1 d 1 h", "10 d 0 h"]
    );
}

#[test]
fn the_page_of_a_batch_under_way() {
    insta::assert_snapshot!(Page { view: &sample::overview() }.render().unwrap());
}

#[test]
fn the_page_without_a_batch() {
    let view = Overview {
        leader: None,
        paused: Some("Mass rebuild in Rawhide.".to_owned()),
        current: None,
        pending_total: 0,
        pending: Vec::new(),
        recent: Vec::new(),
        ..sample::overview()
    };
    insta::assert_snapshot!(Page { view: &view }.render().unwrap());
}

#[test]
fn text_from_outside_is_escaped() {
    let mut view = sample::overview();
    let batch = view.current.as_mut().unwrap();
    batch.builds[0].text = Some("<script>alert(1)</script>".to_owned());
    let page = Page { view: &view }.render().unwrap();
    assert!(!page.contains("<script>alert"), "{page}");
}

#[test]
fn each_build_of_a_slice_is_shown_once_and_what_needs_eyes_first() {
    let view = sample::overview();
    let (page, batch) = (Page { view: &view }, view.current.as_ref().unwrap());
    let shown: usize = batch.slices.iter().map(|slice| page.builds(batch, slice).len()).sum();
    assert_eq!(shown, batch.builds.len());
    let states: Vec<BuildState> =
        page.builds(batch, &batch.slices[1]).iter().map(|build| build.state).collect();
    assert!(states.is_sorted(), "{states:?}");
    assert_eq!(states[0], BuildState::Failed);
}

#[test]
fn a_bar_has_no_gaps_and_ends_at_its_total() {
    let view = sample::overview();
    for slice in &view.current.as_ref().unwrap().slices {
        let mut end = 0;
        for part in slice.bar() {
            assert_eq!(part.from, end);
            end += part.count;
        }
        assert_eq!(end, slice.total());
    }
}

#[test]
fn an_unknown_phase_marks_none_as_now() {
    let mut view = sample::overview();
    view.current.as_mut().unwrap().phase = "aborting".to_owned();
    let page = Page { view: &view };
    assert!(page.phases(view.current.as_ref().unwrap()).iter().all(|(_, when)| *when == "next"));
}
