//! `ebs.login`: how people log in at the provider of `configuration.open_id_connect`. Asks the provider nothing.

use std::path::PathBuf;

use url::{Host, Url};

use super::{block::Block, secret::SecretText, upstream::OpenIdConnect};

/// `ebs.login`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Our secret at the provider, from `client_secret_file`; a single file of the older form may have it instead.
    pub client_secret: SecretText,
    /// Where the provider tells the user of an access token.
    pub userinfo_endpoint: Url,
    /// Where people find our pages, `ebs.http.public_url`: the provider sends them back there.
    pub public_url: Url,
    /// What the provider calls itself, to the letter. With it its keys are fetched, and examine each ID token's signature.
    pub issuer: Option<String>,
    /// File with the authority that is trusted, PEM, instead of the system's; read anew when it changes.
    pub authority_file: Option<PathBuf>,
}

impl Login {
    /// `provider` is what upstream's block says, `public` our own address.
    pub(super) fn read(
        block: &mut Block<'_, '_>,
        provider: Option<&OpenIdConnect>,
        public: Option<Url>,
    ) -> Option<Self> {
        let written = block.raw("client_secret_file").is_some();
        let elsewhere = provider.and_then(|provider| provider.client_secret.clone());
        let client_secret = match elsewhere {
            Some(secret) if !written => Some(secret),
            Some(_) | None => block.need("client_secret_file"),
        };
        let (issuer, authority_file) = (issuer(block), block.authority());
        let Some(provider) = provider else {
            let text = "there is no provider to log in at: `configuration.open_id_connect` is `false` or faulty";
            block.fault_at("", text);
            return None;
        };
        let userinfo = provider.userinfo_endpoint.clone();
        if userinfo.is_none() {
            let text = "`configuration.open_id_connect.userinfo_endpoint` is missing: without it nobody is told who logs in";
            block.fault_at("", text);
        }
        if public.is_none() {
            let text =
                "`ebs.http.public_url` is missing: the provider sends people back to that address";
            block.fault_at("", text);
        }
        for (key, url) in addresses(provider, public.as_ref()) {
            if !is_safe(url) {
                let text = format!(
                    "`{key}` must begin with `https://`: secrets go that way (loopback may do without)"
                );
                block.fault_at("", text);
            }
        }
        let (client_secret, userinfo_endpoint, public_url) = (client_secret?, userinfo?, public?);
        Some(Self { client_secret, userinfo_endpoint, public_url, issuer, authority_file })
    }

    /// Whether people come by https, so that cookies can be kept to it.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}

/// Our own address: a scheme, a host and perhaps a port.
pub(super) fn public_url(block: &mut Block<'_, '_>) -> Option<Url> {
    let url: Url = block.get("public_url")?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        let text = "an address without anything after the host is expected, such as `https://ebs.example.org`";
        block.fault_at("public_url", text);
    }
    Some(url)
}

fn issuer(block: &mut Block<'_, '_>) -> Option<String> {
    let text: String = block.get("issuer")?;
    let fits = Url::parse(&text).is_ok_and(|url| url.query().is_none() && is_safe(&url));
    if !fits {
        let text = "the provider's name is expected, such as `https://id.example.org/openidc/`";
        block.fault_at("issuer", text);
    }
    Some(text)
}

fn addresses<'a>(
    provider: &'a OpenIdConnect,
    public: Option<&'a Url>,
) -> impl Iterator<Item = (&'static str, &'a Url)> {
    [
        ("configuration.open_id_connect.auth_url", Some(&provider.auth_url)),
        ("configuration.open_id_connect.token_endpoint", Some(&provider.token_endpoint)),
        ("configuration.open_id_connect.userinfo_endpoint", provider.userinfo_endpoint.as_ref()),
        ("ebs.http.public_url", public),
    ]
    .into_iter()
    .filter_map(|(key, url)| Some((key, url?)))
}

/// Whether nobody on the way can read or change what goes there.
fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

#[cfg(test)]
mod tests;
