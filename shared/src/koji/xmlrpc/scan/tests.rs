//! The scanner beside an XML parser that many use: what it takes, it takes in the same way.

use std::{fs, path::Path, sync::LazyLock};

use proptest::prelude::*;
use quick_xml::{Reader, escape::resolve_predefined_entity, events::Event};

use super::*;
use crate::koji::xmlrpc::{Value, write_reply};

/// What a body holds, piece by piece, or why not.
fn pieces(body: &str) -> Result<Vec<Piece<'_>>, XmlError> {
    let mut scanner = Scanner::new(body);
    let mut seen = Vec::new();
    loop {
        let piece = scanner.piece()?;
        if matches!(piece, Piece::End) {
            return Ok(seen);
        }
        seen.push(piece);
    }
}

/// The same from quick-xml, which leaves it to its user to look at names, references and the end: `None` for what is wrong.
fn peer(body: &str) -> Option<Vec<String>> {
    let mut xml = Reader::from_str(body);
    xml.config_mut().expand_empty_elements = true;
    let (mut seen, mut open) = (Vec::new(), 0);
    loop {
        seen.push(match xml.read_event().ok()? {
            Event::Start(start) => {
                let name = start.name();
                (is_name(name.as_ref()) && !start.contains('<')).then_some(())?;
                open += 1;
                format!("{:?}", Piece::Open(name.as_ref()))
            }
            Event::End(_) => {
                open -= 1;
                format!("{:?}", Piece::Close)
            }
            Event::Text(text) => format!("{:?}", Piece::Text(&text.into_inner())),
            Event::CData(text) => format!("{:?}", Piece::CData(&text.into_inner())),
            Event::GeneralRef(reference) => {
                let named = || resolve_predefined_entity(&reference)?.chars().next();
                let letter = reference.resolve_char_ref().ok()?.or_else(named)?;
                format!("{:?}", Piece::Char(letter))
            }
            Event::PI(instruction) => {
                instruction
                    .chars()
                    .next()
                    .is_some_and(|first| is_name(&first.to_string()))
                    .then_some(())?;
                continue;
            }
            Event::Comment(_) | Event::Decl(_) => continue,
            Event::Empty(_) | Event::DocType(_) => return None,
            Event::Eof => return (open == 0).then_some(seen),
        });
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.contains([' ', '\t', '\r', '\n', '<', '>', '&', '=', '"', '\'', '/', '?', '!'])
}

fn ours(body: &str) -> Option<Vec<String>> {
    Some(pieces(body).ok()?.iter().map(|piece| format!("{piece:?}")).collect())
}

static RECORDINGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/recordings/koji");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let bodies = files.filter(|file| file.extension().is_some_and(|of| of == "xml"));
    bodies.filter_map(|file| String::from_utf8(fs::read(file).unwrap()).ok()).collect()
});

#[test]
fn everything_that_xml_rpc_may_have_is_one_piece_each() {
    use Piece::{CData, Char, Close, End, Open, Text};
    let body = "\u{feff}<?xml version='1.0'?>\n<!-- a > b --><value x='>' y=\"/\" ><ex:nil/><nil  /></value\n>\
                a\r\n>b&amp;&#65;&#x1F600;<![CDATA[<&]]>";
    let mut scanner = Scanner::new(body);
    let seen: Vec<Piece<'_>> = std::iter::repeat_with(|| scanner.piece().unwrap())
        .take_while(|piece| *piece != End)
        .collect();
    let elements = [Text("\n"), Open("value"), Open("ex:nil"), Close, Open("nil"), Close, Close];
    assert_eq!(seen[..7], elements);
    assert_eq!(seen[7..], [Text("a\r\n>b"), Char('&'), Char('A'), Char('😀'), CData("<&")]);
    assert_eq!(scanner.at(), u64::try_from(body.len()).unwrap());
}

