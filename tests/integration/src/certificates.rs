//! Certificates for one test: an authority, a server on 127.0.0.1 and a client, made by `openssl`.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// What is certified, as `openssl` reads it.
const EXTENSIONS: &str = "[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = keyCertSign
[server]
basicConstraints = CA:FALSE
subjectAltName = IP:127.0.0.1, DNS:localhost
extendedKeyUsage = serverAuth
[client]
basicConstraints = CA:FALSE
extendedKeyUsage = clientAuth
";

/// The folder of `ca.pem`, `server.pem`, `client.pem` and their keys, `NAME.key`.
#[derive(Clone, Debug)]
pub struct Certificates(PathBuf);

impl Certificates {
    /// Makes them in this folder. The client's common name is `user`.
    ///
    /// # Errors
    ///
    /// If there is no `openssl`, or it refuses.
    pub fn make(folder: &Path, user: &str) -> Result<Self> {
        fs::write(folder.join("openssl.cnf"), EXTENSIONS)?;
        let made = Self(folder.to_owned());
        for (name, subject) in
            [("ca", "a test's authority"), ("server", "localhost"), ("client", user)]
        {
            made.one(name, subject)?;
        }
        Ok(made)
    }

    /// The certificate of `ca`, `server` or `client`.
    #[must_use]
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.pem"))
    }

    /// Its key.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.key"))
    }

    /// Makes the client's certificate and key anew.
    ///
    /// # Errors
    ///
    /// As [`Certificates::make`].
    pub fn renew_client(&self, user: &str) -> Result<()> {
        self.one("client", user)
    }

    fn one(&self, name: &str, subject: &str) -> Result<()> {
        let mut command = Command::new("openssl");
        command.current_dir(&self.0).args(["req", "-x509", "-config", "openssl.cnf", "-days", "2"]);
        command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        command.args(["-extensions", name, "-subj", &format!("/CN={subject}")]);
        command.arg("-keyout").arg(self.key(name)).arg("-out").arg(self.certificate(name));
        if name != "ca" {
            command.args(["-CA", "ca.pem", "-CAkey", "ca.key"]);
        }
        let output = command.output().context("openssl is not installed")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "openssl made no {name}: {said}");
        // Servers run as another user.
        Ok(fs::set_permissions(self.key(name), Permissions::from_mode(0o644))?)
    }
}
