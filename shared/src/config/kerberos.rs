//! `ebs.kerberos`: who we are to Kerberos, and with which keytab. Reads no keytab.

use std::{fs::File, path::PathBuf};

use super::block::Block;

/// Whether this program can do Kerberos.
pub(super) const BUILT_IN: bool = cfg!(feature = "gssapi");

/// What a program says that cannot.
pub const NO_KERBEROS: &str = "this program was built without Kerberos: use one that was built with `--features gssapi`, as the \
                               packages and the image are, or another way to log in (`ebs.koji.password_file` or \
                               `certificate_file`, and `ebs.bodhi.token_file`)";

/// `ebs.kerberos`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kerberos {
    /// The keytab. Read anew for each ticket.
    pub keytab_file: PathBuf,
    /// Who we are. Default: the account at Koji, in the realm of the profile: `FEDORAPROJECT.ORG` of `koji`,
    /// `STG.FEDORAPROJECT.ORG` of `stg`.
    pub principal: String,
}

/// What a principal is guessed from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess<'a> {
    /// Our account at Koji.
    pub(super) user: Option<&'a str>,
    /// Koji's profile.
    pub(super) profile: Option<&'a str>,
}

impl Guess<'_> {
    /// **Source:** the existing service, 2.1, `--krb5-keytab-principal`.
    fn principal(self) -> Result<String, String> {
        let profile = self.profile.unwrap_or_default();
        let realm = match profile {
            "koji" => "FEDORAPROJECT.ORG",
            "stg" => "STG.FEDORAPROJECT.ORG",
            _ => {
                return Err(format!(
                    "required, since the realm of the profile `{profile}` is not known: write it as `NAME@REALM`"
                ));
            }
        };
        let user = self.user.ok_or(
            "required, since there is no `configuration.koji.username` to guess it from: write it as `NAME@REALM`",
        )?;
        Ok(format!("{user}@{realm}"))
    }
}

impl Kerberos {
    /// `built_in` says whether this program can do Kerberos.
    pub(super) fn read(
        block: &mut Block<'_, '_>,
        guess: Guess<'_>,
        built_in: bool,
    ) -> Option<Self> {
        if !built_in {
            block.file_fault_at("", NO_KERBEROS);
        }
        let keytab_file: Option<PathBuf> = block.need("keytab_file");
        if let Some(fault) = keytab_file.as_deref().and_then(|path| File::open(path).err()) {
            let text = format!("the keytab cannot be read: {fault}");
            block.file_fault_at("keytab_file", text);
        }
        let written = block.raw("principal").is_some();
        let principal = if written {
            let named: Option<String> = block.get("principal");
            named.filter(|named| whole(block, named))
        } else {
            guess.principal().map_err(|text| block.fault_at("principal", text)).ok()
        };
        Some(Self { keytab_file: keytab_file?, principal: principal? })
    }
}

fn whole(block: &Block<'_, '_>, principal: &str) -> bool {
    let named = principal.rsplit_once('@').is_some_and(|(name, realm)| {
        let plain = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
        plain(name) && plain(realm)
    });
    if !named {
        let text =
            format!("a principal such as `ebs@EXAMPLE.ORG` is expected, found `{principal}`");
        block.fault_at("principal", text);
    }
    named
}

#[cfg(test)]
mod tests;
