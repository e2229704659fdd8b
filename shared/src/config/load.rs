//! From a file or its text to typed values, or to the list of everything that is wrong. Fetches nothing.

use std::{fs, path::Path};

use url::Url;

use super::{
    block::{Block, Unknown},
    checks, deny,
    dynamic::DynamicConfig,
    fault::{ConfigError, Files, Loaded, Notes},
    kerberos::{BUILT_IN, Guess, Kerberos},
    kind::Kind,
    lists,
    login::Login,
    orphans::Orphans,
    ours::{
        BodhiClient, Bus, Database, Http, KojiClient, Limits, Ours, Redis, StaticConfig, Worker,
    },
    retention::Retention,
    shadow::Shadow,
    timers::Timers,
    tree::{self, MAX_BYTES, Node},
    upstream::{Bodhi, Db, Email, Koji, OpenIdConnect, switchable},
};

/// What is said where a provider is named, and nothing that logs in at it.
const NOBODY_LOGS_IN: &str = "not written: nobody can log in, only tokens are taken; `client_secret_file` is needed here and \
                              `ebs.http.public_url`, or `false` for `configuration.open_id_connect`";

/// Reads the static file and the secret files it names.
///
/// # Errors
///
/// All faults of the file together, each with key path and line.
pub fn load_static(path: &Path) -> Result<Loaded<StaticConfig>, ConfigError> {
    let file = path.display().to_string();
    parse_static(&file, &read_text(path)?)
}

/// Reads the dynamic file.
///
/// # Errors
///
/// All faults of the file together, each with key path and line.
pub fn load_dynamic(path: &Path) -> Result<Loaded<DynamicConfig>, ConfigError> {
    let file = path.display().to_string();
    parse_dynamic(&file, &read_text(path)?)
}

/// Reads the static configuration from its text; `file` is named in faults. Secret files are read.
///
/// # Errors
///
/// All faults of the text together, each with key path and line.
pub fn parse_static(file: &str, text: &str) -> Result<Loaded<StaticConfig>, ConfigError> {
    read_static(file, text, Files::Here)
}

/// The same where the files that it names are on another machine: one that cannot be read here is a warning.
///
/// # Errors
///
/// All faults of the text together, each with key path and line.
pub fn check_static(file: &str, text: &str) -> Result<Loaded<StaticConfig>, ConfigError> {
    read_static(file, text, Files::Elsewhere)
}

fn read_static(file: &str, text: &str, files: Files) -> Result<Loaded<StaticConfig>, ConfigError> {
    let tree = tree::of_text(file, text)?;
    let kind = readable(file, &tree)?.unwrap_or(Kind::Static);
    let notes = Notes::new(file, files);
    let config = static_config(Block::root(&tree, &notes, Unknown::Warn), kind);
    finish(notes, config)
}

/// What the file is, unless that is a form which can only be converted.
fn readable(file: &str, tree: &Node) -> Result<Option<Kind>, ConfigError> {
    let kind = Kind::of_tree(tree);
    if kind == Some(Kind::DistroBaker) {
        let text = "this is DistroBaker's form, with modules and dist-git: `ebsctl config convert FILE` makes the static and \
                    the dynamic file of it";
        return Err(Notes::whole(file, None, text.to_owned()));
    }
    Ok(kind)
}

/// Reads from a static file's text only where upstream's database is, whatever else may be wrong with it.
///
/// # Errors
///
/// All faults of `configuration.db` together; also if it is not there.
pub fn parse_db(file: &str, text: &str) -> Result<Db, ConfigError> {
    let tree = tree::of_text(file, text)?;
    readable(file, &tree)?;
    let notes = Notes::new(file, Files::Elsewhere);
    let mut root = Block::root(&tree, &notes, Unknown::Warn);
    let mut block = root.need_sub("configuration").and_then(|mut block| block.need_sub("db"));
    let db = block.as_mut().and_then(Db::read);
    if let (Some(block), Some(db)) = (&block, &db)
        && !db.driver.starts_with("postgresql")
    {
        block.fault_at("driver", format!("`{}` is not PostgreSQL's", db.driver));
    }
    finish(notes, db).map(|loaded| loaded.config)
}

