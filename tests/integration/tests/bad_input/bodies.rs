//! Messages that nobody understands.

use anyhow::Result;
use lapin::{
    BasicProperties, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};

/// The topic that a hub tells of taggings on.
const TOPIC: &str = "org.fedoraproject.prod.buildsys.tag";

/// The odd bodies, in the order of their texts. The last one but one is the simulator's own.
pub(crate) const KEPT: [&str; 5] =
    ["<html>busy</html>", "[\"a\", \"list\"]", "null", "this is not JSON {", "{\"tag\":5}"];

/// The usual bus file.
pub(crate) fn bus_file(url: &str) -> String {
    format!(
        "amqp_url = '{url}'\ntopic_prefix = 'org.fedoraproject.prod'\n\
         [queues.ours]\ndurable = true\nauto_delete = false\nexclusive = false\narguments = {{}}\n\
         [[bindings]]\nqueue = 'ours'\nexchange = 'amq.topic'\nrouting_keys = ['*.*.*.buildsys.tag']\n\
         [client_properties]\napp = 'a test'\n"
    )
}

/// Publishes the odd bodies that the simulator does not send.
pub(crate) async fn publish_odd(url: &str) -> Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    for (number, body) in KEPT.iter().enumerate().filter(|(_, body)| !body.ends_with("JSON {")) {
        let properties = BasicProperties::default()
            .with_message_id(format!("odd-{number}").into())
            .with_content_type("application/json".into())
            .with_content_encoding("utf-8".into());
        let options = BasicPublishOptions::default();
        channel
            .basic_publish("amq.topic".into(), TOPIC.into(), options, body.as_bytes(), properties)
            .await?
            .await?;
    }
    Ok(())
}
