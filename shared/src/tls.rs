//! An exchange whose TLS comes from files: whom it trusts, and as whom it shows itself. The files are read again when they have
//! changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use reqwest::{Certificate, Identity};

use crate::{
    config::ClientCertificate,
    exchange::{Ask, Exchange, HttpExchange, NoReply, Reply, chain},
};

/// The longest of these files, in bytes.
const MAX_PEM_BYTES: u64 = 1024 * 1024;

/// The files.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsFiles {
    /// Who is trusted, instead of the system's list.
    pub(crate) authority: Option<PathBuf>,
    /// As whom we show ourselves.
    pub(crate) identity: Option<ClientCertificate>,
}

/// An exchange that follows its files.
pub(crate) struct TlsExchange {
    made: Arc<Made>,
}

/// The client for the files as they were last.
struct Made {
    files: TlsFiles,
    last: Mutex<Option<(Stamp, HttpExchange)>>,
}

/// What tells that a file is another one.
type Stamp = Vec<(SystemTime, u64)>;

impl TlsExchange {
    /// With these files, which are first read when something is asked.
    pub(crate) fn new(files: TlsFiles) -> Self {
        Self { made: Arc::new(Made { files, last: Mutex::default() }) }
    }
}

impl Made {
    /// The client for the files as they are. Connections of an earlier one are not used any more.
    fn client(&self) -> Result<HttpExchange, NoReply> {
        let stamp = self.files.stamp()?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = last.as_ref().filter(|(of, _)| *of == stamp) {
            return Ok(client.clone());
        }
        let client = self.files.client()?;
        *last = Some((stamp, client.clone()));
        Ok(client)
    }
}

#[async_trait]
impl Exchange for TlsExchange {
    async fn exchange(&self, ask: Ask) -> Result<Reply, NoReply> {
        let made = Arc::clone(&self.made);
        let client = tokio::task::spawn_blocking(move || made.client()).await;
        let client = client.map_err(|fault| NoReply::NotSent(fault.to_string()))??;
        client.exchange(ask).await
    }
}

impl TlsFiles {
    fn stamp(&self) -> Result<Stamp, NoReply> {
        let identity =
            self.identity.iter().flat_map(|identity| [&identity.certificate, &identity.key]);
        let all = self.authority.iter().chain(identity);
        all.map(|path| {
            let about = fs::metadata(path).map_err(|fault| unreadable(path, &fault))?;
            Ok((about.modified().map_err(|fault| unreadable(path, &fault))?, about.len()))
        })
        .collect()
    }

    fn client(&self) -> Result<HttpExchange, NoReply> {
        let wrong = |path: &Path, fault: &reqwest::Error| {
            NoReply::NotSent(format!("{} cannot be used: {}", path.display(), chain(fault)))
        };
        let mut trusted = Vec::new();
        if let Some(path) = &self.authority {
            trusted = Certificate::from_pem_bundle(&read(path)?).map_err(|e| wrong(path, &e))?;
        }
        let mut shown = None;
        if let Some(ClientCertificate { certificate, key }) = &self.identity {
            let mut pem = read(certificate)?;
            if key != certificate {
                pem.push(b'\n');
                pem.extend(read(key)?);
            }
            shown = Some(Identity::from_pem(&pem).map_err(|e| wrong(certificate, &e))?);
        }
        HttpExchange::with(|mut builder| {
            if self.authority.is_some() {
                builder = builder.tls_certs_only(trusted);
            }
            match shown {
                Some(identity) => builder.identity(identity),
                None => builder,
            }
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, NoReply> {
    let size = fs::metadata(path).map_err(|fault| unreadable(path, &fault))?.len();
    if size > MAX_PEM_BYTES {
        return Err(NoReply::NotSent(format!("{} is longer than 1 MiB", path.display())));
    }
    fs::read(path).map_err(|fault| unreadable(path, &fault))
}

fn unreadable(path: &Path, fault: &io::Error) -> NoReply {
    NoReply::NotSent(format!("{} cannot be read: {fault}", path.display()))
}
