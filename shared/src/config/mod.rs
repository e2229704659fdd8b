//! Configuration: a static and a dynamic YAML file, read once each, checked whole, all faults told together.

mod block;
mod checks;
mod convert;
mod deny;
mod difference;
mod duration;
mod dynamic;
mod fault;
mod kerberos;
mod kind;
mod lists;
mod load;
mod login;
mod node;
mod orphans;
mod ours;
mod retention;
#[cfg(test)]
mod sample;
mod secret;
mod shadow;
pub mod source;
mod timers;
mod tree;
mod upstream;

// What a configuration comes to, for those who know the core only through this crate.
pub use ebs_domain::{difference::Difference, policy::Listed};

pub use convert::{Converted, convert};
pub use difference::settings;
pub use duration::span;
pub use dynamic::{Autopackagelist, Control, DynamicConfig, Override, TriggerTag};
pub use fault::{ConfigError, Fault, Loaded};
pub use kerberos::{Kerberos, NO_KERBEROS};
pub use kind::Kind;
pub use load::{
    check_static, load_dynamic, load_static, parse_db, parse_dynamic, parse_static, read_text,
};
pub use login::Login;
pub use orphans::{Orphans, Policy};
pub use ours::{
    BodhiClient, Bus, ClientCertificate, Database, Http, KojiClient, Limits, Ours, Redis,
    StaticConfig, Worker,
};
pub use retention::Retention;
pub use secret::{SecretError, SecretErrorKind, SecretText};
pub use shadow::Shadow;
pub use timers::Timers;
pub use upstream::{Bodhi, Db, Email, Koji, OpenIdConnect};
