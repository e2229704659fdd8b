//! What the documents and the help texts name is there: verbs, suites, options, subcommands, files. Whether what they say of them
//! is true is not looked at.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use clap::CommandFactory as _;
use ebs_stage::{options::Options, scenario::Scenario};

/// Folders that builds and runs make.
const MADE: &[&str] = &["target", ".run", "node_modules"];

/// Endings by which a word is known as a file.
const ENDINGS: &[&str] =
    &[".md", ".py", ".json", ".toml", ".rs", ".yaml", ".yml", ".sql", ".html", ".txt"];

/// The command lines of all verbs that have options of their own.
fn stage() -> clap::Command {
    // Planted faults need the tree built anew: that is done by a script (`.ci/mutants.py`), not by the simulation.
    let mutants = clap::Arg::new("mutants").long("mutants");
    let simulate = ebs_simulation::arguments::Arguments::command().name("simulate").arg(mutants);
    Options::command()
        .subcommand(simulate)
        .subcommand(ebs_chaos::options::Options::command().name("chaos"))
}

fn top() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.ancestors().nth(2).unwrap_or(crate_folder).to_owned()
}

/// The documents: name and text.
fn documents() -> Result<Vec<(String, String)>> {
    let top = top();
    let mut files = vec![top.join("README.md"), top.join("CONTRIBUTING.md")];
    for entry in fs::read_dir(top.join("docs"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "md") {
            files.push(path);
        }
    }
    files
        .into_iter()
        .map(|path| Ok((path.display().to_string(), fs::read_to_string(path)?)))
        .collect()
}

/// Runs `./dev`; its exit code and all it printed.
fn dev(arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let output = Command::new(top().join("dev")).args(arguments).output()?;
    let printed = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8(printed)?))
}

/// The first words of the indented lines that explain them.
fn explained(help: &str) -> BTreeSet<String> {
    let rows = help.lines().filter_map(|line| line.strip_prefix("  "));
    rows.filter_map(|row| row.split_once("  ")?.0.split(' ').next().map(str::to_owned)).collect()
}

fn verbs() -> Result<BTreeSet<String>> {
    let (code, help) = dev(&["--help"])?;
    ensure!(code == Some(0), "{help}");
    Ok(explained(&help))
}

/// The suites, as `./dev test` tells them to whoever names another.
fn suites() -> Result<BTreeSet<String>> {
    let (code, said) = dev(&["test", "no-such-suite"])?;
    ensure!(code == Some(2), "{said}");
    let list = said.split_once("(there are: ").and_then(|(_, list)| list.split_once(')'));
    Ok(list.context("a list of suites")?.0.split(' ').map(str::to_owned).collect())
}

/// A word that stands for others: `N`, `[SUITE]...`.
fn is_placeholder(word: &str) -> bool {
    word.starts_with('[') || (!word.is_empty() && word.chars().all(|c| c.is_ascii_uppercase()))
}

/// What follows each mention of `program` in its line: words, up to the end of the code or a comment.
fn mentions<'a>(text: &'a str, program: &'a str) -> Vec<Vec<&'a str>> {
    text.lines()
        .flat_map(|line| line.split(program).skip(1))
        .filter(|rest| rest.starts_with([' ', '`']))
        .map(|rest| rest.split(['`', '#', ';', '|', ')']).next().unwrap_or_default())
        .map(|rest| rest.split_whitespace().collect())
        .collect()
}

/// The options among these words, without what brackets and commas surround them with.
fn options<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let bare = words
        .iter()
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    bare.filter_map(|word| word.strip_prefix("--")).collect()
}

/// Whether a command, or one below it, has this option.
fn has(command: &clap::Command, option: &str) -> bool {
    option == "help"
        || command.get_arguments().any(|argument| argument.get_long() == Some(option))
        || command.get_subcommands().any(|below| has(below, option))
}

/// Every file of the workspace, with `/src/` left out as the documents do.
fn files(folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && name != ".git" && !MADE.contains(&name.as_str()) {
            files(&path, found)?;
        } else if path.is_file() {
            let path = path.strip_prefix(top())?.display().to_string();
            found.push(format!("/{}", path.replace("/src/", "/")));
        }
    }
    Ok(())
}

/// Whether a word names a file or folder, and which.
fn named_path(word: &str) -> Option<&str> {
    let word = word.split('*').next().unwrap_or_default();
    let word = word.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let first = word.split('/').next().unwrap_or_default();
    let known = ENDINGS.iter().any(|ending| word.ends_with(ending))
        || (word.contains('/') && !first.is_empty() && top().join(first).exists());
    (known && !first.is_empty() && first != "." && word.chars().all(plain))
        .then(|| word.trim_end_matches('/'))
}

