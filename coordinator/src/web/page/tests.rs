use super::*;
use crate::web::{PauseView, StateCount, sample};

fn page(view: &Overview) -> Page<'_> {
    Page::new(view, &Asked::default())
}

fn asked(all: bool, find: &str) -> Asked {
    Asked { all: all.then(String::new), find: find.to_owned() }
}

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
    insta::assert_snapshot!(page(&sample::overview()).render().unwrap());
}

#[test]
fn the_page_without_a_batch() {
    let view = Overview {
        leader: None,
        pauses: vec![
            PauseView::of_configuration(),
            PauseView {
                source: "operator",
                who: Some("token/alice".to_owned()),
                why: Some("Mass rebuild in Rawhide.".to_owned()),
                since: Some(Timestamp::from_millis(1_795_340_000_000)),
                until: None,
            },
        ],
        current: None,
        lingering: Vec::new(),
        pending_total: 0,
        pending: Vec::new(),
        recent: Vec::new(),
        earlier_groups: Vec::new(),
        dead: Vec::new(),
        credentials: Vec::new(),
        ..sample::overview()
    };
    insta::assert_snapshot!(page(&view).render().unwrap());
}

#[test]
fn a_detached_build_is_shown_and_found_though_its_batch_is_not_under_way() {
    let view = Overview { current: None, ..sample::overview() };
    let shown = page(&view).render().unwrap();
    assert!(shown.contains("Batch 54: detached builds"), "{shown}");
    let found = Page::new(&view, &asked(false, "webkit"));
    assert_eq!(found.found().len(), 1);
    assert_eq!(found.looked_through()[0], BatchId::new(54));
}

#[test]
fn text_from_outside_is_escaped() {
    let mut view = sample::overview();
    let batch = view.current.as_mut().unwrap();
    batch.builds[0].text = Some("<script>alert(1)</script>".to_owned());
    let page = page(&view).render().unwrap();
    assert!(!page.contains("<script>alert"), "{page}");
}

#[test]
fn each_build_of_a_slice_is_shown_once_and_what_needs_eyes_first() {
    let view = sample::overview();
    let (page, batch) = (page(&view), view.current.as_ref().unwrap());
    let shown: usize = batch.slices.iter().map(|slice| page.builds(slice).len()).sum();
    assert_eq!(shown, batch.builds.len());
    let states: Vec<BuildState> =
        page.builds(&batch.slices[1]).iter().map(|build| build.state).collect();
    assert!(states.is_sorted(), "{states:?}");
    assert_eq!(states[0], BuildState::Failed);
}

/// An overview with so many builds, of which the last fails.
fn large(count: u32) -> Overview {
    let mut view = sample::overview();
    let batch = view.current.as_mut().unwrap();
    let one =
        batch.builds.iter().find(|build| build.state == BuildState::Succeeded).unwrap().clone();
    batch.builds = (1..=count)
        .map(|number| BuildView {
            component: format!("package-{number:05}").parse().unwrap(),
            state: if number == count { BuildState::Failed } else { BuildState::Succeeded },
            ..one.clone()
        })
        .collect();
    let count_of = |state, count| StateCount { state, count };
    batch.slices = vec![SliceView {
        order: one.order,
        attempt: 1,
        builds: vec![count_of(BuildState::Succeeded, count - 1), count_of(BuildState::Failed, 1)],
    }];
    view
}

#[test]
fn a_page_of_thousands_of_builds_is_bounded_and_says_what_it_leaves_out() {
    let view = large(5000);
    let text = page(&view).render().unwrap();
    assert!(text.len() < 150_000, "{}", text.len());
    assert!(text.contains("package-05000"), "what failed is there");
    assert!(text.contains("4800 more are not listed here"));
    let all = Page::new(&view, &asked(true, "")).render().unwrap();
    assert!(all.contains("package-04999") && !all.contains("not listed here"));
}

#[test]
fn a_package_is_found_by_a_part_of_its_name_wherever_it_is() {
    let mut view = sample::overview();
    let built = view.current.as_ref().unwrap().builds[0].clone();
    view.recent[0].builds = vec![built];
    let found = |find| {
        let asked = asked(false, find);
        let page = Page::new(&view, &asked);
        let found = page.found();
        let found: Vec<_> = found
            .iter()
            .map(|found| (found.batch.get(), found.build.component.to_string()))
            .collect();
        (found, page.found_pending().len())
    };
    assert_eq!(found("GCC"), (vec![(57, "gcc".to_owned()), (56, "gcc".to_owned())], 0));
    assert_eq!(found("bash"), (vec![], 1));
    assert_eq!(found(""), (vec![], 0));
    let text = Page::new(&view, &asked(false, "<no such>")).render().unwrap();
    assert!(
        text.contains("none is in batch 57, 54 or 56") && !text.contains("<no such>"),
        "{text}"
    );
}

#[test]
fn a_held_group_of_an_earlier_batch_is_shown() {
    let text = page(&sample::overview()).render().unwrap();
    let (_, earlier) = text.split_once("Updates of earlier batches").unwrap();
    assert!(earlier.contains("held") && earlier.contains("different releases"), "{earlier}");
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
    let page = page(&view);
    assert!(page.phases(view.current.as_ref().unwrap()).iter().all(|(_, when)| *when == "next"));
}

#[test]
fn what_shadow_mode_has_compared_is_told_and_nothing_of_it_where_it_builds() {
    let built = page(&sample::overview()).render().unwrap();
    assert!(!built.contains("Shadow mode"));
    let line = include_str!("../../../../tests/integration/fixtures/shadow_report/v1.jsonl");
    let report = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    let view = Overview { shadow: Some(report), ..sample::overview() };
    let shown = page(&view).render().unwrap();
    for part in [
        "Shadow mode",
        "41 builds agree, 4 differ",
        "not_by_us",
        "it is excluded by",
        "taskinfo?taskID=11",
    ] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
}
