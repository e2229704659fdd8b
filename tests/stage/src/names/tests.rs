use std::collections::BTreeSet;

use super::*;

#[test]
fn any_number_of_names_is_different_and_sorted() {
    for count in [0, 1, 60, 568, 3000] {
        let names = names(count);
        let different: BTreeSet<&String> = names.iter().collect();
        assert_eq!((names.len(), different.len()), (count, count));
        assert!(names.is_sorted());
    }
}
