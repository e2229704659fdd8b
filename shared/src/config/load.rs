//! From a file or its text to typed values, or to the list of everything that is wrong. Fetches nothing.

use std::{fs, path::Path};

use super::{
    block::{Block, Unknown},
    checks,
    dynamic::DynamicConfig,
    fault::{ConfigError, Loaded, Notes},
    lists,
    orphans::Orphans,
    ours::{
        BodhiClient, Bus, Database, Http, KojiClient, Limits, Ours, Redis, StaticConfig, Worker,
    },
    retention::Retention,
    timers::Timers,
    tree::{self, MAX_BYTES, Node},
    upstream::{Bodhi, Db, Email, Koji, OpenIdConnect, switchable},
};

/// Reads the static file and the secret files it names.
///
/// # Errors
///
/// All faults of the file together, each with key path and line.
pub fn load_static(path: &Path) -> Result<Loaded<StaticConfig>, ConfigError> {
    let file = path.display().to_string();
    parse_static(&file, &read(path, &file)?)
}

/// Reads the dynamic file.
///
/// # Errors
///
/// All faults of the file together, each with key path and line.
pub fn load_dynamic(path: &Path) -> Result<Loaded<DynamicConfig>, ConfigError> {
    let file = path.display().to_string();
    parse_dynamic(&file, &read(path, &file)?)
}

/// Reads the static configuration from its text; `file` is named in faults. Secret files are read.
///
/// # Errors
///
/// All faults of the text together, each with key path and line.
pub fn parse_static(file: &str, text: &str) -> Result<Loaded<StaticConfig>, ConfigError> {
    let tree = tree_of(file, text)?;
    let notes = Notes::new(file);
    let config = static_config(Block::root(&tree, &notes, Unknown::Warn));
    finish(notes, config)
}

/// Reads the dynamic configuration from its text; `file` is named in faults.
///
/// # Errors
///
/// All faults of the text together, each with key path and line.
pub fn parse_dynamic(file: &str, text: &str) -> Result<Loaded<DynamicConfig>, ConfigError> {
    let tree = tree_of(file, text)?;
    let notes = Notes::new(file);
    let config = DynamicConfig::read(Block::root(&tree, &notes, Unknown::Warn));
    finish(notes, config)
}

fn read(path: &Path, file: &str) -> Result<String, ConfigError> {
    let whole = |text: String| Notes::whole(file, None, text);
    let size =
        fs::metadata(path).map_err(|e| whole(format!("failed to read the file: {e}")))?.len();
    if usize::try_from(size).map_or(true, |size| size > MAX_BYTES) {
        return Err(whole(format!("the file has {size} bytes, more than {MAX_BYTES}")));
    }
    fs::read_to_string(path).map_err(|e| whole(format!("failed to read the file: {e}")))
}

fn tree_of(file: &str, text: &str) -> Result<Node, ConfigError> {
    tree::parse(text).map_err(|broken| {
        Notes::whole(file, Some(broken.line), format!("no valid YAML: {}", broken.text))
    })
}

/// Without a value there is at least one fault; should none have been noted, that itself is told.
fn finish<T>(notes: Notes, config: Option<T>) -> Result<Loaded<T>, ConfigError> {
    if config.is_none() && notes.clean() {
        notes.fault("", None, "a value is missing");
    }
    notes.finish(config)
}

fn static_config(mut root: Block<'_, '_>) -> Option<StaticConfig> {
    let mut upstream = root.need_sub("configuration");
    if let Some(block) = &mut upstream
        && block.raw("control").is_some()
    {
        block.warn_at("control", "this block belongs into the dynamic file; not used here");
    }
    let koji =
        upstream.as_mut().and_then(|block| closed(block.need_sub("koji"), Koji::read)).flatten();
    let profile = koji.as_ref().map(|koji| koji.profile.as_str());
    let bodhi = upstream
        .as_mut()
        .and_then(|b| closed(b.need_sub("bodhi"), |block| Bodhi::read(block, profile)));
    let db_written = upstream.as_mut().is_some_and(|block| block.raw("db").is_some());
    let db = upstream.as_mut().and_then(|block| closed(block.sub("db"), Db::read)).flatten();
    let oidc = upstream
        .as_mut()
        .and_then(|b| closed(switchable(b, "open_id_connect"), OpenIdConnect::read))
        .flatten();
    let email = upstream
        .as_mut()
        .and_then(|block| closed(switchable(block, "email"), Email::read))
        .flatten();
    let ebs = root.need_strict("ebs").and_then(|block| {
        ours(block, koji.as_ref(), bodhi.as_ref(), db_written.then_some(db.as_ref()))
    });
    if let Some(block) = upstream {
        block.close();
    }
    root.close();
    Some(StaticConfig { koji: koji?, bodhi: bodhi?, db, open_id_connect: oidc, email, ebs: ebs? })
}

fn ours(
    mut block: Block<'_, '_>,
    koji: Option<&Koji>,
    bodhi: Option<&Bodhi>,
    db: Option<Option<&Db>>,
) -> Option<Ours> {
    let instance = block.or("instance", "ebs".to_owned());
    let client = closed(block.need_sub("koji"), KojiClient::read).flatten();
    let bodhi_client = closed(block.need_sub("bodhi"), BodhiClient::read).flatten();
    let staging = bodhi.is_some_and(|bodhi| bodhi.staging);
    let bus = closed_or(block.sub("bus"), |block| Bus::read(block, staging));
    let redis = closed(block.sub("redis"), Redis::read).flatten();
    let database = database(&mut block, db);
    let http = closed_or(block.sub("http"), Http::read);
    let worker = closed_or(block.sub("worker"), Worker::read);
    let limits = closed_or(block.sub("limits"), Limits::read);
    let retention = closed_or(block.sub("retention"), Retention::read);
    let orphans = closed_or(block.sub("orphans"), Orphans::read);
    let lists = closed_or(block.sub("lists"), lists::read);
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
        koji: client,
        bodhi,
        bus,
        redis,
        database,
        http,
        worker,
        timers,
        limits,
        retention,
        orphans,
        lists,
    })
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
