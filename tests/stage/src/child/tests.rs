use super::*;

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

async fn is_gone(pid: &str) -> bool {
    let stat = tokio::fs::read_to_string(format!("/proc/{pid}/stat")).await.unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[tokio::test]
async fn stopping_ends_the_whole_group_even_what_does_not_listen() {
    let folder = tempfile::tempdir().unwrap();
    let child = Child::start(
        "family",
        sh("(trap '' TERM; echo $$; exec sleep 600) & echo $!; wait"),
        folder.path(),
    )
    .unwrap();
    let limit = Duration::from_secs(10);
    let pids = wait_for("two lines", limit, || async {
        let printed = child.printed();
        let pids: Vec<String> = printed.lines().map(str::to_owned).collect();
        Ok((pids.len() == 2).then_some(pids))
    })
    .await
    .unwrap();
    child.stop().await;
    for pid in pids {
        wait_for("the end", limit, || async { Ok(is_gone(&pid).await.then_some(())) })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_program_that_ended_is_reported_with_its_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Child::start("brief", sh("echo farewell; exit 3"), folder.path()).unwrap();
    child.process.wait().await.unwrap();
    let error = child.must_live().unwrap_err().to_string();
    assert!(error.contains("brief") && error.contains("farewell"), "{error}");
}
