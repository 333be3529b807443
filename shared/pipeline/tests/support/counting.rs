//! A door before a service that passes everything on and remembers what was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// All that was asked, a connection each.
type Asked = Arc<Mutex<Vec<Vec<u8>>>>;

/// Passes on until the test ends.
pub(crate) struct Counting {
    port: u16,
    asked: Asked,
}

impl Counting {
    /// Before the service at `http://host:port`.
    pub(crate) async fn start(endpoint: &str) -> Self {
        let address = endpoint.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Asked::default();
        let all = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&address).await.unwrap();
                tokio::spawn(pass_on(client, server, Arc::clone(&all)));
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many calls named this target.
    pub(crate) fn calls(&self, target: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        let found = |sent: &Vec<u8>| {
            let line = format!("x-amz-target: {target}\r\n");
            String::from_utf8_lossy(sent).matches(&line).count()
        };
        asked.iter().map(found).sum()
    }
}

async fn pass_on(client: TcpStream, server: TcpStream, asked: Asked) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let place = {
        let mut asked = asked.lock().unwrap();
        asked.push(Vec::new());
        asked.len() - 1
    };
    let mut chunk = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from_client.read(&mut chunk).await {
        asked.lock().unwrap()[place].extend_from_slice(&chunk[..read]);
        if to_server.write_all(&chunk[..read]).await.is_err() {
            return;
        }
    }
}
