use super::{BadPattern, Pattern};

fn hits(pattern: &str, name: &str) -> bool {
    Pattern::new(pattern).unwrap().hits(name).unwrap()
}

#[test]
fn a_pattern_is_searched_and_not_anchored() {
    assert!(hits("gcc", "mingw-gcc"));
    assert!(!hits("^gcc$", "mingw-gcc"));
    assert!(hits("^gcc$", "gcc"));
}

#[test]
fn look_ahead_works_as_in_python() {
    assert!(hits(r"^mingw-(?!gcc$)", "mingw-binutils"));
    assert!(!hits(r"^mingw-(?!gcc$)", "mingw-gcc"));
    assert!(hits(r"(?<!lib)xml$", "expatxml"));
    assert!(!hits(r"(?<!lib)xml$", "libxml"));
}

#[test]
fn a_back_reference_works_by_number_and_by_name() {
    assert!(hits(r"^(\w+)-\1$", "perl-perl"));
    assert!(hits(r"^(?P<n>\w+)-(?P=n)$", "perl-perl"));
    assert!(!hits(r"^(?P<n>\w+)-(?P=n)$", "perl-python"));
}

#[test]
fn spellings_of_python_mean_what_they_mean_there() {
    assert!(hits(r"\Agcc\Z", "gcc"));
    assert!(!hits(r"\Agcc\Z", "gcc-toolset"));
    assert!(hits(r"^a{,2}$", "aa"));
    assert!(!hits(r"^a{,2}$", "aaa"));
    assert!(hits(r"^x[[]y$", "x[y"));
    assert!(hits(r"^x[]]y$", "x]y"));
    assert!(hits(r"^x[&&~~]y$", "x&y"));
    assert!(hits(r"\<a\>", "<a>"));
    assert!(hits(r"(?i)^KERNEL$", "kernel"));
    assert!(hits(r"^python3\.\d+$", "python3.14"));
    assert!(hits(r"(?#a comment)gcc", "gcc"));
    assert!(hits(r"^libstdc[+-]+$", "libstdc++"));
}

#[test]
fn what_cannot_be_compiled_says_why_and_what_to_do() {
    let why = |pattern| Pattern::new(pattern).unwrap_err().to_string();
    insta::assert_snapshot!(why("^gcc("), @"the pattern `^gcc(` cannot be used: Opening parenthesis without closing parenthesis, after 5 bytes; correct it, or write the names it means one by one");
    insta::assert_snapshot!(why("[a"), @"the pattern `[a` cannot be used: Invalid character class, after 2 bytes; correct it, or write the names it means one by one");
    insta::assert_snapshot!(why("*gcc"), @"the pattern `*gcc` cannot be used: Target of repeat operator is invalid, after 0 bytes; correct it, or write the names it means one by one");
    insta::assert_snapshot!(why("[+--]"), @"the pattern `[+--]` cannot be used: `--` inside a class means something else here than in Python; write the class without it");
    insta::assert_snapshot!(why("[z-a]"), @"the pattern `[z-a]` cannot be used: invalid character class range, the start must be <= the end; correct it, or write the names it means one by one");
    insta::assert_snapshot!(why("(?a)x"), @"the pattern `(?a)x` cannot be used: Unknown group flag: (?a, after 2 bytes; correct it, or write the names it means one by one");
    insta::assert_snapshot!(why(""), @"the pattern `` cannot be used: it is empty and would hit every name; remove it");
}

#[test]
fn a_pattern_without_end_gives_up_and_names_itself() {
    let pattern = Pattern::new(r"^(?:(a+)+)(?=\1b)$").unwrap();
    let error = pattern.hits(&"a".repeat(40)).unwrap_err();
    insta::assert_snapshot!(error, @r#"the pattern `^(?:(a+)+)(?=\1b)$` gave up on `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` after 100000 steps; remove repetition inside repetition"#);
}

#[test]
fn no_text_makes_the_translation_panic() {
    for text in ["\\", "[", "[^", "[]", "[^]", "{,", "[\\", "a[b-", "é{,"] {
        let _: Result<Pattern, BadPattern> = Pattern::new(text);
    }
}
