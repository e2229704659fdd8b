//! Bodhi as our calls see it: [`Updates`] over HTTP. Does *not* decide anything, and never repeats a POST but after a login.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use ebs_domain::{id::TagName, nvr::MAX_BODHI_NVR};
use http::{HeaderMap, Method};
use serde_json::json;
use tokio::time::Instant;

use super::{
    api::{BodhiError, BodhiErrorKind, Complaint, NewUpdate, OwnUpdate, Update, Updates},
    door::Door,
    fault::{Posted, answer, posted},
    jar::Jar,
    login::{Login, csrf, nothing_posted},
    metrics::{BodhiMetrics, report},
    shapes::{self, RawReleases, RawUpdate, RawUpdates, RawWrapped},
    token::TokenSource,
};
use crate::{
    config::BodhiClient,
    exchange::{Exchange, NoReply, Reply},
};

/// Rows per page asked for; the server allows 1000.
const ROWS: usize = 100;

/// Most pages of one list.
const MAX_PAGES: u32 = 50;

/// Most NVRs or aliases in one query, so that its address stays below 8 KiB.
const MAX_ASKED: usize = 60;

/// What a client is made of.
pub struct BodhiParts {
    /// What sends its requests.
    pub exchange: Arc<dyn Exchange>,
    /// Addresses and time limits.
    pub config: BodhiClient,
    /// Where the access token comes from.
    pub token: Arc<dyn TokenSource>,
    /// Counters, if calls are counted.
    pub metrics: Option<BodhiMetrics>,
}

/// A client of one Bodhi server.
pub struct BodhiUpdates {
    door: Door,
    login: Login,
    metrics: Option<BodhiMetrics>,
}

impl BodhiUpdates {
    /// A client. Nothing is sent yet.
    #[must_use]
    pub fn new(parts: BodhiParts) -> Self {
        let BodhiParts { exchange, config, token, metrics } = parts;
        Self { door: Door::new(exchange, config), login: Login::new(token), metrics }
    }

    /// The stable tag of the release whose branch is `rawhide`; `None` if there is no such release.
    ///
    /// # Errors
    ///
    /// A [`BodhiError`] whose kind says what to do.
    pub async fn rawhide_tag(&self) -> Result<Option<TagName>, BodhiError> {
        let started = Instant::now();
        let found = self.find_rawhide().await;
        self.told("releases", "read its releases", started, found)
    }

    async fn find_rawhide(&self) -> Result<Option<TagName>, BodhiErrorKind> {
        for page in 1..=MAX_PAGES {
            let path = format!("releases/?state=pending&rows_per_page={ROWS}&page={page}");
            let list: RawReleases =
                shapes::read(&self.get(&path).await?.body).map_err(BodhiErrorKind::Unavailable)?;
            let rawhide = list
                .releases
                .into_iter()
                .find(|release| release.branch.as_deref() == Some("rawhide"));
            if let Some(tag) = rawhide.and_then(|release| release.stable_tag) {
                let tag = tag.parse().map_err(|fault| {
                    BodhiErrorKind::Unavailable(format!("its stable tag: {fault}"))
                })?;
                return Ok(Some(tag));
            }
            if page >= list.pages.unwrap_or(1) {
                break;
            }
        }
        Ok(None)
    }

    /// Counts and reports a finished call.
    fn told<T>(
        &self,
        call: &'static str,
        what: &'static str,
        started: Instant,
        result: Result<T, BodhiErrorKind>,
    ) -> Result<T, BodhiError> {
        report(self.metrics.as_ref(), call, started.elapsed(), result.as_ref().err());
        result.map_err(|kind| BodhiError { what, kind })
    }

    /// A read that must succeed.
    async fn get(&self, path: &str) -> Result<Reply, BodhiErrorKind> {
        let reply = self.get_any(path).await?;
        match (reply.status.as_u16(), shapes::complaints(&reply.body)) {
            (200..=299, _) => Ok(reply),
            (400..=499, Some(complaints)) => {
                Err(BodhiErrorKind::Refused { complaints, builds: Vec::new() })
            }
            (status, _) => Err(BodhiErrorKind::Unavailable(answer(status, &reply.body))),
        }
    }

