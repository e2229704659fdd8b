use super::{Node, Value, parse};

/// A tree as one line per value: line, path, value.
fn show(node: &Node) -> String {
    fn walk(node: &Node, path: &str, out: &mut String) {
        match &node.value {
            Value::Scalar { text, plain } => {
                let quotes = if *plain { "" } else { " (quoted)" };
                out.push_str(&format!("{}: {path} = {text}{quotes}\n", node.line));
            }
            Value::List(items) => {
                for (n, item) in items.iter().enumerate() {
                    walk(item, &format!("{path}[{n}]"), out);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    out.push_str(&format!("{}: {path}.{}\n", entry.line, entry.key));
                    walk(&entry.node, &format!("{path}.{}", entry.key), out);
                }
            }
        }
    }
    let mut out = String::new();
    walk(node, "", &mut out);
    out
}

#[test]
fn every_key_and_value_knows_its_line_and_keys_keep_their_order() {
    let tree = parse("# comment\nb:\n  - x\n  - 'y'\na: {z: 1, c: \"2\"}\nd:\n").unwrap();
    insta::assert_snapshot!(show(&tree), @"
    2: .b
    3: .b[0] = x
    4: .b[1] = y (quoted)
    5: .a
    5: .a.z
    5: .a.z = 1
    5: .a.c
    5: .a.c = 2 (quoted)
    6: .d
    6: .d = ~
    ");
}

#[test]
fn an_alias_repeats_its_anchor() {
    let tree = parse("a: &x [1, 2]\nb: *x\n").unwrap();
    insta::assert_snapshot!(show(&tree), @"
    1: .a
    1: .a[0] = 1
    1: .a[1] = 2
    2: .b
    1: .b[0] = 1
    1: .b[1] = 2
    ");
}

#[test]
fn an_empty_text_is_an_empty_mapping() {
    assert_eq!(parse("").unwrap().value, Value::Map(Vec::new()));
    assert_eq!(parse("# only this\n").unwrap().value, Value::Map(Vec::new()));
}

#[test]
fn what_is_no_yaml_or_too_much_is_refused_with_its_line() {
    let why = |text: &str| {
        let broken = parse(text).unwrap_err();
        format!("{}: {}", broken.line, broken.text)
    };
    insta::assert_snapshot!(why("a: [1, 2\nb: 3\n"), @"2: illegal placement of ':' indicator");
    insta::assert_snapshot!(why("a: 1\n\tb: 2\n"), @"1: while scanning a plain scalar, found a tab");
    insta::assert_snapshot!(why("a: 1\n---\nb: 2\n"), @"2: a second document begins here; one is expected");
    insta::assert_snapshot!(why("? [a, b]\n: 1\n"), @"1: a list or mapping cannot be a key here");
    insta::assert_snapshot!(why("a: &a {x: 1}\nb:\n  <<: *a\n"), @"3: merge keys (`<<`) are not read; write the keys out");
    insta::assert_snapshot!(why("a: *nobody\n"), @"1: while parsing node, found unknown anchor");
    insta::assert_snapshot!(why(&"[".repeat(40)), @"1: unclosed bracket '['");
}

#[test]
fn aliases_cannot_blow_a_document_up() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..9 {
        let earlier = vec![format!("*a{}", n - 1); 10].join(", ");
        text.push_str(&format!("a{n}: &a{n} [{earlier}]\n"));
    }
    let broken = parse(&text).unwrap_err();
    assert!(broken.text.contains("more than 100000 values"), "{}", broken.text);
}