/// Reads the dynamic configuration from its text; `file` is named in faults.
///
/// # Errors
///
/// All faults of the text together, each with key path and line.
pub fn parse_dynamic(file: &str, text: &str) -> Result<Loaded<DynamicConfig>, ConfigError> {
    let tree = tree::of_text(file, text)?;
    let kind = readable(file, &tree)?.unwrap_or(Kind::Dynamic);
    let notes = Notes::new(file, Files::Here);
    let config = DynamicConfig::read(Block::root(&tree, &notes, Unknown::Warn), kind);
    finish(notes, config)
}

/// Reads a configuration file's text, if it is not longer than any should be.
///
/// # Errors
///
/// One fault about the file as a whole.
pub fn read_text(path: &Path) -> Result<String, ConfigError> {
    let file = path.display().to_string();
    let file = file.as_str();
    let whole = |text: String| Notes::whole(file, None, text);
    let size =
        fs::metadata(path).map_err(|e| whole(format!("failed to read the file: {e}")))?.len();
    if usize::try_from(size).map_or(true, |size| size > MAX_BYTES) {
        return Err(whole(format!("the file has {size} bytes, more than {MAX_BYTES}")));
    }
    fs::read_to_string(path).map_err(|e| whole(format!("failed to read the file: {e}")))
}

/// Without a value there is at least one fault; should none have been noted, that itself is told.
fn finish<T>(notes: Notes, config: Option<T>) -> Result<Loaded<T>, ConfigError> {
    if config.is_none() && notes.clean() {
        notes.fault("", None, "a value is missing");
    }
    notes.finish(config)
}

fn static_config(mut root: Block<'_, '_>, kind: Kind) -> Option<StaticConfig> {
    let mut upstream = root.need_sub("configuration");
    if kind == Kind::Single {
        // Of the dynamic part.
        root.raw("components");
    }
    if let Some(block) = &mut upstream
        && block.raw("control").is_some()
        && kind != Kind::Single
    {
        block.warn_at("control", "this block belongs into the dynamic file; not used here");
    }
    let koji = upstream
        .as_mut()
        .and_then(|block| closed(block.need_sub("koji"), |block| Koji::read(block, kind)))
        .flatten();
    let profile = koji.as_ref().map(|koji| koji.profile.as_str());
    let bodhi = upstream
        .as_mut()
        .and_then(|b| closed(b.need_sub("bodhi"), |block| Bodhi::read(block, profile)));
    let db_written = upstream.as_mut().is_some_and(|block| block.raw("db").is_some());
    let db = upstream.as_mut().and_then(|block| closed(block.sub("db"), Db::read)).flatten();
    let oidc = upstream
        .as_mut()
        .and_then(|b| {
            closed(switchable(b, "open_id_connect"), |block| OpenIdConnect::read(block, kind))
        })
        .flatten();
    let email = upstream
        .as_mut()
        .and_then(|block| closed(switchable(block, "email"), Email::read))
        .flatten();
    let ebs = own_block(&mut root, profile).and_then(|block| {
        let upstream = Upstream { koji: koji.as_ref(), bodhi: bodhi.as_ref(), oidc: oidc.as_ref() };
        ours(block, upstream, db_written.then_some(db.as_ref()))
    });
    if let Some(block) = upstream {
        block.close();
    }
    root.close();
    let (koji, bodhi, open_id_connect, ebs) = (koji?, bodhi?, oidc, ebs?);
    Some(StaticConfig { koji, bodhi, db, open_id_connect, email, ebs, shadow: false })
}

