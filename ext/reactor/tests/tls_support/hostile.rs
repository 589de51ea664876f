//! Peers that send what they should not, and what holds for an end whatever it was sent. Tests and
//! targets of cargo-fuzz share this.

use em_reactor::tls::{Error, Parameters, Role};
use rcgen::PKCS_ECDSA_P256_SHA256;

use super::{End, Leaf, TLS_1_2, TLS_1_3, authority};

/// Every kind of conversation, by what the ends are given.
pub fn conversations() -> Vec<(Parameters, Parameters)> {
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example"]);
    let own = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &[]);
    let mut all = Vec::new();
    for protocols in [TLS_1_2, TLS_1_3] {
        all.push((
            Parameters {
                protocols,
                ..Parameters::default()
            },
            Parameters::default(),
        ));
        all.push((
            Parameters {
                protocols,
                verify: true,
                verify_peer: true,
                ca: Some(root.pem().into()),
                sni_hostname: Some("host.example".into()),
                alpn: vec![b"h2".to_vec()],
                ..own.params()
            },
            Parameters {
                verify_peer: true,
                fail_if_no_peer_cert: true,
                alpn: vec![b"h2".to_vec()],
                ..leaf.params()
            },
        ));
    }
    all
}

/// A conversation with the bytes of one end changed by `change`, which is told how many calls
/// of it there were before.
pub fn disturbed(
    client: &Parameters,
    server: &Parameters,
    mut change: impl FnMut(usize, Vec<u8>) -> Vec<u8>,
) -> (End, End) {
    let (mut client, mut server) = (End::client(client), End::server(server));
    client.session.write(b"a question");
    server.session.write(b"an answer");
    client.drain();
    for turn in 0.. {
        let to_server = client.output();
        let to_client = server.output();
        if turn > 50 || to_server.is_empty() && to_client.is_empty() {
            break;
        }
        if !to_server.is_empty() {
            server.feed(&change(turn * 2, to_server));
        }
        if !to_client.is_empty() {
            client.feed(&change(turn * 2 + 1, to_client));
        }
    }
    (client, server)
}

/// What holds for an end whatever it was sent.
fn assert_sane(end: &mut End) {
    assert_eq!(end.error.is_some(), end.session.failure().is_some());
    if end.session.failure().is_some() {
        assert_ne!(end.session.failure(), Some(""));
        end.session.write(b"too late");
        end.session.close_notify();
        end.session.verdict(true);
        end.drain();
        end.output();
        assert!(matches!(
            end.session.receive(b"more"),
            Err(Error::Failed(_))
        ));
        assert!(end.session.end_of_input().is_err());
        assert!(!end.session.wants_output());
    }
    end.session.cipher_name();
    end.session.cipher_bits();
    end.session.peer_certificate_pem();
    end.session.sni_hostname();
}

/// Has a conversation of which one flight, the `victim`, is what `change` makes of it.
///
/// What arrives is what was said, or nothing.
pub fn hold(
    (client, server): &(Parameters, Parameters),
    victim: usize,
    mut change: impl FnMut(Vec<u8>) -> Vec<u8>,
) {
    let changed = |turn, bytes| if turn == victim { change(bytes) } else { bytes };
    let (mut client, mut server) = disturbed(client, server, changed);
    for end in [&mut client, &mut server] {
        assert_sane(end);
        let whole: [&[u8]; 3] = [b"", b"a question", b"an answer"];
        assert!(whole.contains(&end.plaintext.as_slice()));
    }
}

/// Gives `bytes` to each kind of end, `step` at a time, as all that a peer says.
pub fn listen(bytes: &[u8], step: usize) {
    for role in [Role::Client, Role::Server] {
        let mut end = End::new(role, &Parameters::default());
        bytes.chunks(step).for_each(|part| end.feed(part));
        assert!(!end.completed());
        assert_sane(&mut end);
    }
}
