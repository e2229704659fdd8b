use std::fs;

use tempfile::TempDir;

use crate::config::{ConfigError, Loaded, StaticConfig, parse_static};

/// A file with a provider, and a folder with the secret.
struct Written {
    folder: TempDir,
    oidc: String,
    http: &'static str,
    login: String,
}

impl Written {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("secret"), "no-secret\n").unwrap();
        let login = format!("{{client_secret_file: '{}'}}", folder.path().join("secret").display());
        let oidc = "{auth_url: 'https://id.example.org/Authorization', token_endpoint: 'https://id.example.org/Token', \
                    userinfo_endpoint: 'https://id.example.org/UserInfo', client_id: ebs, admin_groups: [eln]}";
        let http = "{public_url: 'https://ebs.example.org'}";
        Self { folder, oidc: oidc.to_owned(), http, login }
    }

    fn read(&self) -> Result<Loaded<StaticConfig>, ConfigError> {
        let text = format!(
            "configuration:
  koji: {{profile: sim, build_target: eln, stable_tag: eln, scratch_build: false, fail_fast: true}}
  bodhi: {{staging: false}}
  open_id_connect: {}
  email: false
ebs:
  koji: {{hub_url: 'http://127.0.0.1:1/kojihub'}}
  bodhi: {{url: 'http://127.0.0.1:1/'}}
  database: {{url: 'sqlite:none'}}
  http: {}
  login: {}
",
            self.oidc, self.http, self.login
        );
        parse_static("static.yaml", &text)
    }

    /// What is wrong with it.
    fn faults(&self) -> String {
        let faults = self.read().unwrap_err().to_string();
        faults.replace(&self.folder.path().display().to_string(), "FOLDER")
    }
}

#[test]
fn who_has_a_secret_and_an_address_can_have_people_log_in() {
    let mut written = Written::new();
    let loaded = written.read().unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let login = loaded.config.ebs.login.unwrap();
    assert_eq!(login.client_secret.expose(), "no-secret");
    assert_eq!(login.userinfo_endpoint.as_str(), "https://id.example.org/UserInfo");
    assert!(login.is_secure() && login.issuer.is_none() && login.authority_file.is_none());
    assert!(!format!("{login:?}").contains("no-secret"));

    written.http = "{public_url: 'http://127.0.0.1:8080'}";
    written.oidc = written.oidc.replace("https://id.example.org", "http://localhost:1");
    written.login = written.login.replace('}', ", issuer: 'http://localhost:1/openidc/'}");
    let login = written.read().unwrap().config.ebs.login.unwrap();
    assert!(!login.is_secure());
    assert_eq!(login.issuer.as_deref(), Some("http://localhost:1/openidc/"));
}

#[test]
fn what_is_missing_to_log_in_is_named() {
    let mut written = Written::new();
    written.http = "{}";
    written.oidc =
        written.oidc.replace("userinfo_endpoint: 'https://id.example.org/UserInfo', ", "");
    written.login = "{}".to_owned();
    insta::assert_snapshot!(written.faults(), @"
    3 faults in the configuration:
      static.yaml:11: ebs.login.client_secret_file: this key is required and missing
      static.yaml:11: ebs.login: `configuration.open_id_connect.userinfo_endpoint` is missing: without it nobody is told who logs in
      static.yaml:11: ebs.login: `ebs.http.public_url` is missing: the provider sends people back to that address
    ");
    let mut off = Written::new();
    off.oidc = "false".to_owned();
    insta::assert_snapshot!(off.faults(), @"
    1 fault in the configuration:
      static.yaml:11: ebs.login: there is no provider to log in at: `configuration.open_id_connect` is `false` or faulty
    ");
}

#[test]
fn secrets_do_not_go_over_the_network_in_the_clear() {
    let mut written = Written::new();
    written.http = "{public_url: 'http://ebs.example.org'}";
    written.oidc = written.oidc.replace("https://id.example.org/Token", "http://id.example.org/T");
    written.login = written.login.replace('}', ", issuer: 'http://id.example.org/'}");
    insta::assert_snapshot!(written.faults(), @"
    3 faults in the configuration:
      static.yaml:11: ebs.login.issuer: the provider's name is expected, such as `https://id.example.org/openidc/`
      static.yaml:11: ebs.login: `configuration.open_id_connect.token_endpoint` must begin with `https://`: secrets go that way (loopback may do without)
      static.yaml:11: ebs.login: `ebs.http.public_url` must begin with `https://`: secrets go that way (loopback may do without)
    ");
}

#[test]
fn our_address_has_nothing_after_its_host() {
    for path in ["/ebs", "/?a=1", "/#top"] {
        let mut written = Written::new();
        let http = format!("{{public_url: 'https://ebs.example.org{path}'}}");
        written.http = http.leak();
        assert!(written.faults().contains("without anything after the host"), "{path}");
    }
}
