use tokio::time::{Instant, timeout};

use super::*;

const LIMIT: Duration = Duration::from_secs(10);

/// A server that says everything again.
async fn echo() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (from, to) = stream.into_split();
            tokio::spawn(async move { carry(from, to, &AtomicU64::new(0)).await });
        }
    });
    port
}

async fn say(stream: &mut TcpStream) -> std::io::Result<usize> {
    stream.write_all(b"hello").await?;
    let mut heard = [0; 5];
    timeout(LIMIT, stream.read_exact(&mut heard)).await.expect("an answer or an end")
}

#[tokio::test]
async fn what_is_cut_ends_and_what_comes_later_is_carried() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut first = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await.unwrap();
    assert_eq!(say(&mut first).await.unwrap(), 5);
    proxy.cut();
    assert!(say(&mut first).await.is_err());
    let mut second = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await.unwrap();
    assert_eq!(say(&mut second).await.unwrap(), 5);
}

#[tokio::test]
async fn what_is_slowed_takes_its_time_each_way() {
    let proxy = Proxy::start(echo().await).await.unwrap();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).await.unwrap();
    proxy.slow(Duration::from_millis(40));
    let begun = Instant::now();
    say(&mut stream).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(80));
}
