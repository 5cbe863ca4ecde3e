use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

#[test]
fn a_reply_ends_with_its_last_line() {
    #[track_caller]
    fn check(bytes: &[u8], complete: bool, overrun: bool) {
        check_owed(1, bytes, complete, overrun);
    }
    #[track_caller]
    fn check_owed(n: usize, bytes: &[u8], complete: bool, overrun: bool) {
        for size in 1..=bytes.len() {
            let mut reply = Reply::owed(n);
            for piece in bytes.chunks(size) {
                reply.feed(piece);
            }
            assert_eq!(
                (reply.n_owed == 0, reply.overrun),
                (complete, overrun),
                "in pieces of {size}"
            );
        }
    }
    check_owed(3, b"250 ok\r\n250-2\r\n250 ok\r\n", false, false);
    check_owed(3, b"250 ok\r\n250 ok\r\n354 go\r\n", true, false);
    check_owed(2, b"250 ok\r\n250 ok\r\n354 go\r\n", true, true);
    check(b"250 ok\r\n", true, false);
    check(b"250\r\n", true, false);
    check(b"250-one\r\n250-two-\r\n250 three\r\n", true, false);
    check(b"250-one\r\n", false, false);
    check(b"250 ok", false, false);
    check(b"250 ok\r\n2", true, true);
    check(b"220 go\r\n250-injected\r\n", true, true);
}

#[tokio::test]
async fn only_a_refusal_may_come_before_the_final_dot() {
    for (early, is_refusal) in [("552 5.3.4 too large\r\n", true), ("250 2.0.0 taken\r\n", false)] {
        // Room for less than the message, so that the server speaks while it is on its way.
        let (client, mut server) = tokio::io::duplex(64);
        let dot = Dot::default();
        dot.load(Bytes::from_static(&[b'x'; 500]));
        let mut wire = Wire::new(Box::new(client), SocketAddr::from(([127, 0, 0, 1], 25)), dot.clone());
        server.write_all(b"220 ready\r\n").await.unwrap();
        wire.read_exact(&mut [0; 11]).await.unwrap();
        let writing = async {
            let sent = wire.write_all(FINAL_DOT).await;
            drop(wire);
            sent
        };
        let serving = async {
            server.write_all(early.as_bytes()).await.unwrap();
            let mut taken = Vec::new();
            server.read_to_end(&mut taken).await.unwrap();
            taken
        };
        let (sent, taken) = tokio::join!(writing, serving);
        assert_eq!(sent.is_ok(), is_refusal, "{early}");
        assert_eq!((dot.is_sent(), dot.is_late()), (is_refusal, is_refusal), "{early}");
        let whole = [&[b'x'; 500], FINAL_DOT].concat();
        assert_eq!(taken == whole, is_refusal, "{early}");
        assert!(whole.starts_with(&taken), "{early}");
    }
}

#[test]
fn dots_that_begin_a_line_are_doubled() {
    #[track_caller]
    fn check(message: &'static str, expected: &str) {
        assert_eq!(stuffed(Bytes::from_static(message.as_bytes())), expected);
    }
    check("", "");
    check("a.b\r\nc.", "a.b\r\nc.");
    check(".\r\n.\r\n..\r\nx", "..\r\n..\r\n...\r\nx");
    check("a\r\n\r\n.b", "a\r\n\r\n..b");
}
