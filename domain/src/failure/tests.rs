//! The words are what is stored.

use super::*;

#[test]
fn each_class_is_stored_as_its_word() {
    for class in FailureClass::ALL {
        assert_eq!(serde_json::to_string(&class).unwrap(), format!("\"{class}\""));
        assert_eq!(serde_json::from_str::<FailureClass>(&format!("\"{class}\"")).unwrap(), class);
    }
}
