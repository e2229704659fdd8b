//! Looks for secrets in bytes, as they are and in the forms that they travel in.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A secret was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Whose.
    pub(crate) secret: &'static str,
    /// Where, with what stands before it.
    pub(crate) place: String,
}

/// What is looked for: a name and all forms.
pub(crate) struct Sought(Vec<(&'static str, Vec<String>)>);

/// How much of what stands before is told, in bytes.
const BEFORE: usize = 60;

impl Sought {
    /// These, and the token.
    pub(crate) fn of(secrets: &[(&'static str, String)], token: &str) -> Self {
        let all = secrets.iter().cloned().chain([("API token", token.to_owned())]);
        Self(all.map(|(name, secret)| (name, forms(&secret))).collect())
    }

    /// Each secret that is in there.
    pub(crate) fn found_in(&self, place: &str, bytes: &[u8]) -> Vec<Found> {
        let all =
            self.0.iter().flat_map(|(name, forms)| forms.iter().map(move |form| (*name, form)));
        let hits = all.filter_map(|(secret, form)| {
            let at = bytes.windows(form.len()).position(|window| window == form.as_bytes())?;
            let before =
                String::from_utf8_lossy(&bytes[at.saturating_sub(BEFORE)..at]).into_owned();
            Some(Found { secret, place: format!("{place}: {before}…") })
        });
        hits.collect()
    }
}

/// As it is, percent-encoded, and in base64, where what stands before it may shift it: the middle is the same then.
fn forms(secret: &str) -> Vec<String> {
    let percent = secret.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
        text
    });
    let mut forms = vec![secret.to_owned(), percent];
    for shift in 0..3 {
        let coded = STANDARD.encode(format!("{}{secret}", &"xxx"[..shift]));
        // What shares a letter with its neighbours is left out.
        forms.push(coded[4..coded.len() - 4].to_owned());
    }
    forms.sort();
    forms.dedup();
    forms
}

#[test]
fn a_secret_that_is_planted_is_found_in_every_form_and_others_are_not() {
    let secrets = [("Koji password", "kojipw of-9q7xW2".to_owned())];
    let sought = Sought::of(&secrets, "ebs_0123456789abcdef");
    let header = STANDARD.encode("ebs:kojipw of-9q7xW2");
    for planted in [
        "login(\"ebs\", \"kojipw of-9q7xW2\")",
        "GET /?password=kojipw%20of-9q7xW2&x=1",
        &format!("Authorization: Basic {header}"),
    ] {
        let found = sought.found_in("coordinator.log", planted.as_bytes());
        assert!(found.iter().any(|found| found.secret == "Koji password"), "{planted}");
        assert!(found.iter().all(|found| !found.place.contains("9q7xW2")), "{found:?}");
    }
    let found = sought.found_in("page", b"Bearer ebs_0123456789abcdef");
    assert_eq!(found[0].secret, "API token");
    assert_eq!(sought.found_in("page", b"kojipw of-9q7xW1 ebs_0123456789abcdeX"), []);
}