fn files_are_there(name: &str, words: impl Iterator<Item = String>) -> Result<()> {
    let mut all = Vec::new();
    files(&top(), &mut all)?;
    for word in words {
        let Some(path) = named_path(&word) else { continue };
        let path = path.replace("/src/", "/");
        let made = MADE.contains(&path.split('/').next().unwrap_or_default());
        let (file, inside, module) =
            (format!("/{path}"), format!("/{path}/"), format!("/{path}.rs"));
        let is = |known: &String| {
            known.ends_with(&file) || known.contains(&inside) || known.ends_with(&module)
        };
        ensure!(made || all.iter().any(is), "{name} names {word}, which is not there");
    }
    Ok(())
}

#[test]
fn each_verb_option_and_suite_in_the_documents_is_there() -> Result<()> {
    let (verbs, suites, stage) = (verbs()?, suites()?, stage());
    for (name, text) in documents()? {
        for words in mentions(&text, "./dev") {
            let Some((verb, rest)) = words.split_first() else { continue };
            if *verb == "--help" || is_placeholder(verb) {
                continue;
            }
            assert!(verbs.contains(*verb), "{name} names ./dev {verb}");
            let of_stage = stage.find_subcommand(verb);
            for option in options(rest) {
                let known = of_stage.map_or(option == "help", |command| has(command, option));
                assert!(known, "{name}: ./dev {verb} has no --{option}");
            }
            if let Some(at) = rest.iter().position(|word| *word == "--scenario") {
                let scenario = rest.get(at + 1).copied().unwrap_or_default();
                let known = is_placeholder(scenario) || Scenario::names().contains(&scenario);
                assert!(known, "{name} names the scenario {scenario}");
            }
            for suite in rest.iter().filter(|word| *verb == "test" && !is_placeholder(word)) {
                assert!(suites.contains(*suite), "{name} names the suite {suite}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_contributors_table_lists_all_suites() -> Result<()> {
    let text = fs::read_to_string(top().join("CONTRIBUTING.md"))?;
    let row = text.lines().find(|line| line.contains("./dev test SUITE"));
    let listed = row.and_then(|row| row.rsplit('`').nth(1)).context("the row's list")?;
    let listed = listed.split(' ').map(str::to_owned);
    assert_eq!(listed.collect::<BTreeSet<_>>(), suites()?);
    Ok(())
}

#[test]
fn each_subcommand_and_option_of_ebsctl_in_the_documents_is_there() -> Result<()> {
    let ctl = ebs_ctl::Arguments::command();
    for (name, text) in documents()? {
        for words in mentions(&text, "ebsctl") {
            let verb = words.first().filter(|word| !word.starts_with('-') && !is_placeholder(word));
            if let Some(verb) = verb {
                assert!(ctl.find_subcommand(verb).is_some(), "{name} names ebsctl {verb}");
            }
            for option in options(&words) {
                let known = has(&ctl, option) || option == "version";
                assert!(known, "{name}: ebsctl has no --{option}");
            }
        }
    }
    Ok(())
}

#[test]
fn each_file_in_the_documents_is_there() -> Result<()> {
    for (name, text) in documents()? {
        let mut fenced = false;
        let prose = text.lines().filter(|line| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        });
        let words = prose
            .flat_map(|line| line.split('`').skip(1).step_by(2))
            .flat_map(str::split_whitespace)
            .map(str::to_owned);
        files_are_there(&name, words)?;
    }
    Ok(())
}

#[test]
fn each_help_text_names_only_what_is_there() -> Result<()> {
    let stage = stage();
    for verb in verbs()? {
        let (code, help) = dev(&[&verb, "--help"])?;
        assert_eq!(code, Some(0), "{verb}");
        assert!(help.starts_with(&format!("./dev {verb}")), "{help}");
        let words: Vec<&str> = help.split_whitespace().collect();
        for option in options(&words) {
            let known = has(&stage, option);
            assert!(known, "./dev {verb} --help names --{option}");
        }
        let own = help.lines().take_while(|line| !line.is_empty()).flat_map(str::split_whitespace);
        for option in options(&own.collect::<Vec<_>>()) {
            let command = stage.find_subcommand(&verb);
            assert!(command.is_some_and(|command| has(command, option)), "./dev {verb} --{option}");
        }
        files_are_there(&verb, words.iter().map(|word| (*word).to_owned()))?;
    }
    let (_, help) = dev(&["test", "--help"])?;
    assert_eq!(explained(&help), suites()?, "./dev test --help explains each suite");
    Ok(())
}