#[test]
fn what_is_no_xml_is_refused_where_it_stands() {
    for (body, at) in [
        ("<a></b>", 3),
        ("</a>", 0),
        ("<a></ab>", 3),
        ("<ab></a>", 4),
        ("<a></a", 3),
        ("<a", 0),
        ("<", 0),
        ("<>", 0),
        ("< a/>", 0),
        ("<a/ >", 0),
        ("<a<b>", 0),
        ("<a b='>", 0),
        ("<a b='<'/>", 0),
        ("<a></a b=''>", 3),
        ("<a>text", 7),
        ("&nbsp;", 0),
        ("&amp", 0),
        ("&", 0),
        ("&&amp;", 0),
        ("&#;", 0),
        ("&#0;", 0),
        ("&#+5;", 0),
        ("&#xD800;", 0),
        ("&#X41;", 0),
        ("&#99999999999;", 0),
        ("&é;", 0),
        ("<?", 0),
        ("<??>", 0),
        ("<?x", 0),
        ("<?x>", 0),
        ("<!-- x", 4),
        ("<!-->", 4),
        ("<![CDATA[x]]", 9),
        ("<![CDATA", 0),
        ("<!ELEMENT a>", 0),
    ] {
        match pieces(body) {
            Err(XmlError::Malformed { at: found, .. }) => assert_eq!(found, at, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn a_document_type_is_refused_in_any_case_and_even_without_end() {
    for body in ["<!DOCTYPE a>", "<a><!doctype", "x<!DocType [<!ENTITY e 'x'>]>"] {
        assert_eq!(pieces(body), Err(XmlError::Doctype), "{body}");
    }
}

#[test]
fn elements_are_followed_to_their_limit_whether_known_or_not() {
    let nested = |depth: usize| "<x>".repeat(depth) + &"</x>".repeat(depth);
    assert_eq!(pieces(&nested(MAX_OPEN)).unwrap().len(), 2 * MAX_OPEN);
    assert_eq!(pieces(&nested(MAX_OPEN + 1)), Err(XmlError::TooDeep(MAX_DEPTH)));
}

#[test]
fn every_recorded_body_is_the_same_to_a_peer() {
    assert!(RECORDINGS.len() > 500, "{} recordings", RECORDINGS.len());
    for body in RECORDINGS.iter() {
        assert_eq!(ours(body), peer(body), "{body}");
    }
}

/// Bits of XML, most of which are wrong beside most others.
fn soup() -> impl Strategy<Value = String> {
    let bits = prop::sample::select(vec![
        "<a>",
        "</a>",
        "<a/>",
        "<b x='>'>",
        "<b\n>",
        "</b >",
        "<a b=\"/\"/>",
        "<a /b>",
        "<![CDATA[x]]>",
        "<![CDATA[",
        "]]>",
        "<!--c-->",
        "<!--",
        "-->",
        "<?p x?>",
        "<?",
        "?>",
        "&amp;",
        "&#13;",
        "&#x1F600;",
        "&nope;",
        "&",
        ";",
        "#",
        "text",
        "\r\n",
        " ",
        "<",
        ">",
        "</",
        "/>",
        "\"",
        "'",
        "=",
        "!",
        "?",
        "/",
        "-",
        "é",
        "\u{feff}",
        "<!DOCTYPE a>",
        "<?xml version='1.0'?>",
    ]);
    prop::collection::vec(bits, 0..16).prop_map(|bits| bits.concat())
}

/// Values with every letter that needs care.
fn written() -> impl Strategy<Value = String> {
    let text = "[ -~\r\n\té<&>\\]]{0,12}";
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::Int),
        Just(Value::Nil),
        text.prop_map(Value::Str),
        text.prop_map(Value::Base64),
    ];
    let value = leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((text, inner), 0..5).prop_map(Value::Struct),
        ]
    });
    value.prop_map(|value| write_reply(&value))
}

proptest! {
    #[test]
    fn a_written_body_is_read_and_is_the_same_to_a_peer(body in written()) {
        prop_assert!(pieces(&body).is_ok());
        prop_assert_eq!(ours(&body), peer(&body));
    }

    #[test]
    fn soup_is_the_same_to_a_peer(body in soup()) {
        prop_assert_eq!(ours(&body), peer(&body));
    }

    #[test]
    fn a_recording_cut_off_or_damaged_is_the_same_to_a_peer(
        of in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), soup in soup(), cut in any::<bool>()
    ) {
        let body = of.get(&RECORDINGS);
        let starts: Vec<usize> = body.char_indices().map(|(at, _)| at).collect();
        prop_assume!(!starts.is_empty());
        let (before, after) = body.split_at(*at.get(&starts));
        let rest: String = after.chars().skip(1).collect();
        let damaged = if cut { before.to_owned() } else { before.to_owned() + &soup + &rest };
        prop_assert_eq!(ours(&damaged), peer(&damaged));
    }
}
