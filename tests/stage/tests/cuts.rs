//! The consumer of the bus whose connections are cut again and again, just as they begin to carry something.

#![cfg(test)]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ebs_integration::rabbit::Rabbit;
use ebs_shared::{
    bus::{
        amqp::{BusStatus, Consumer, Handler, NotStored, Timing},
        config::BusConfig,
        message::{Incoming, Origin, Reader},
    },
    clock::System,
};
use ebs_stage::proxy::Proxy;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, options::BasicPublishOptions,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the connection is cut. Without a look at the connection itself one in ten or twenty cuts is never noticed.
const CUTS: u64 = 100;

/// The longest that anything may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Counts what it is given.
struct Count(watch::Sender<usize>);

#[async_trait]
impl Handler for Count {
    async fn store(&self, group: &[Incoming]) -> Result<(), NotStored> {
        self.0.send_modify(|count| *count += group.len());
        Ok(())
    }

    async fn connected(&self) {}
}

fn consumer(port: u16) -> Consumer {
    let file = format!(
        "amqp_url = 'amqp://127.0.0.1:{port}/%2F'\n[queues.ours]\ndurable = true\nauto_delete = false\n\
         exclusive = false\narguments = {{}}\n[[bindings]]\nqueue = 'ours'\nexchange = 'amq.topic'\nrouting_keys = ['#']\n"
    );
    let pause = Duration::from_millis(5);
    let timing = Timing { pause, pause_max: pause, ..Timing::default() };
    let reader =
        Reader::new("org.fedoraproject.test", Origin::of("https://koji.example.org").unwrap());
    let config = BusConfig::parse(&file).unwrap();
    Consumer::new(config, reader, timing, Arc::new(System), Arc::new(System))
}

async fn publish(channel: &Channel, number: u64) {
    let properties = BasicProperties::default().with_message_id(format!("id-{number}").into());
    let options = BasicPublishOptions::default();
    let (exchange, topic) = ("amq.topic".into(), "org.fedoraproject.test.other".into());
    let sent = channel.basic_publish(exchange, topic, options, b"{}", properties).await.unwrap();
    sent.await.unwrap();
}

async fn until(
    status: &mut watch::Receiver<BusStatus>,
    what: &str,
    holds: impl FnMut(&BusStatus) -> bool,
) {
    let seen = tokio::time::timeout(LIMIT, status.wait_for(holds)).await.is_ok();
    assert!(seen, "never: {what}; {:?}", status.borrow());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cut_of_a_connection_is_noticed_whatever_was_on_its_way() {
    let rabbit = Rabbit::start().unwrap();
    let proxy = Proxy::start(rabbit.port()).await.unwrap();
    let url = rabbit.url();
    let publisher = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let channel = publisher.create_channel().await.unwrap();
    let consumer = consumer(proxy.port);
    let (mut status, stop) = (consumer.status(), CancellationToken::new());
    let (counted, mut count) = watch::channel(0);
    let runs = tokio::spawn(consumer.run(Arc::new(Count(counted)), stop.clone()));
    for cut in 0..CUTS {
        until(&mut status, "connected again", |status| status.connections > cut).await;
        // What is on its way when the cut comes differs from cut to cut.
        for _ in 0..cut % 4 {
            publish(&channel, cut).await;
        }
        proxy.cut();
    }
    until(&mut status, "connected for the last time", |status| {
        status.connections > CUTS && status.connected_since.is_some()
    })
    .await;
    let before = *count.borrow_and_update();
    publish(&channel, CUTS).await;
    let heard = tokio::time::timeout(LIMIT, count.wait_for(|count| *count > before)).await;
    assert!(heard.is_ok(), "deaf: {:?}", status.borrow());
    stop.cancel();
    tokio::time::timeout(LIMIT, runs).await.unwrap().unwrap();
}
