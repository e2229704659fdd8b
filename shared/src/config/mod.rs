//! Configuration: a static and a dynamic YAML file, read once each, checked whole, all faults told together.

mod block;
mod checks;
mod duration;
mod dynamic;
mod fault;
mod lists;
mod load;
mod node;
mod orphans;
mod ours;
mod retention;
mod secret;
mod timers;
mod tree;
mod upstream;

pub use dynamic::{Autopackagelist, Control, DynamicConfig, Override, TriggerTag};
pub use fault::{ConfigError, Fault, Loaded};
pub use load::{load_dynamic, load_static, parse_dynamic, parse_static};
pub use orphans::{Orphans, Policy};
pub use ours::{
    BodhiClient, Bus, Database, Http, KojiClient, Limits, Ours, Redis, StaticConfig, Worker,
};
pub use retention::Retention;
pub use secret::{SecretError, SecretErrorKind, SecretText};
pub use timers::Timers;
pub use upstream::{Bodhi, Db, Email, Koji, OpenIdConnect};
