use std::sync::Arc;

use async_trait::async_trait;
use ebs_domain::time::Timestamp;
use lapin::types::{AMQPValue, FieldTable};
use uuid::Uuid;

use super::*;
use crate::{
    bus::{
        config::BusConfig,
        message::{Incoming, Origin, Reader},
    },
    clock::{Chance, Clock},
};

struct Fixed(f64);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
}

impl Chance for Fixed {
    fn uuid(&self) -> Uuid {
        Uuid::nil()
    }

    fn fraction(&self) -> f64 {
        self.0
    }
}

struct Nothing;

#[async_trait]
impl Handler for Nothing {
    async fn store(&self, _group: &[Incoming]) -> Result<(), NotStored> {
        Ok(())
    }

    async fn connected(&self) {}
}

fn consumer(file: &str, timing: Timing, fraction: f64) -> Consumer {
    let reader = Reader::new("", Origin::of("https://koji.example.org").unwrap());
    let config = BusConfig::parse(file).unwrap();
    Consumer::new(config, reader, timing, Arc::new(Fixed(0.0)), Arc::new(Fixed(fraction)))
}

fn lost() -> BusFault {
    BusFault::Connection("lost".to_owned())
}

#[test]
fn pauses_double_up_to_the_cap() {
    let consumer = consumer("", Timing::default(), 1.0);
    let pauses: Vec<_> =
        (1..=8).map(|failures| consumer.pause_after(&lost(), failures).as_secs()).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(consumer.pause_after(&lost(), u32::MAX).as_secs(), 60);
}

#[test]
fn chance_shortens_a_pause_by_half_at_most() {
    let consumer = consumer("", Timing::default(), 0.0);
    assert_eq!(consumer.pause_after(&lost(), 1), Duration::from_millis(500));
}

#[test]
fn a_configuration_fault_is_tried_again_slowly() {
    let consumer = consumer("", Timing::default(), 1.0);
    assert_eq!(consumer.pause_after(&BusFault::Configuration("no".to_owned()), 1).as_secs(), 300);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_a_configuration_fault() {
    let file = "amqp_url = 'amqps://127.0.0.1:1/'\n[tls]\nca_cert = '/nonexistent/ca.pem'";
    let consumer = consumer(file, Timing::default(), 0.0);
    let mut status = consumer.status();
    let stop = CancellationToken::new();
    let running = tokio::spawn(consumer.run(Arc::new(Nothing), stop.clone()));
    let seen = status.wait_for(|status| status.last_fault.is_some()).await.unwrap().clone();
    assert!(matches!(seen.last_fault, Some((_, BusFault::Configuration(_)))), "{seen:?}");
    stop.cancel();
    running.await.unwrap();
}

#[test]
fn headers_of_all_kinds_become_json() {
    let mut inner = FieldTable::default();
    inner.insert("yes".into(), AMQPValue::Boolean(true));
    let mut table = FieldTable::default();
    table.insert("text".into(), AMQPValue::LongString("a".into()));
    table.insert("number".into(), AMQPValue::LongInt(20));
    table.insert("table".into(), AMQPValue::FieldTable(inner));
    table.insert("void".into(), AMQPValue::Void);
    let json = serde_json::Value::Object(value::headers(&table));
    assert_eq!(
        json,
        serde_json::json!({"text": "a", "number": 20, "table": {"yes": true}, "void": null})
    );
}

#[test]
fn headers_nested_too_deep_become_null() {
    let mut table = FieldTable::default();
    for _ in 0..100 {
        let mut outer = FieldTable::default();
        outer.insert("t".into(), AMQPValue::FieldTable(table));
        table = outer;
    }
    assert!(serde_json::Value::Object(value::headers(&table)).to_string().contains("null"));
}

#[test]
fn arguments_of_a_queue_keep_their_types() {
    let table: toml::Table = "x-expires = 3600000\nx-mode = 'lazy'\nlist = [true]".parse().unwrap();
    let fields = value::arguments(&table).unwrap();
    assert_eq!(fields.inner()["x-expires"], AMQPValue::LongLongInt(3_600_000));
    let long = format!("{} = 1", "x".repeat(300)).parse().unwrap();
    assert!(matches!(value::arguments(&long), Err(BusFault::Configuration(_))));
}

#[test]
fn everything_up_to_a_delivery_is_acknowledged_at_once_only_where_all_of_it_was_handled() {
    let mut handled = session::Handled::default();
    assert_eq!(handled.all_up_to([1, 2, 3]), Some(3));
    // 4 is of another queue and still on its way.
    assert_eq!(handled.all_up_to([5, 6]), None);
    assert_eq!(handled.all_up_to([8]), None);
    assert_eq!(handled.all_up_to([4]), None);
    assert_eq!(handled.all_up_to([7]), Some(8));
    assert_eq!(handled.all_up_to([9]), Some(9));
}

#[test]
fn a_group_is_at_most_half_of_what_is_sent_ahead() {
    let most = |prefetch: u16| {
        let file = format!("[qos]\nprefetch_size = 0\nprefetch_count = {prefetch}");
        session::most_in_group(&consumer(&file, Timing::default(), 0.0))
    };
    assert_eq!([0, 1, 10, 100, 1000, 60_000].map(most), [500, 1, 5, 50, 500, 500]);
}