    async fn get_any(&self, path: &str) -> Result<Reply, BodhiErrorKind> {
        self.door.send(Method::GET, path, HeaderMap::new(), None).await.map_err(nothing_posted)
    }

    /// All pages of a search, at most `pages` of them.
    async fn search(
        &self,
        query: &[(&str, &str)],
        pages: u32,
    ) -> Result<Vec<Update>, BodhiErrorKind> {
        Ok(self.rows(query, pages).await?.into_iter().map(Update::from).collect())
    }

    async fn rows(
        &self,
        query: &[(&str, &str)],
        pages: u32,
    ) -> Result<Vec<RawUpdate>, BodhiErrorKind> {
        let mut found = Vec::new();
        for page in 1..=pages {
            let text: String = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(query)
                .append_pair("rows_per_page", &ROWS.to_string())
                .append_pair("page", &page.to_string())
                .finish();
            let reply = self.get(&format!("updates/?{text}")).await?;
            let list: RawUpdates =
                shapes::read(&reply.body).map_err(BodhiErrorKind::Unavailable)?;
            found.extend(list.updates);
            if page >= list.pages.unwrap_or(1) {
                break;
            }
        }
        Ok(found)
    }

    async fn post(
        &self,
        jar: &mut Jar,
        update: &NewUpdate,
        nvrs: &[String],
    ) -> Result<Posted, BodhiErrorKind> {
        let token = csrf(&self.door, jar).await?;
        let body = json!({
            "type": "unspecified",
            "from_tag": update.from_tag,
            "notes": update.notes,
            "close_bugs": false,
            "csrf_token": token,
        });
        let sent = self
            .door
            .send(Method::POST, "updates/", jar.headers(), Some(body.to_string().into()))
            .await;
        let reply = sent.map_err(|fault| match fault {
            NoReply::NotSent(why) => BodhiErrorKind::Unavailable(why),
            NoReply::Lost(_) | NoReply::TooLong(_) => BodhiErrorKind::NoAnswer(fault.to_string()),
        })?;
        jar.take_over(&reply.headers);
        Ok(posted(reply.status.as_u16(), &reply.body, nvrs))
    }

    async fn make(&self, update: &NewUpdate, nvrs: &[String]) -> Result<Update, BodhiErrorKind> {
        too_long(nvrs)?;
        let mut jar = self.login.jar(&self.door).await?;
        let mut end = self.post(&mut jar, update, nvrs).await?;
        if let Posted::Denied(_) = end {
            let mut jar = self.login.renew(&self.door).await?;
            end = self.post(&mut jar, update, nvrs).await?;
        }
        match end {
            Posted::Made(update) => Ok(update),
            Posted::Denied(why) => Err(BodhiErrorKind::Login(why)),
            Posted::Failed(kind) => Err(kind),
        }
    }

    async fn look(&self, from_tag: &TagName, nvr: &str) -> Result<Option<Update>, BodhiErrorKind> {
        let tag = from_tag.as_str();
        let ours = |updates: Vec<Update>| {
            updates.into_iter().find(|update| update.from_tag.as_deref() == Some(tag))
        };
        if !nvr.is_empty() {
            let query = [("from_side_tag_name", tag), ("builds", nvr)];
            if let Some(update) = ours(self.search(&query, MAX_PAGES).await?) {
                return Ok(Some(update));
            }
        }
        // The update may lack just this build. An old server ignores the tag and lists the newest updates of all.
        Ok(ours(self.search(&[("from_side_tag_name", tag)], 1).await?))
    }

    async fn live(&self, user: &str) -> Result<Vec<OwnUpdate>, BodhiErrorKind> {
        match self.rows(&[("user", user), ("status", "pending,testing")], MAX_PAGES).await {
            Ok(rows) => Ok(rows.into_iter().filter_map(|row| row.made_by(user)).collect()),
            // Whoever has made nothing here yet is nobody to Bodhi.
            Err(BodhiErrorKind::Refused { complaints, .. })
                if !complaints.is_empty() && complaints.iter().all(|c| c.name == "user") =>
            {
                Ok(Vec::new())
            }
            Err(kind) => Err(kind),
        }
    }

