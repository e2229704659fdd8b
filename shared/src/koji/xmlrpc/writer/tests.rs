//! The layout is the hub's.

use super::*;

#[test]
fn a_reply_is_laid_out_like_the_hubs() {
    let value = Value::Array(vec![
        Value::Nil,
        1.5.into(),
        2_147_483_648_i64.into(),
        Value::object([("a<", "&".into())]),
    ]);
    let expected = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n<value><nil/></value>\
                    <value><double>1.5</double></value>\n<value><i8>2147483648</i8></value>\n<value><struct>\n<member>\n\
                    <name>a&lt;</name>\n<value><string>&amp;</string></value>\n</member>\n</struct></value>\n\
                    </data></array></value>\n</param>\n</params>\n</methodResponse>\n";
    assert_eq!(write_reply(&value), expected);
}

#[test]
fn what_xml_cannot_hold_becomes_the_replacement_character() {
    assert!(write_reply(&"a\u{1}b".into()).contains("a\u{fffd}b"));
}
