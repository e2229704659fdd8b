//! Whole bodies, broken ones included.

use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::koji::xmlrpc::{write_call, write_fault, write_reply};

#[derive(Debug, PartialEq, Deserialize)]
struct Row {
    id: i64,
    name: String,
    epoch: Option<i64>,
    #[serde(default)]
    ts: f64,
}

fn reply_of(inner: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse><params><param>{inner}</param></params></methodResponse>"
    )
}

fn read_one<T: for<'de> Deserialize<'de>>(inner: &str) -> T {
    read_reply(reply_of(inner).as_bytes()).unwrap().unwrap()
}

#[test]
fn unknown_members_are_stepped_over_and_missing_options_are_none() {
    let row: Row = read_one(
        "<value><struct><member><name>extra</name><value><struct><member><name>id</name><value><array><data>\
         <value><nil/></value></data></array></value></member></struct></value></member>\
         <member><name>id</name><value><i8>5</i8></value></member>\
         <member><name>bare</name><value>text</value></member>\
         <member><name>name</name><value>a&amp;b&#13;<![CDATA[<c>]]></value></member>\
         <member><name>ts</name><value><int>7</int></value></member></struct></value>",
    );
    assert_eq!(row, Row { id: 5, name: "a&b\r<c>".to_owned(), epoch: None, ts: 7.0 });
}

#[test]
fn every_spelling_of_integers_nils_and_empties_is_read() {
    let numbers: Vec<Option<i64>> = read_one(
        "<value><array><data><value><i1>1</i1></value><value><i2>2</i2></value><value><i4>3</i4></value>\
         <value><int> 4 </int></value><value><i8>5000000000</i8></value><value><nil/></value>\
         <value><ex:nil/></value></data></array></value>",
    );
    assert_eq!(numbers, [Some(1), Some(2), Some(3), Some(4), Some(5_000_000_000), None, None]);
    assert!(read_one::<Vec<i64>>("<value><array><data/></array></value>").is_empty());
    assert!(
        read_one::<std::collections::BTreeMap<String, i64>>("<value><struct/></value>").is_empty()
    );
    assert_eq!(read_one::<String>("<value/>"), "");
    assert_eq!(read_one::<String>("<value> x\r\ny </value>"), " x\ny ");
}

#[test]
fn a_fault_is_an_answer_of_its_own() {
    let answer: Reply<Row> =
        read_reply(write_fault(1003, "build N <already> tagged").as_bytes()).unwrap();
    assert_eq!(answer, Err(RawFault { code: 1003, text: "build N <already> tagged".to_owned() }));
}

#[test]
fn a_fault_in_a_multicall_concerns_its_element_alone() {
    let fault = Value::object([
        ("faultCode", 1000.into()),
        ("faultString", "no".into()),
        ("traceback", vec![Value::from("line")].into()),
    ]);
    let body = write_reply(
        &vec![Value::Array(vec![7.into()]), fault, Value::Array(vec![Value::Nil])].into(),
    );
    let answers: Vec<Each<Option<i64>>> = read_reply(body.as_bytes()).unwrap().unwrap();
    let raw = RawFault { code: 1000, text: "no".to_owned() };
    assert_eq!(answers, [Each(Ok(Some(7))), Each(Err(raw)), Each(Ok(None))]);
}

#[test]
fn an_element_of_a_multicall_that_is_neither_is_refused() {
    for element in
        [Value::Array(vec![]), Value::Array(vec![1.into(), 2.into()]), Value::object([]), 5.into()]
    {
        let body = write_reply(&vec![element].into());
        assert!(matches!(read_reply::<Vec<Each<i64>>>(body.as_bytes()), Err(XmlError::Shape(_))));
    }
}

#[test]
fn a_document_type_is_refused_wherever_it_stands() {
    let body = "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e 'boom'>]><methodResponse/>";
    assert_eq!(read_reply_value(body.as_bytes()), Err(XmlError::Doctype));
    let inside = reply_of(
        "<value><struct><member><name>skipped</name><value><string><!DOCTYPE x></string></value></member></struct></value>",
    );
    assert!(read_reply::<IgnoredAny>(inside.as_bytes()).is_err());
}