    async fn with_builds(&self, nvrs: &[String]) -> Result<Vec<Update>, BodhiErrorKind> {
        let mut found: BTreeMap<String, Update> = BTreeMap::new();
        for chunk in nvrs.chunks(MAX_ASKED) {
            for update in self.search(&[("builds", &chunk.join(","))], MAX_PAGES).await? {
                if update.builds.iter().any(|build| chunk.contains(build)) {
                    found.insert(update.alias.clone(), update);
                }
            }
        }
        Ok(found.into_values().collect())
    }

    async fn by_alias(&self, aliases: &[String]) -> Result<Vec<Option<Update>>, BodhiErrorKind> {
        let mut found: BTreeMap<String, Update> = BTreeMap::new();
        for chunk in aliases.chunks(MAX_ASKED).filter(|chunk| chunk.len() > 1) {
            let updates = self.search(&[("alias", &chunk.join(","))], 1).await?;
            found.extend(updates.into_iter().map(|update| (update.alias.clone(), update)));
        }
        let mut answers = Vec::with_capacity(aliases.len());
        for alias in aliases {
            answers.push(match found.get(alias) {
                Some(update) => Some(update.clone()),
                None => self.one(alias).await?,
            });
        }
        Ok(answers)
    }

    async fn one(&self, alias: &str) -> Result<Option<Update>, BodhiErrorKind> {
        let clean = alias.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !clean || alias.is_empty() {
            return Ok(None);
        }
        let reply = self.get_any(&format!("updates/{alias}")).await?;
        match (reply.status.as_u16(), shapes::complaints(&reply.body)) {
            (200..=299, _) => {
                let raw: RawWrapped =
                    shapes::read(&reply.body).map_err(BodhiErrorKind::Unavailable)?;
                Ok(Some(raw.update.into()))
            }
            // Only Bodhi's own refusal means that there is none; a proxy's page does not.
            (404, Some(_)) => Ok(None),
            (status, _) => Err(BodhiErrorKind::Unavailable(answer(status, &reply.body))),
        }
    }
}

/// Refuses what would crash the server's worker, before it is asked. **Source:** [`MAX_BODHI_NVR`].
fn too_long(nvrs: &[String]) -> Result<(), BodhiErrorKind> {
    let long = |nvr: &&String| nvr.chars().count() > MAX_BODHI_NVR;
    let builds: Vec<String> = nvrs.iter().filter(long).cloned().collect();
    if builds.is_empty() {
        return Ok(());
    }
    let description = format!(
        "an NVR has more than {MAX_BODHI_NVR} characters, which Bodhi cannot store: {}",
        builds.join(", ")
    );
    let complaints = vec![Complaint { name: "builds".to_owned(), description }];
    Err(BodhiErrorKind::Refused { complaints, builds })
}

#[async_trait]
impl Updates for BodhiUpdates {
    async fn create(&self, update: &NewUpdate, nvrs: &[String]) -> Result<Update, BodhiError> {
        let started = Instant::now();
        let made = self.make(update, nvrs).await;
        self.told("create", "create an update", started, made)
    }

    async fn find(&self, from_tag: &TagName, nvr: &str) -> Result<Option<Update>, BodhiError> {
        let started = Instant::now();
        let found = self.look(from_tag, nvr).await;
        self.told("find", "find an update", started, found)
    }

    async fn holding(&self, nvrs: &[String]) -> Result<Vec<Update>, BodhiError> {
        let started = Instant::now();
        let found = self.with_builds(nvrs).await;
        self.told("holding", "find updates by build", started, found)
    }

    async fn live_of(&self, user: &str) -> Result<Vec<OwnUpdate>, BodhiError> {
        let started = Instant::now();
        let found = self.live(user).await;
        self.told("live_of", "list our updates", started, found)
    }

    async fn updates(&self, aliases: &[String]) -> Result<Vec<Option<Update>>, BodhiError> {
        let started = Instant::now();
        let found = self.by_alias(aliases).await;
        self.told("updates", "read updates", started, found)
    }
}
