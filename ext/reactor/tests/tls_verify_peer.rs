//! The peer's certificates in the hands of whoever owns the session.

mod tls_support;

use em_reactor::tls::{Identity, Parameters, Role, Session, SessionEvent};
use rcgen::PKCS_ECDSA_P256_SHA256;

use tls_support::{
    End, Leaf, Scratch, TLS_1_2, TLS_1_3, authority, connect, converse, sub_authority,
};

fn judging(protocols: u32) -> Parameters {
    Parameters {
        verify_peer: true,
        protocols,
        ..Parameters::default()
    }
}

fn demanding(protocols: u32) -> Parameters {
    Parameters {
        fail_if_no_peer_cert: true,
        ..judging(protocols)
    }
}

fn leaf() -> Leaf {
    Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &["host.example"])
}

fn unix_lines(pem: &str) -> String {
    pem.replace("\r\n", "\n")
}

#[test]
fn certificates_come_from_the_top_down_and_before_completion() {
    let root = authority("root");
    let middle = sub_authority("middle", &root);
    let leaf = Leaf::issued(&middle, &["host.example"]);
    let scratch = Scratch::new();
    let chain = format!("{}{}{}", leaf.cert, middle.pem(), root.pem());
    let server = Parameters {
        identity: Identity {
            private_key: Some(leaf.key.clone().into()),
            cert_chain_file: Some(scratch.write("chain.pem", chain)),
            ..Identity::default()
        },
        ..Parameters::default()
    };
    for protocol in [TLS_1_2, TLS_1_3] {
        let (client, server) = connect(&judging(protocol), &server);
        assert!(server.completed());
        let expected = [&root.pem(), &middle.pem(), &leaf.cert].map(|pem| unix_lines(pem));
        assert_eq!(client.shown(), expected);
        assert_eq!(client.events.len(), 4);
        assert_eq!(client.events[3], SessionEvent::HandshakeCompleted);
    }
}

#[test]
fn only_the_first_certificate_given_inline_is_sent() {
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example"]);
    let mut server = leaf.params();
    server.identity.cert = Some(format!("{}{}", leaf.cert, root.pem()).into());
    let (client, _) = connect(&judging(0), &server);
    assert_eq!(client.shown(), [unix_lines(&leaf.cert)]);
}

#[test]
fn nothing_moves_until_the_verdict() {
    for protocol in [TLS_1_2, TLS_1_3] {
        let mut client = Session::new(Role::Client, &judging(protocol)).unwrap();
        let mut server = End::server(&leaf().params());
        server.session.write(b"greeting");
        let mut out = Vec::new();
        let event = loop {
            client.take_output(&mut out);
            server.feed(&out);
            out.clear();
            client.receive(&server.output()).unwrap();
            if let Some(event) = client.next_event() {
                break event;
            }
        };
        assert!(matches!(event, SessionEvent::VerifyPeer { .. }));
        assert!(!client.wants_output());
        client.take_output(&mut out);
        assert!(out.is_empty());
        assert_eq!(client.next_event(), None);
        client.receive(b"").unwrap();
        assert!(!server.completed());

        client.verdict(true);
        client.verdict(false);
        while !server.completed() || !client.has_plaintext() {
            client.take_output(&mut out);
            server.feed(&out);
            out.clear();
            client.receive(&server.output()).unwrap();
            client.next_event();
        }
        assert_eq!(client.plaintext(), b"greeting");
    }
}

#[test]
fn ciphertext_that_comes_before_the_verdict_is_kept() {
    // The client's whole flight, with data, is there before the server is asked.
    let mut client = End::client(&Parameters {
        protocols: TLS_1_3,
        ..leaf().params()
    });
    let mut server = Session::new(Role::Server, &demanding(TLS_1_3)).unwrap();
    client.session.write(b"data");
    server.receive(&client.output()).unwrap();
    let mut out = Vec::new();
    server.take_output(&mut out);
    client.feed(&out);
    for byte in client.output() {
        server.receive(&[byte]).unwrap();
    }
    assert!(matches!(
        server.next_event(),
        Some(SessionEvent::VerifyPeer { .. })
    ));
    assert_eq!(server.cipher_name(), Some("TLS_AES_256_GCM_SHA384"));
    server.verdict(true);
    assert_eq!(server.next_event(), Some(SessionEvent::HandshakeCompleted));
    assert_eq!(server.plaintext(), b"data");
}

