//! What the library's numbers mean to us.

use libgssapi::error::Error;

/// What stands in the way, by who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No KDC answers.
    Away,
    /// The keytab has no key of ours.
    NoKey,
    /// The KDC does not know us.
    NoClient,
    /// A key is not the KDC's any more.
    OldKey,
    /// The KDC knows us, and gives us nothing.
    Locked,
    /// The KDC does not know the service.
    NoService,
    /// Clocks differ.
    Skew,
    /// Anything else.
    Other,
}

/// Where MIT's numbers begin. **Source:** `ERROR_TABLE_BASE_krb5` in `krb5.h`, as a 32-bit number without sign.
const BASE: u32 = 2_529_638_912;

/// MIT's numbers, from there. **Source:** `krb5.h`.
const KNOWN: [(u32, Trouble); 15] = [
    (6, Trouble::NoClient),  // KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN
    (7, Trouble::NoService), // KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN
    (18, Trouble::Locked),   // KRB5KDC_ERR_CLIENT_REVOKED
    (23, Trouble::Locked),   // KRB5KDC_ERR_KEY_EXP
    (24, Trouble::OldKey),   // KRB5KDC_ERR_PREAUTH_FAILED
    (31, Trouble::OldKey),   // KRB5KRB_AP_ERR_BAD_INTEGRITY
    (37, Trouble::Skew),     // KRB5KRB_AP_ERR_SKEW
    (41, Trouble::OldKey),   // KRB5KRB_AP_ERR_MODIFIED
    (44, Trouble::OldKey),   // KRB5KRB_AP_ERR_BADKEYVER
    (141, Trouble::NoKey), // KRB5_CC_NOTFOUND: no ticket in the cache, and no key that could bring one there
    (148, Trouble::Skew),  // KRB5_KDCREP_SKEW
    (154, Trouble::Away),  // KRB5_REALM_UNKNOWN
    (156, Trouble::Away),  // KRB5_KDC_UNREACH
    (181, Trouble::NoKey), // KRB5_KT_NOTFOUND
    (220, Trouble::Away),  // KRB5_REALM_CANT_RESOLVE
];

impl Trouble {
    /// What an error comes to.
    ///
    /// SPNEGO passes Kerberos' errors on under numbers that it makes up while it runs; the library then finds the one behind it
    /// when it is asked for its text. So two numbers are the same error if the library has the same text for both, in the thread
    /// where it happened. What the text says does not matter.
    pub(super) fn of(error: &Error) -> Self {
        let text = error.to_string();
        let same = |code: u32| {
            let minor = BASE + code;
            error.minor == minor || Error { major: error.major, minor }.to_string() == text
        };
        KNOWN.into_iter().find(|(code, _)| same(*code)).map_or(Self::Other, |(_, trouble)| trouble)
    }
}
