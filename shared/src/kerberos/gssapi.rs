//! The calls of the library. They block. Does *not* choose a keytab: see [`super::environment`].

use std::{fmt, fs::File, time::Duration};

use libgssapi::{
    context::{ClientCtx, CtxFlags},
    credential::{Cred, CredUsage},
    error::Error,
    name::Name,
    oid::{
        GSS_MECH_KRB5, GSS_MECH_SPNEGO, GSS_NT_HOSTBASED_SERVICE, GSS_NT_KRB5_PRINCIPAL, Oid,
        OidSet,
    },
};

use super::{error::KerberosError, trouble::Trouble};
use crate::config::Kerberos as Settings;

/// One side of a negotiation.
pub(super) struct Context(ClientCtx);

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Context")
    }
}

/// How long the ticket is valid; see to it that there is one.
pub(super) fn ticket(settings: &Settings) -> Result<Duration, KerberosError> {
    let got = || acquire(settings, GSS_MECH_KRB5)?.lifetime();
    got().map_err(|error| no_ticket(settings, &error))
}

/// Begins a negotiation with the web server on this host: the first token.
pub(super) fn begin(settings: &Settings, host: &str) -> Result<(Vec<u8>, Context), KerberosError> {
    // By Kerberos alone first: what hinders that, SPNEGO does not tell.
    ticket(settings)?;
    let first = || -> Result<(Vec<u8>, Context), Error> {
        let ours = acquire(settings, GSS_MECH_SPNEGO)?;
        let service = format!("HTTP@{host}");
        let service = Name::new(service.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))?;
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG;
        let mut context = ClientCtx::new(Some(ours), service, flags, Some(GSS_MECH_SPNEGO));
        let token = context.step(None, None)?;
        Ok((token.map(|token| token.to_vec()).unwrap_or_default(), Context(context)))
    };
    first().map_err(|error| told(&error, host))
}

impl Context {
    /// Takes the server's token: it proves who that is, or says why it refuses.
    pub(super) fn answered(&mut self, token: &[u8], host: &str) -> Result<(), KerberosError> {
        match self.0.step(Some(token), None) {
            Ok(None) => Ok(()),
            Ok(Some(_)) => {
                let text = format!("{host} wants to go on negotiating, which HTTP cannot");
                Err(KerberosError::Refused(text))
            }
            Err(error) => Err(told(&error, host)),
        }
    }
}

fn acquire(settings: &Settings, mechanism: Oid<'static>) -> Result<Cred, Error> {
    let principal = Name::new(settings.principal.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL))?;
    let mechanisms = OidSet::singleton(mechanism)?;
    Cred::acquire(Some(&principal), None, CredUsage::Initiate, Some(&mechanisms))
}

/// Why there is no ticket.
fn no_ticket(settings: &Settings, error: &Error) -> KerberosError {
    let (principal, keytab) = (&settings.principal, settings.keytab_file.display());
    if let Err(fault) = File::open(&settings.keytab_file) {
        return KerberosError::Refused(format!("the keytab {keytab} cannot be read: {fault}"));
    }
    let text = match Trouble::of(error) {
        Trouble::Away => return KerberosError::Unavailable(error.to_string()),
        Trouble::NoKey => format!(
            "the keytab {keytab} has no key of {principal}: correct `ebs.kerberos.principal`, or put its keytab there"
        ),
        Trouble::NoClient => format!(
            "the KDC does not know {principal}: correct `ebs.kerberos.principal`, or have it made"
        ),
        Trouble::OldKey => format!(
            "the key of {principal} in the keytab {keytab} is not the KDC's: it was made anew, so fetch a new keytab"
        ),
        Trouble::Locked => format!("{principal} is locked or has run out at the KDC"),
        Trouble::Skew => skewed("the KDC"),
        Trouble::NoService | Trouble::Other => format!("no ticket for {principal}"),
    };
    KerberosError::Refused(format!("{text} ({error})"))
}

/// What a negotiation with this host came to.
fn told(error: &Error, host: &str) -> KerberosError {
    let text = match Trouble::of(error) {
        Trouble::Away => return KerberosError::Unavailable(error.to_string()),
        Trouble::Skew => skewed(host),
        Trouble::NoService => format!(
            "the KDC knows no service HTTP/{host}: the address in the configuration must name the host as Kerberos does"
        ),
        Trouble::OldKey => {
            format!(
                "{host} cannot read our ticket: its own keytab is not the KDC's, tell its operators"
            )
        }
        Trouble::NoKey | Trouble::NoClient | Trouble::Locked | Trouble::Other => {
            format!("the negotiation with {host} failed")
        }
    };
    KerberosError::Refused(format!("{text} ({error})"))
}

fn skewed(whose: &str) -> String {
    format!(
        "the clock here and that of {whose} differ by more than Kerberos allows (5 minutes): have both follow NTP"
    )
}