#[test]
fn nesting_is_followed_to_the_limit_and_no_further() {
    let nested = |depth: usize| {
        reply_of(&format!(
            "{}<value/>{}",
            "<value><array><data>".repeat(depth),
            "</data></array></value>".repeat(depth)
        ))
    };
    assert!(read_reply_value(nested(128).as_bytes()).is_ok());
    for body in [nested(129), nested(100_000)] {
        assert_eq!(read_reply_value(body.as_bytes()), Err(XmlError::TooDeep(128)));
        assert_eq!(read_reply::<IgnoredAny>(body.as_bytes()).err(), Some(XmlError::TooDeep(128)));
    }
}

#[test]
fn a_web_page_is_no_reply_and_does_not_end_up_in_the_error() {
    let page = format!("<html><body>{}</body></html>", "SECRET ".repeat(10_000));
    let fault = read_reply_value(page.as_bytes()).unwrap_err();
    assert!(matches!(fault, XmlError::Unexpected { .. }));
    let wrong = reply_of(&format!("<value><string>{}</string></value>", "SECRET ".repeat(10_000)));
    for text in [fault.to_string(), read_reply::<i64>(wrong.as_bytes()).unwrap_err().to_string()] {
        assert!(text.len() < 500, "{} bytes", text.len());
    }
}

#[test]
fn what_follows_a_reply_is_refused() {
    for body in [
        reply_of("<value/>") + "<methodResponse/>",
        reply_of("<value/>") + "text",
        reply_of("<value/><value/>"),
    ] {
        assert!(read_reply_value(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn named_arguments_travel_in_a_last_marked_struct() {
    let call = MethodCall::new("listTagged").arg("eln").named("latest", true);
    let text = write_call(&call);
    assert!(text.contains("__starstar"));
    assert_eq!(read_call(text.as_bytes()).unwrap(), call);
    let multi = MethodCall::multi(std::slice::from_ref(&call));
    let read = read_call(write_call(&multi).as_bytes()).unwrap();
    let elements = read.params.first().and_then(Value::as_array).unwrap();
    assert_eq!(MethodCall::from_element(&elements[0]), Some(call));
}

#[test]
fn a_marked_struct_that_is_not_last_is_an_ordinary_value() {
    let marked = Value::object([("a", 1.into()), ("__starstar", true.into())]);
    let call = MethodCall::new("echo").arg(marked.clone()).arg(5);
    assert_eq!(read_call(write_call(&call).as_bytes()).unwrap().params, [marked, 5.into()]);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(Value::Int),
        any::<bool>().prop_map(Value::Bool),
        (-1e12..1e12).prop_map(Value::Double),
        "[ -~\t\näž🐎]{0,12}".prop_map(Value::Str),
        Just(Value::Nil),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec(("[a-z_<&]{0,8}", inner), 0..5).prop_map(Value::Struct),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in values()) {
        let body = write_reply(&value);
        prop_assert_eq!(read_reply_value(body.as_bytes()).unwrap().unwrap(), value.clone());
        prop_assert_eq!(read_reply::<Value>(body.as_bytes()).unwrap().unwrap(), value);
        prop_assert!(read_reply::<IgnoredAny>(body.as_bytes()).unwrap().is_ok());
    }

    #[test]
    fn a_cut_body_is_an_error_and_nothing_worse(value in values(), cut in 0.0..1.0f64) {
        let body = write_reply(&value);
        let end = body.trim_end().len();
        let at = (0..end).find(|at| f64::from(u32::try_from(*at).unwrap()) >= cut * f64::from(u32::try_from(end).unwrap()));
        let bytes = &body.as_bytes()[..at.unwrap_or(0)];
        prop_assert!(read_reply_value(bytes).is_err());
        prop_assert!(read_reply::<Value>(bytes).is_err());
        prop_assert!(read_reply::<IgnoredAny>(bytes).is_err());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[<>/a-z&;#!\\[\\]?\"' -]{0,200}") {
        for body in [bytes.as_slice(), text.as_bytes(), reply_of(&text).as_bytes(), reply_of(&format!("<value>{text}</value>")).as_bytes()] {
            let _ = (read_reply_value(body), read_reply::<Vec<Each<Row>>>(body), read_call(body));
        }
    }

    #[test]
    fn a_damaged_body_never_panics(value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = write_reply(&value).into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        let _ = (read_reply_value(&body), read_reply::<Vec<Each<Row>>>(&body), read_reply::<IgnoredAny>(&body));
    }
}