/// Our own block. Upstream's files have none; with Fedora's two profiles all that must be in it is known.
fn own_block<'t, 'n>(root: &mut Block<'t, 'n>, profile: Option<&str>) -> Option<Block<'t, 'n>> {
    let block = if root.raw("ebs").is_some() || profile.and_then(addresses).is_none() {
        root.need_sub("ebs")?
    } else {
        let text = "this block is missing: hub and Bodhi follow from the profile, Koji is only read (no `ebs.koji.password_file`), \
                    and no messages are heard (no `ebs.bus`)";
        root.warn_at("ebs", text);
        root.sub_or_empty("ebs")
    };
    Some(block.with_unknown(Unknown::Refuse))
}

/// The hub, Bodhi and its identity provider of a profile. **Source:** Fedora's two installations.
fn addresses(profile: &str) -> Option<Addresses> {
    let stage = match profile {
        "koji" => "",
        "stg" => "stg.",
        _ => return None,
    };
    let of = |host: &str, path: &str| {
        Url::parse(&format!("https://{host}.{stage}fedoraproject.org/{path}")).ok()
    };
    Some(Addresses {
        hub: of("koji", "kojihub")?,
        bodhi: of("bodhi", "")?,
        idp: of("id", "openidc")?,
    })
}

/// What is known of an installation.
struct Addresses {
    hub: Url,
    bodhi: Url,
    idp: Url,
}

/// What upstream's blocks say that ours depends on.
#[derive(Clone, Copy)]
struct Upstream<'a> {
    koji: Option<&'a Koji>,
    bodhi: Option<&'a Bodhi>,
    oidc: Option<&'a OpenIdConnect>,
}

fn ours(
    mut block: Block<'_, '_>,
    Upstream { koji, bodhi, oidc }: Upstream<'_>,
    db: Option<Option<&Db>>,
) -> Option<Ours> {
    let instance = block.or("instance", "ebs".to_owned());
    let (client, bodhi_client, kerberos) = clients(&mut block, koji);
    let staging = bodhi.is_some_and(|bodhi| bodhi.staging);
    let bus = closed_or(block.sub("bus"), |block| Bus::read(block, staging));
    let redis = closed(block.sub("redis"), Redis::read).flatten();
    let database = database(&mut block, db);
    let http = closed_or(block.sub("http"), Http::read);
    let login = login(&mut block, oidc, &http);
    let worker = closed_or(block.sub("worker"), Worker::read);
    let limits = closed_or(block.sub("limits"), Limits::read);
    let retention = closed_or(block.sub("retention"), Retention::read);
    let orphans = closed_or(block.sub("orphans"), Orphans::read);
    let lists = closed_or(block.sub("lists"), lists::read);
    let deny = closed_or(block.sub("deny"), deny::read);
    let shadow = closed_or(block.sub("shadow"), Shadow::read);
    let mut timers = Timers::default();
    timers.side_tag_timeout =
        koji.and_then(|koji| koji.side_tag_timeout).unwrap_or(timers.side_tag_timeout);
    timers.stable_timeout =
        bodhi.and_then(|bodhi| bodhi.stable_timeout).unwrap_or(timers.stable_timeout);
    let mut sub = block.sub("timers");
    if let Some(sub) = &mut sub {
        timers = Timers::read(sub, timers);
    }
    checks::times(sub.as_ref().unwrap_or(&block), &timers, client.as_ref(), bodhi_client.as_ref());
    if let Some(sub) = sub {
        sub.close();
    }
    block.close();
    let mut client = client?;
    client.user = client.user.or_else(|| koji.and_then(|koji| koji.username.clone()));
    let (bodhi, database) = (bodhi_client?, database?);
    Some(Ours {
        instance,
        kerberos,
        koji: client,
        bodhi,
        bus,
        redis,
        database,
        http,
        login,
        worker,
        timers,
        limits,
        retention,
        orphans,
        lists,
        deny,
        shadow,
    })
}