#[test]
fn a_refusal_ends_it_without_a_word() {
    for protocol in [TLS_1_2, TLS_1_3] {
        let (mut client, mut server) = (
            End::client(&judging(protocol)),
            End::server(&Parameters::default()),
        );
        client.verdicts = vec![false];
        client.session.write(b"never sent");
        converse(&mut client, &mut server, usize::MAX);
        assert!(!client.completed() && !server.completed());
        assert_eq!(client.shown().len(), 1);
        assert!(client.session.failure().is_some());
        assert!(client.session.verification_failed());
        assert!(!client.session.wants_output());
        assert_eq!(server.error, None);
        assert!(client.session.receive(b"more").is_err());
        assert!(client.session.peer_certificate_pem().is_some());

        let (mut client, mut server) = (
            End::client(&leaf().params()),
            End::server(&judging(protocol)),
        );
        server.verdicts = vec![false];
        converse(&mut client, &mut server, usize::MAX);
        assert!(!server.completed());
        assert!(server.session.verification_failed());
        assert_eq!(client.error, None);
        assert_eq!(client.completed(), protocol == TLS_1_3);
    }
}

#[test]
fn a_refusal_of_any_certificate_counts() {
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example"]);
    let scratch = Scratch::new();
    let mut server = leaf.params();
    server.identity.cert = None;
    server.identity.cert_chain_file =
        Some(scratch.write("chain.pem", format!("{}{}", leaf.cert, root.pem())));
    for (verdicts, asked) in [(vec![false, true], 1), (vec![true, false], 2)] {
        let (mut client, mut server) = (End::client(&judging(0)), End::server(&server));
        client.verdicts = verdicts;
        converse(&mut client, &mut server, usize::MAX);
        assert_eq!(client.shown().len(), asked);
        assert!(client.session.verification_failed());
    }
}

#[test]
fn clients_without_a_certificate() {
    for protocol in [TLS_1_2, TLS_1_3] {
        let (_, server) = connect(&Parameters::default(), &judging(protocol));
        assert!(server.completed());
        assert!(server.shown().is_empty());

        let (client, server) = connect(&Parameters::default(), &demanding(protocol));
        assert!(!server.completed());
        assert!(server.shown().is_empty());
        assert!(server.session.verification_failed());
        assert_eq!(
            server.session.failure(),
            Some("the peer sent no certificate")
        );
        assert!(
            client
                .session
                .failure()
                .unwrap()
                .starts_with("the peer refused: ")
        );

        let only_demanded = Parameters {
            fail_if_no_peer_cert: true,
            ..Parameters::default()
        };
        assert!(
            connect(&Parameters::default(), &only_demanded)
                .1
                .completed()
        );
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn versions_of_the_past_and_of_the_future() {
    let scratch = Scratch::new();
    scratch.openssl("req -new -newkey rsa:2048 -nodes -subj /CN=old -keyout key.pem -out req.pem");
    scratch.openssl("x509 -req -in req.pem -signkey key.pem -out v1.pem");
    scratch.openssl("req -x509 -new -key key.pem -subj /CN=new -out v3.pem");
    scratch.openssl("x509 -in v3.pem -outform DER -out v3.der");
    let mut der = scratch.read("v3.der");
    let version = [0xa0, 3, 2, 1, 2];
    let at = der.windows(5).position(|part| part == version).unwrap();
    der[at + 4] = 3;
    let v4 = pem::Pem::new("CERTIFICATE", der);
    let lf = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    scratch.write("v4.pem", pem::encode_config(&v4, lf));

    for file in ["v1.pem", "v4.pem"] {
        let identified = Parameters {
            identity: Identity {
                private_key_file: Some(scratch.path("key.pem")),
                cert_chain_file: Some(scratch.path(file)),
                ..Identity::default()
            },
            ..Parameters::default()
        };
        let pem = String::from_utf8(scratch.read(file)).unwrap();
        for protocol in [TLS_1_2, TLS_1_3] {
            let (client, server) = connect(&judging(protocol), &identified);
            assert!(client.completed() && server.completed(), "{file}");
            assert_eq!(client.shown(), [pem.as_str()]);

            let (client, server) = connect(&identified, &demanding(protocol));
            assert!(client.completed() && server.completed(), "{file}");
            assert_eq!(server.shown(), [pem.as_str()]);
        }
    }
}
