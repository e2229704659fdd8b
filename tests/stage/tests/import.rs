//! `ebsctl import` on the day of the switch: the Python service's database and files on one side, a coordinator beside a simulated
//! Fedora on the other. Needs the programs built: `cargo build --workspace`.

#![cfg(test)]

use std::{fs, path::PathBuf, process::Output, time::Duration};

use anyhow::{Context as _, Result, ensure};
use ebs_integration::{
    ports::free_port,
    postgres::{PASSWORD, Postgres},
};
use ebs_stage::{
    child::{Child, wait_for},
    config::{self, Places, Port, TOKEN},
    fedora::Fedora,
    status::Pages,
    troupe::program,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::process::Command;

/// The longest that anything is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// The tables as SQLAlchemy makes them of the service's models; `{time}` is the type of a time.
const TABLES: &str = "CREATE TABLE build_trigger (id SERIAL NOT NULL, component VARCHAR NOT NULL, build_id INTEGER NOT NULL, \
     created_at {time} NOT NULL, completed_at {time}, PRIMARY KEY (id)); \
     CREATE INDEX ix_build_trigger_completed_at ON build_trigger (completed_at); \
     CREATE TABLE failed_builds (id SERIAL NOT NULL, created_at {time} NOT NULL, url VARCHAR NOT NULL, \
     PRIMARY KEY (id), UNIQUE (url)); \
     CREATE INDEX ix_failed_builds_created_at ON failed_builds (created_at)";

/// Fedora, a coordinator that is paused by its configuration, and the other service's database.
struct Switch {
    folder: TempDir,
    port: u16,
    fedora: Fedora,
    coordinator: Child,
    postgres: Postgres,
}

impl Switch {
    async fn start() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (folder, port) = (TempDir::new()?, free_port()?);
        let postgres = tokio::task::spawn_blocking(Postgres::start).await??;
        let script = json!({ "seed": 1 });
        let fedora = Fedora::start(&program("fedora-sim")?, folder.path(), &script, None).await?;
        let places = Places {
            concurrency: 1,
            ..Places::plain(
                &fedora.url,
                format!("sqlite:{}", folder.path().join("ebs.sqlite").display()),
            )
        };
        let fixed = config::write_static(folder.path(), "ebs", Port::Pages(port), &places)?;
        let dynamic = "configuration:\n  control: {pause: true, trigger_tag: f45, exclude: ['^excluded$']}\n\
             components:\n  overrides: {alpha: {}, beta: {}, gamma: {upstream_name: delta}, epsilon: {}, excluded: {}, zeta: {}}\n";
        let dynamic = config::write(folder.path(), "dynamic.yaml", dynamic)?;
        let mut command = Command::new(program("ebs-coordinator")?);
        command.arg("--static-config-file").arg(fixed).arg("--dynamic-config-file").arg(dynamic);
        let coordinator = Child::start("coordinator", command, folder.path())?;
        let switch = Self { folder, port, fedora, coordinator, postgres };
        switch.files()?;
        let pages = Pages::new()?;
        wait_for("the coordinator is ready", LIMIT, || async {
            Ok(pages.leads(switch.port).await.then_some(()))
        })
        .await?;
        Ok(switch)
    }

    /// The other service's files: its static configuration and the password of its database.
    fn files(&self) -> Result<()> {
        let url: url::Url = self.postgres.url().parse()?;
        let port = url.port().context("a server has a port")?;
        let text = format!(
            "configuration:\n  koji: {{profile: stg, build_target: eln, stable_tag: eln, username: ebs, scratch_build: false, \
             fail_fast: true}}\n  bodhi: {{batch_size: 400, staging: true}}\n  \
             db: {{host: 127.0.0.1, port: {port}, name: ebs, driver: postgresql+asyncpg, user: ebs, page_size: 500}}\n  \
             open_id_connect: false\n  email: false\n"
        );
        config::write(self.folder.path(), "python.yaml", &text)?;
        config::write(self.folder.path(), "password", &format!("{PASSWORD}\n"))?;
        Ok(())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs statements in the other service's database.
    async fn run(&self, sql: &str) -> Result<()> {
        let options: PgConnectOptions = self.postgres.url().parse()?;
        let mut connection = PgConnection::connect_with(&options.password(PASSWORD)).await?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// The tables, and what was open in them when that service was stopped.
    async fn fill(&self, time: &str, rows: &str) -> Result<()> {
        self.run(&TABLES.replace("{time}", time)).await?;
        self.run(rows).await
    }

    async fn ctl(&self, words: &str) -> Result<Output> {
        let mut command = Command::new(program("ebsctl")?);
        command.args(words.split_whitespace()).current_dir(self.folder.path());
        command.env("EBS_URL", format!("http://127.0.0.1:{}/", self.port));
        command.env("EBS_TOKEN_FILE", self.at(TOKEN));
        Ok(tokio::time::timeout(LIMIT, command.kill_on_drop(true).output()).await??)
    }

    /// What the import says with the usual files and these further words; it has to succeed.
    async fn import(&self, words: &str) -> Result<Value> {
        let usual =
            "import --static-config-file python.yaml --db-pw-file password --reason switch --json";
        let output = self.ctl(&format!("{usual} {words}")).await?;
        let said = text(&output);
        ensure!(output.status.success(), "{said}");
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The same with other words, which has to fail with code 3; what it complains of.
    async fn complaint(&self, words: &str) -> Result<String> {
        let output = self.ctl(&format!("import --reason switch {words}")).await?;
        let said = text(&output);
        ensure!(output.status.code() == Some(3) && !said.contains(PASSWORD), "{said}");
        Ok(said)
    }

    async fn told(&self, words: &str) -> Result<Value> {
        let output = self.ctl(&format!("{words} --json")).await?;
        ensure!(output.status.success(), "{}", text(&output));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// The components that wait, by name, and the sources that are denied with their classes.
    async fn state(&self) -> Result<(Vec<String>, Vec<Value>)> {
        let status = self.told("status").await?;
        let pending = status["pending"].as_array().cloned().unwrap_or_default();
        let mut waiting: Vec<String> =
            pending.iter().filter_map(|row| row["component"].as_str().map(str::to_owned)).collect();
        waiting.sort();
        let denied = self.told("deny list").await?.as_array().cloned().unwrap_or_default();
        Ok((waiting, denied))
    }

    /// Waits until these wait for a batch.
    async fn waits_for(&self, wanted: &[&str]) -> Result<()> {
        wait_for("these wait", LIMIT, || async {
            Ok((self.state().await?.0 == wanted).then_some(()))
        })
        .await
    }

    async fn end(mut self) -> Result<()> {
        self.coordinator.must_live()?;
        ensure!(self.coordinator.terminate().await?.success(), "the coordinator did not end well");
        self.fedora.child.stop().await;
        Ok(())
    }
}

fn text(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat()
}

/// Rows of a report: what was asked, and what became of it.
type Fates<'a> = Vec<(String, &'a str)>;

fn fates<'a>(report: &'a Value, kind: &str) -> Fates<'a> {
    let rows = report[kind].as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |row: &'a Value, key: &str| row[key].as_str().unwrap_or_default();
    rows.iter().map(|row| (of(row, "asked").to_owned(), of(row, "fate"))).collect()
}

fn sorted(mut fates: Fates<'_>) -> Fates<'_> {
    fates.sort_unstable();
    fates
}

/// What waits and failed in the other service, by what is to become of it.
struct There {
    /// Triggers: component, build.
    triggers: Vec<(&'static str, i64, &'static str)>,
    /// Failures: source, days since.
    failed: Vec<(String, u32, &'static str)>,
}

async fn there(fedora: &Fedora) -> Result<There> {
    let rawhide =
        |name: &'static str, release: &'static str| fedora.tag_silently(name, release, None);
    let (old, _) = rawhide("alpha", "1.fc45").await?;
    let (alpha, _) = rawhide("alpha", "2.fc45").await?;
    let (delta, _) = rawhide("delta", "1.fc45").await?;
    let (beta, denied) = rawhide("beta", "1.fc45").await?;
    let (unlisted, _) = rawhide("unlisted", "1.fc45").await?;
    let (excluded, _) = rawhide("excluded", "1.fc45").await?;
    let (in_eln, _) = fedora.tag_silently("epsilon", "1.eln151", Some("eln")).await?;
    let (_, _) = rawhide("zeta", "1.fc45").await?;
    // What Rawhide has no more.
    let (gone, _) = fedora.tag_silently("zeta", "2.fc45", Some("eln-build")).await?;
    let triggers = vec![
        ("alpha", old, "over"),
        ("alpha", alpha, "taken"),
        // Its source is denied by the same import.
        ("beta", beta, "over"),
        ("delta", delta, "taken"),
        ("epsilon", in_eln, "refused"),
        ("excluded", excluded, "refused"),
        ("nobody-knows", 999_999, "refused"),
        ("unlisted", unlisted, "refused"),
        // What is latest there comes in its place.
        ("zeta", gone, "taken"),
    ];
    let of = |name: &str| format!("git+https://src.fedoraproject.org/rpms/{name}.git#{:040}", 7);
    let failed = vec![
        (denied, 2, "taken"),
        (of("alpha"), 40, "over"),
        (of("unlisted"), 1, "refused"),
        ("cli-build/1/alpha.src.rpm".to_owned(), 1, "refused"),
    ];
    Ok(There { triggers, failed })
}

impl There {
    fn sql(&self, now: &str) -> String {
        let triggers = self.triggers.iter().enumerate().map(|(number, (component, build, _))| {
            let minutes = 100 - number;
            format!(
                "INSERT INTO build_trigger (component, build_id, created_at) VALUES \
                 ('{component}', {build}, {now} - INTERVAL '{minutes} minutes');"
            )
        });
        let failed = self.failed.iter().map(|(source, days, _)| {
            format!(
                "INSERT INTO failed_builds (url, created_at) VALUES \
                 ('{source}', {now} - INTERVAL '{days} days');"
            )
        });
        let done = format!(
            "INSERT INTO build_trigger (component, build_id, created_at, completed_at) \
             SELECT 'epsilon', n, {now}, {now} FROM generate_series(1, 2000) AS n;"
        );
        triggers.chain(failed).chain([done]).collect()
    }

    /// What an import has to say of them; `again` after one that was meant.
    fn expected(&self, again: bool) -> [Fates<'static>; 2] {
        let here = |fate: &'static str| if again && fate == "taken" { "here" } else { fate };
        let triggers = self
            .triggers
            .iter()
            .map(|(component, build, fate)| (format!("{component} {build}"), here(fate)));
        let failed = self.failed.iter().map(|(source, _, fate)| (source.clone(), here(fate)));
        [sorted(triggers.collect()), sorted(failed.collect())]
    }

    fn check(&self, report: &Value, again: bool) -> Result<()> {
        let told = ["triggers", "denied"].map(|kind| sorted(fates(report, kind)));
        ensure!(told == self.expected(again), "{report:#}");
        Ok(())
    }
}

#[tokio::test]
async fn what_is_open_in_the_python_service_comes_over_once_and_every_row_is_told_of() -> Result<()>
{
    let switch = Switch::start().await?;
    let there = there(&switch.fedora).await?;
    switch.fill("TIMESTAMP WITH TIME ZONE", &there.sql("now()")).await?;

    let dry = switch.import("--dry-run").await?;
    there.check(&dry, false)?;
    ensure!(dry["requests"] == json!([]) && dry["configuration"]["fine"] == true, "{dry:#}");
    ensure!(switch.state().await? == (Vec::new(), Vec::new()), "a dry run changes nothing");

    let report = switch.import("").await?;
    there.check(&report, false)?;
    let requests = report["requests"].as_array().map(Vec::len);
    ensure!(requests == Some(1) && report["unanswered"] == 0, "{report:#}");
    switch.waits_for(&["alpha", "gamma", "zeta"]).await?;
    let (_, denied) = switch.state().await?;
    ensure!(denied.len() == 1 && denied[0]["class"] == "imported", "{denied:?}");
    ensure!(denied[0]["source"] == there.failed[0].0.as_str(), "{denied:?}");
    ensure!(denied[0].get("batch").is_none(), "no batch of ours failed: {denied:?}");
    let span = denied[0]["expires"].as_i64().zip(denied[0]["last"].as_i64());
    ensure!(span.is_some_and(|(until, since)| until - since == 30 * 24 * 3_600_000), "{denied:?}");
    let why = switch.told("explain gamma").await?.to_string();
    ensure!(why.contains("taken over by token/stage"), "{why}");

    let again = switch.import("").await?;
    there.check(&again, true)?;
    ensure!(again["requests"] == json!([]), "{again:#}");
    ensure!(switch.state().await?.1 == denied, "the second time nothing is done");
    switch.waits_for(&["alpha", "gamma", "zeta"]).await?;

    let words = "import --static-config-file python.yaml --db-pw-file password --reason switch";
    let words = text(&switch.ctl(words).await?);
    ensure!(words.contains("python.yaml: static configuration: can be used"), "{words}");
    ensure!(words.contains("nothing to take over") && words.contains("nobody-knows"), "{words}");
    switch.end().await
}

#[tokio::test]
async fn times_without_a_zone_are_utc_and_many_rows_come_over_in_portions() -> Result<()> {
    let switch = Switch::start().await?;
    let rows = "INSERT INTO failed_builds (url, created_at) SELECT \
         'git+https://src.fedoraproject.org/rpms/alpha#' || lpad(n::text, 40, '0'), \
         (now() AT TIME ZONE 'utc') - INTERVAL '1 day' FROM generate_series(1, 450) AS n";
    switch.fill("TIMESTAMP WITHOUT TIME ZONE", rows).await?;
    // As an operator far from Greenwich has it.
    switch.run("ALTER DATABASE ebs SET timezone TO 'Pacific/Kiritimati'").await?;
    let report = switch.import("").await?;
    let taken = fates(&report, "denied").iter().filter(|(_, fate)| *fate == "taken").count();
    ensure!(taken == 450 && report["requests"].as_array().map(Vec::len) == Some(3), "{report:#}");
    let (_, denied) = switch.state().await?;
    ensure!(denied.len() == 450, "{}", denied.len());
    let now = ebs_shared::clock::Clock::now(&ebs_shared::clock::System).millis();
    let age = denied[0]["last"].as_i64().map(|last| (now - last) / 3_600_000);
    ensure!(age == Some(24), "a day ago: {}", denied[0]);

    // A file that cannot be used here still says where the database is; that it cannot is told, also by the exit code.
    let python = fs::read_to_string(switch.at("python.yaml"))?;
    let faulty = python.replace("staging: true", "staging: false");
    config::write(switch.folder.path(), "faulty.yaml", &faulty)?;
    let words = "import --static-config-file faulty.yaml --db-pw-file password --reason switch";
    let output = switch.ctl(words).await?;
    let said = text(&output);
    ensure!(output.status.code() == Some(1) && said.contains("contradicts the profile"), "{said}");
    ensure!(said.contains("and 410 more; --json has all"), "{said}");
    switch.end().await
}

#[tokio::test]
async fn what_cannot_be_read_there_is_told_with_a_way_out() -> Result<()> {
    let switch = Switch::start().await?;
    let files = "--static-config-file python.yaml --db-pw-file password";
    let said = switch.complaint(files).await?;
    ensure!(said.contains("has not the tables of the Python service 2.x"), "{said}");
    config::write(switch.folder.path(), "wrong", "not it\n")?;
    let said = switch.complaint("--static-config-file python.yaml --db-pw-file wrong").await?;
    ensure!(said.contains("does not let us in with the password in wrong"), "{said}");
    ensure!(said.contains("name the right file with --db-pw-file"), "{said}");
    let said = switch.complaint("--static-config-file python.yaml --db-pw-file none").await?;
    ensure!(said.contains("failed to read the secret file none"), "{said}");
    let python = fs::read_to_string(switch.at("python.yaml"))?;
    config::write(switch.folder.path(), "other.yaml", &python.replace("name: ebs", "name: other"))?;
    let said = switch.complaint("--static-config-file other.yaml --db-pw-file password").await?;
    ensure!(said.contains("there is no such database: other at 127.0.0.1:"), "{said}");
    let said = switch.complaint("--static-config-file missing.yaml --db-pw-file password").await?;
    ensure!(said.contains("where the Python service has its database is not known"), "{said}");
    ensure!(said.contains("missing.yaml"), "{said}");
    let url = switch.postgres.url().replace("ebs@", &format!("ebs:{}@", "only%20for%20tests"));
    config::write(switch.folder.path(), "url", &format!("{url}\n"))?;
    let said = switch.complaint("--database-url-file url").await?;
    ensure!(said.contains("has not the tables of the Python service 2.x"), "{said}");
    ensure!(!said.contains("only%20for"), "{said}");
    let nobody = format!("postgres://ebs@127.0.0.1:{}/ebs\n", free_port()?);
    config::write(switch.folder.path(), "nobody", &nobody)?;
    let said = switch.complaint("--database-url-file nobody").await?;
    ensure!(said.contains("cannot be reached from here"), "{said}");
    ensure!(switch.state().await? == (Vec::new(), Vec::new()), "nothing was taken over");
    switch.end().await
}

#[tokio::test]
async fn with_an_authority_only_a_database_that_it_vouches_for_is_read() -> Result<()> {
    let (postgres, certificates) = tokio::task::spawn_blocking(Postgres::start_tls).await??;
    let folder = TempDir::new()?;
    let options: PgConnectOptions = postgres.url().parse()?;
    let mut connection = PgConnection::connect_with(&options.password(PASSWORD)).await?;
    let tables = TABLES.replace("{time}", "TIMESTAMP WITH TIME ZONE");
    sqlx::raw_sql(AssertSqlSafe(tables)).execute(&mut connection).await?;
    connection.close().await?;
    let url = postgres.url().replace("ebs@", "ebs:only%20for%20tests@");
    config::write(folder.path(), "url", &format!("{url}\n"))?;
    config::write(folder.path(), "token", "ebs_of-nobody\n")?;
    let import = async |authority: &str| -> Result<Output> {
        let mut command = Command::new(program("ebsctl")?);
        command.args(["import", "--reason", "switch", "--database-url-file", "url"]);
        command.args(["--token-file", "token", "--db-ca-file"]);
        command.arg(certificates.certificate(authority)).current_dir(folder.path());
        Ok(tokio::time::timeout(LIMIT, command.kill_on_drop(true).output()).await??)
    };
    // There are no rows, so no coordinator is asked.
    let fine = import("ca").await?;
    ensure!(fine.status.success() && text(&fine).contains("nothing to take over"), "{fine:?}");
    let refused = import("client").await?;
    let said = text(&refused);
    ensure!(refused.status.code() == Some(3) && said.contains("--db-ca-file"), "{said}");
    Ok(())
}