/// How people log in, which needs a provider.
fn login(block: &mut Block<'_, '_>, oidc: Option<&OpenIdConnect>, http: &Http) -> Option<Login> {
    let sub = block.sub("login");
    if sub.is_none() && oidc.is_some() {
        block.warn_at("login", NOBODY_LOGS_IN);
    }
    closed(sub, |block| Login::read(block, oidc, http.public_url.clone())).flatten()
}

/// How Koji and Bodhi are reached and logged in to.
fn clients(
    block: &mut Block<'_, '_>,
    koji: Option<&Koji>,
) -> (Option<KojiClient>, Option<BodhiClient>, Option<Kerberos>) {
    let known = koji.and_then(|koji| addresses(&koji.profile));
    let (hub, others) = known.map(|known| (known.hub, (known.bodhi, known.idp))).unzip();
    let (updates, idp) = others.unzip();
    let client = known_or_needed(block, "koji", hub.is_some());
    let client = closed(client, |block| KojiClient::read(block, hub)).flatten();
    let bodhi_client = known_or_needed(block, "bodhi", updates.is_some());
    let bodhi_client =
        closed(bodhi_client, |block| BodhiClient::read(block, updates, idp)).flatten();
    let kerberos = kerberos(block, koji, client.as_ref(), bodhi_client.as_ref());
    (client, bodhi_client, kerberos)
}

/// Who we are to Kerberos, and whether that fits the ways to log in.
fn kerberos(
    block: &mut Block<'_, '_>,
    upstream: Option<&Koji>,
    koji: Option<&KojiClient>,
    bodhi: Option<&BodhiClient>,
) -> Option<Kerberos> {
    let username = upstream.and_then(|koji| koji.username.as_deref());
    let guess = Guess {
        user: koji.and_then(|koji| koji.user.as_deref()).or(username),
        profile: upstream.map(|koji| koji.profile.as_str()),
    };
    let sub = block.sub("kerberos");
    let kerberos = closed(sub, |block| Kerberos::read(block, guess, BUILT_IN)).flatten();
    if let (Some(koji), Some(bodhi)) = (koji, bodhi) {
        checks::logins(block, kerberos.as_ref(), koji, bodhi);
    }
    kerberos
}

/// Our block, or what upstream's says; one of them must be there. `Some(None)` is an upstream block with faults.
fn database(block: &mut Block<'_, '_>, db: Option<Option<&Db>>) -> Option<Database> {
    if let Some(sub) = block.sub("database") {
        return closed(Some(sub), Database::read).flatten();
    }
    match db {
        Some(None) => None,
        Some(Some(db)) if db.driver.starts_with("postgresql") => Some(Database::from_db(db)),
        Some(Some(db)) => {
            let text = format!(
                "required, since the driver `{}` of `configuration.db` is not PostgreSQL's",
                db.driver
            );
            block.fault_at("database", text);
            None
        }
        None => {
            block.fault_at("database", "required, since there is no `configuration.db`");
            None
        }
    }
}

/// A block that must be there, unless all that must be in it is known.
fn known_or_needed<'t, 'n>(
    block: &mut Block<'t, 'n>,
    key: &'static str,
    known: bool,
) -> Option<Block<'t, 'n>> {
    if known { Some(block.sub_or_empty(key)) } else { block.need_sub(key) }
}

/// Reads a block that is there, then tells of its unknown keys.
fn closed<'t, 'n, T>(
    block: Option<Block<'t, 'n>>,
    read: impl FnOnce(&mut Block<'t, 'n>) -> T,
) -> Option<T> {
    let mut block = block?;
    let value = read(&mut block);
    block.close();
    Some(value)
}

/// The same for a block that may be left out.
fn closed_or<'t, 'n, T>(
    mut block: Option<Block<'t, 'n>>,
    read: impl FnOnce(Option<&mut Block<'t, 'n>>) -> T,
) -> T {
    let value = read(block.as_mut());
    if let Some(block) = block {
        block.close();
    }
    value
}

#[cfg(test)]
mod tests;
