use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// The longest wait for anything here.
const LIMIT: Duration = Duration::from_secs(20);

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";

/// A server with these bounds: its address, and what ends it.
async fn start(bounds: Bounds) -> (std::net::SocketAddr, CancellationToken) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let router = Router::new().route("/", get(|| async { "here" }));
    tokio::spawn(serve(listener, router, bounds, stop.clone()));
    (address, stop)
}

/// Reads until the answer's body is there, or the connection ends.
async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    timeout(LIMIT, async {
        while !read.ends_with(b"here") && stream.read_buf(&mut read).await.unwrap_or(0) > 0 {}
    })
    .await
    .unwrap();
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn who_does_not_end_its_head_is_cut_off() {
    let bounds = Bounds { head: Duration::from_millis(100), ..Bounds::default() };
    let (address, _stop) = start(bounds).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    assert!(!answer(&mut slow).await.contains("200 OK"));
}

#[tokio::test]
async fn who_comes_when_there_is_no_room_is_answered_when_there_is() {
    let bounds = Bounds { connections: 1, ..Bounds::default() };
    let (address, _stop) = start(bounds).await;
    let mut one = TcpStream::connect(address).await.unwrap();
    one.write_all(ASK).await.unwrap();
    assert!(answer(&mut one).await.contains("200 OK"));
    let mut two = TcpStream::connect(address).await.unwrap();
    two.write_all(ASK).await.unwrap();
    // The first is served alone for as long as it stays.
    one.write_all(ASK).await.unwrap();
    assert!(answer(&mut one).await.contains("200 OK"));
    let mut nothing = [0];
    assert!(two.try_read(&mut nothing).is_err());
    drop(one);
    assert!(answer(&mut two).await.contains("200 OK"));
}

#[tokio::test]
async fn a_connection_ends_with_its_time_and_with_the_server() {
    let bounds = Bounds { life: Duration::from_millis(100), ..Bounds::default() };
    let (address, _stop) = start(bounds).await;
    let mut old = TcpStream::connect(address).await.unwrap();
    assert_eq!(answer(&mut old).await, "");
    let (address, stop) = start(Bounds::default()).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(ASK).await.unwrap();
    assert!(answer(&mut idle).await.contains("200 OK"));
    stop.cancel();
    assert_eq!(answer(&mut idle).await, "");
}
