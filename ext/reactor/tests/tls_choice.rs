//! Certificates that the owner of a session chooses when the client has said what host it wants.

mod tls_support;

use em_reactor::tls::{Error, Fault, Identity, Parameters, SessionEvent};
use rcgen::PKCS_ECDSA_P256_SHA256;

use tls_support::{End, Leaf, TLS_1_2, TLS_1_3, converse};

fn leaf(host: &str) -> Leaf {
    Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &[host])
}

fn choosing(leaf: &Leaf) -> Parameters {
    Parameters {
        choose_certificate: true,
        ..leaf.params()
    }
}

fn asking(host: &str, protocols: u32) -> Parameters {
    Parameters {
        sni_hostname: Some(host.into()),
        protocols,
        ..Parameters::default()
    }
}

/// A server that has the client's first message, `step` bytes at a time, and waits for a choice.
fn asked(server: &Parameters, client: &mut End, step: usize) -> End {
    let mut server = End::server(server);
    for part in client.output().chunks(step) {
        server.feed(part);
    }
    let name = Some("a.example".to_owned());
    assert_eq!(server.events, [SessionEvent::ChooseCertificate { name }]);
    server
}

#[test]
fn the_chosen_one_is_presented() {
    let (default, chosen) = (leaf("default.example"), leaf("a.example"));
    for protocols in [TLS_1_2, TLS_1_3] {
        for step in [1, 7, 10_000] {
            let mut client = End::client(&asking("a.example", protocols));
            let mut server = asked(&choosing(&default), &mut client, step);
            server.session.write(b"greeting");
            assert!(!server.session.wants_output());
            let identity = chosen.params().identity;
            assert_eq!(server.session.choose(Some(identity)), Ok(()));
            converse(&mut client, &mut server, step);
            assert!(client.completed() && server.completed());
            assert_eq!(client.plaintext, b"greeting");
            let shown = client.session.peer_certificate_pem().unwrap_or_default();
            assert_eq!(shown, chosen.cert.replace("\r\n", "\n"));
        }
    }
}

#[test]
fn without_a_choice_the_parameters_hold() {
    let default = leaf("default.example");
    let mut client = End::client(&asking("a.example", 0));
    let mut server = asked(&choosing(&default), &mut client, 10_000);
    assert_eq!(server.session.choose(None), Ok(()));
    converse(&mut client, &mut server, 10_000);
    let shown = client.session.peer_certificate_pem().unwrap_or_default();
    assert_eq!(shown, default.cert.replace("\r\n", "\n"));
}

#[test]
fn a_choice_that_cannot_be_used() {
    let mut client = End::client(&asking("a.example", 0));
    let mut server = asked(&choosing(&leaf("default.example")), &mut client, 10_000);
    let identity = Identity {
        cert: Some(b"none".to_vec()),
        private_key: Some(b"none".to_vec()),
        ..Identity::default()
    };
    assert!(matches!(
        server.session.choose(Some(identity)),
        Err(Error::BadKey(_) | Error::BadCertificate(_))
    ));
    converse(&mut client, &mut server, 10_000);
    assert_eq!(server.session.fault(), Fault::Protocol);
    assert_eq!(
        client.session.failure(),
        Some("the peer refused: internal error")
    );
}

#[test]
fn no_choice_at_all() {
    let mut client = End::client(&asking("a.example", 0));
    let mut server = asked(&choosing(&leaf("default.example")), &mut client, 10_000);
    server.session.refuse_to_choose();
    assert_eq!(server.session.failure(), Some("no certificate was chosen"));
    converse(&mut client, &mut server, 10_000);
    assert!(client.session.failure().is_some());
}

#[test]
fn answers_that_nobody_waits_for() {
    let default = leaf("default.example");
    let mut server = End::server(&choosing(&default));
    assert_eq!(server.session.choose(None), Ok(()));
    server.session.refuse_to_choose();
    assert_eq!(server.session.failure(), None);

    let mut client = End::client(&asking("a.example", 0));
    let mut server = asked(&choosing(&default), &mut client, 10_000);
    assert_eq!(server.session.choose(None), Ok(()));
    assert_eq!(server.session.choose(None), Ok(()));
    converse(&mut client, &mut server, 10_000);
    assert!(client.completed());
}

#[test]
fn first_messages_that_are_none() {
    for noise in [
        &b"GET / HTTP/1.0\r\n\r\n"[..],
        &[22, 3, 1, 0, 4, 9, 0, 0, 0],
        &[0; 40],
    ] {
        let mut server = End::server(&choosing(&leaf("default.example")));
        server.feed(noise);
        assert!(server.session.failure().is_some());
        assert!(server.events.is_empty());
    }
}
