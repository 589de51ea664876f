//! Peers that send what they should not: a failure with a reason, never a panic.

mod tls_support;

use std::iter;

use em_reactor::tls::{Identity, Parameters, Role, Session};
use rcgen::PKCS_ECDSA_P256_SHA256;

use tls_support::hostile::{conversations, disturbed, hold, listen};
use tls_support::{End, Leaf, Noise, Scratch, TLS_1_2, TLS_1_3, connect, converse};

#[test]
fn mutated_records_at_every_stage() {
    let conversations = conversations();
    let mut noise = Noise(0x5eed);
    for round in 0..3000 {
        let victim = noise.below(6);
        let kind = noise.below(6);
        hold(
            &conversations[round % conversations.len()],
            victim,
            |mut bytes| {
                let at = noise.below(bytes.len());
                match kind {
                    0 => bytes[at] ^= 1 << noise.below(8),
                    1 => bytes[at] = noise.below(256) as u8,
                    2 => bytes.truncate(at),
                    3 => {
                        let size = noise.below(64);
                        let extra = noise.bytes(size);
                        bytes.splice(at..at, extra);
                    }
                    4 => {
                        bytes.remove(at);
                    }
                    _ => {
                        let again = bytes[at..].to_vec();
                        bytes.extend(again);
                    }
                }
                bytes
            },
        );
    }
}

#[test]
fn noise_instead_of_a_handshake() {
    let mut noise = Noise(0xbad);
    for round in 0..1000 {
        let size = noise.below(3000);
        let mut bytes = noise.bytes(size);
        if round % 3 == 0 {
            let length = (bytes.len() as u16).to_be_bytes();
            bytes.splice(0..0, [22, 3, noise.below(5) as u8, length[0], length[1]]);
        }
        listen(&bytes, 1 + noise.below(100));
    }
}

#[test]
fn other_protocols() {
    for greeting in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut server = End::server(&Parameters::default());
        server.feed(greeting);
        assert_eq!(
            server.session.failure(),
            Some("the peer does not speak TLS")
        );
        assert_eq!(server.output().first(), Some(&21));
        assert!(!server.session.verification_failed());
    }
}

#[test]
fn an_alert_reaches_the_peer_of_a_failure() {
    for protocols in [TLS_1_2, TLS_1_3] {
        let params = Parameters {
            protocols,
            ..Parameters::default()
        };
        let (mut client, mut server) = connect(&params, &Parameters::default());
        client.session.write(b"data");
        let mut record = client.output();
        *record.last_mut().unwrap() ^= 1;
        server.feed(&record);
        assert!(server.session.failure().is_some());
        assert!(server.plaintext.is_empty());
        converse(&mut client, &mut server, 1);
        assert_eq!(
            client.session.failure(),
            Some("the peer refused: bad record MAC")
        );
    }
}

#[test]
fn data_before_a_fault_can_still_be_read() {
    let (mut client, mut server) = connect(&Parameters::default(), &Parameters::default());
    client.session.write(b"sound");
    let mut bytes = client.output();
    bytes.extend(b"not a record at all");
    assert!(server.session.receive(&bytes).is_err());
    server.drain();
    assert_eq!(server.plaintext, b"sound");
}

#[test]
fn the_end_of_input() {
    for protocols in [TLS_1_2, TLS_1_3] {
        let params = Parameters {
            protocols,
            ..Parameters::default()
        };
        let mut client = End::client(&params);
        assert!(client.session.end_of_input().is_err());
        assert!(
            client
                .session
                .failure()
                .unwrap()
                .contains("during the handshake")
        );

        let (mut client, mut server) = connect(&params, &Parameters::default());
        assert_eq!(client.session.end_of_input(), Ok(()));
        assert!(!client.session.peer_has_closed());
        server.session.close_notify();
        client.feed(&server.output());
        assert!(client.session.peer_has_closed());
        assert_eq!(client.session.end_of_input(), Ok(()));
    }
}

#[test]
fn a_chain_of_nonsense() {
    // The certificates after the first are not looked at unless they are needed.
    let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &["host.example"]);
    let scratch = Scratch::new();
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let chain = scratch.write(
        "chain.pem",
        format!("{}{}", leaf.cert, nonsense.repeat(100)),
    );
    let server = Parameters {
        identity: Identity {
            private_key: Some(leaf.key.clone().into()),
            cert_chain_file: Some(chain),
            ..Identity::default()
        },
        ..Parameters::default()
    };
    let client = Parameters {
        verify_peer: true,
        ..Parameters::default()
    };
    let (client, _) = connect(&client, &server);
    assert_eq!(client.shown().len(), 101);
    assert_eq!(client.shown()[0], nonsense);
    assert!(client.completed());
}

#[test]
fn a_stranger_does_not_sign_for_the_certificate_it_shows() {
    // A session refuses to be given such a pair, so the certificate is exchanged on the way.
    let leaf = || Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &["a.example"]);
    let der = |leaf: &Leaf| pem::parse(&leaf.cert).unwrap().into_contents();
    let real = leaf();
    let real_der = der(&real);
    let shown_der = iter::repeat_with(|| der(&leaf()))
        .find(|shown| shown.len() == real_der.len())
        .unwrap();
    let client = Parameters {
        protocols: TLS_1_2,
        ..Parameters::default()
    };
    let (client, _) = disturbed(&client, &real.params(), |_, mut bytes| {
        let at = bytes
            .windows(real_der.len())
            .position(|part| part == real_der);
        if let Some(at) = at {
            bytes[at..at + shown_der.len()].copy_from_slice(&shown_der);
        }
        bytes
    });
    assert_eq!(
        client.session.failure(),
        Some("a signature of the certificate does not match")
    );
}

#[test]
fn names_with_nul_bytes() {
    for field in 0..5 {
        let mut params = Parameters::default();
        let name = Some("a\0b".to_owned());
        match field {
            0 => params.sni_hostname = name,
            1 => params.server_name = name,
            2 => params.cipher_list = Some("ALL\0".into()),
            3 => params.alpn = vec![b"a\0b".to_vec()],
            _ => {
                let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &[]);
                params.certificates = vec![("a\0b".into(), leaf.identity())];
            }
        }
        let (client, server) = connect(&params, &params);
        assert!(client.completed() && server.completed());
    }
}

#[test]
fn ten_thousand_failed_handshakes() {
    let hello = End::client(&Parameters::default()).output();
    for round in 0..10_000 {
        let mut server = Session::new(Role::Server, &Parameters::default()).unwrap();
        let mut bytes = hello.clone();
        let at = 5 + round % (bytes.len() - 5);
        bytes[at] ^= 0x40;
        let _ = server.receive(&bytes[..at + 1]);
        let _ = server.end_of_input();
        assert!(server.failure().is_some());
    }
}
