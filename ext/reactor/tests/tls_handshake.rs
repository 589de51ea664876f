//! What two sessions agree on, and what they pass to each other.

mod tls_support;

use std::process::{Command, Stdio};
use std::{env, fs};

use em_reactor::tls::{Error, Identity, Parameters, Role, Session, SessionEvent, library_version};
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    SignatureAlgorithm,
};

use tls_support::{End, Leaf, Noise, Scratch, TLS_1_2, TLS_1_3, connect, converse};

fn protocols(protocols: u32) -> Parameters {
    Parameters {
        protocols,
        ..Parameters::default()
    }
}

#[test]
fn nothing_given() {
    let (client, server) = connect(&Parameters::default(), &Parameters::default());
    for end in [&client, &server] {
        assert_eq!(end.events, [SessionEvent::HandshakeCompleted]);
        assert_eq!(end.session.cipher_name(), Some("TLS_AES_256_GCM_SHA384"));
        assert_eq!(end.session.cipher_bits(), Some(256));
        assert_eq!(end.session.cipher_protocol(), Some("TLSv1.3"));
        assert_eq!(end.session.failure(), None);
        assert_eq!(end.session.sni_hostname(), None);
        assert_eq!(end.session.alpn_protocol(), None);
    }
    assert!(client.session.peer_certificate_pem().is_some());
    assert_eq!(server.session.peer_certificate_pem(), None);
}

#[test]
fn nothing_is_known_before_the_handshake() {
    let session = Session::new(Role::Client, &Parameters::default()).unwrap();
    assert_eq!(session.cipher_name(), None);
    assert_eq!(session.cipher_bits(), None);
    assert_eq!(session.cipher_protocol(), None);
    assert_eq!(session.peer_certificate_pem(), None);
    assert!(session.wants_output());
}

#[test]
fn the_version_reads_as_that_of_openssl() {
    assert!(library_version().starts_with("rustls "));
    assert!(library_version().contains("OpenSSL 3.0.0"));
}

#[test]
fn every_pair_of_protocols() {
    for (client, server, agreed) in [
        (TLS_1_2, TLS_1_2, Some("TLSv1.2")),
        (TLS_1_3, TLS_1_3, Some("TLSv1.3")),
        (TLS_1_2 | TLS_1_3, TLS_1_2, Some("TLSv1.2")),
        (TLS_1_2, TLS_1_2 | TLS_1_3, Some("TLSv1.2")),
        (0, 0, Some("TLSv1.3")),
        (0x7e, 0x7e, Some("TLSv1.3")),
        (TLS_1_2, TLS_1_3, None),
        (TLS_1_3, TLS_1_2, None),
    ] {
        let (client, server) = connect(&protocols(client), &protocols(server));
        for end in [&client, &server] {
            assert_eq!(end.completed(), agreed.is_some());
            assert_eq!(end.session.failure().is_some(), agreed.is_none());
        }
        if agreed.is_some() {
            assert_eq!(client.session.cipher_protocol(), agreed);
            assert_eq!(server.session.cipher_protocol(), agreed);
        }
    }
}

#[test]
fn protocols_that_are_gone() {
    let mut client = End::client(&protocols(0x1e));
    assert!(client.session.failure().unwrap().contains("protocol"));
    assert!(!client.session.wants_output());

    let mut server = End::server(&protocols(0x08));
    assert_eq!(server.session.failure(), None);
    client = End::client(&Parameters::default());
    converse(&mut client, &mut server, usize::MAX);
    assert!(server.session.failure().unwrap().contains("protocol"));
    assert_eq!(
        client.session.failure(),
        Some("the peer refused: protocol version")
    );
}

#[test]
fn cipher_lists() {
    let with = |list: &str, protocols| Parameters {
        cipher_list: Some(list.into()),
        protocols,
        ..Parameters::default()
    };
    for (client, server, agreed) in [
        (
            "ALL",
            "ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES128-GCM-SHA256",
        ),
        ("CHACHA20", "ALL", "ECDHE-RSA-CHACHA20-POLY1305"),
        (
            "AES128:AES256",
            "AES256:AES128",
            "ECDHE-RSA-AES128-GCM-SHA256",
        ),
        ("", "", "ECDHE-RSA-AES256-GCM-SHA384"),
    ] {
        let (client, server) = connect(&with(client, TLS_1_2), &with(server, TLS_1_2));
        for end in [&client, &server] {
            assert_eq!(end.session.cipher_name(), Some(agreed));
            assert_eq!(end.session.cipher_protocol(), Some("TLSv1.2"));
        }
        let bits = if agreed.contains("128") { 128 } else { 256 };
        assert_eq!(client.session.cipher_bits(), Some(bits));
    }

    let (client, _) = connect(&with("nope", 0), &with("nope", 0));
    assert_eq!(client.session.cipher_protocol(), Some("TLSv1.3"));

    let (client, server) = connect(&protocols(TLS_1_2), &with("nope", TLS_1_2));
    assert!(server.session.failure().unwrap().contains("cipher"));
    assert_eq!(
        client.session.failure(),
        Some("the peer refused: handshake failure")
    );
    assert!(
        End::client(&with("nope", TLS_1_2))
            .session
            .failure()
            .is_some()
    );
}

#[test]
fn curves() {
    let with = |curve: &str, protocols| Parameters {
        ecdh_curve: Some(curve.into()),
        protocols,
        ..Parameters::default()
    };
    for protocol in [TLS_1_2, TLS_1_3] {
        for curve in [
            "prime256v1",
            "secp384r1",
            #[cfg(feature = "aws-lc-rs")]
            "secp521r1",
            "X25519",
        ] {
            let (client, server) = connect(&Parameters::default(), &with(curve, protocol));
            assert!(client.completed() && server.completed(), "{curve}");
        }
    }
    for curve in ["nope", "prime256v1\0", "prime256v1:secp384r1"] {
        assert_eq!(
            Session::new(Role::Server, &with(curve, 0)).err(),
            Some(Error::BadCurve(curve.into()))
        );
        assert!(Session::new(Role::Client, &with(curve, 0)).is_ok());
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
#[cfg(feature = "dhe")]
fn finite_fields() {
    let scratch = Scratch::new();
    scratch.openssl("genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out named.pem");
    scratch.openssl("dhparam -dsaparam -out own.pem 3072");
    scratch.openssl("dhparam -dsaparam -out small.pem 1024");
    let with = |name: &str, list: &str, protocols| Parameters {
        dhparam: Some(scratch.path(name)),
        cipher_list: Some(list.into()),
        protocols,
        ..Parameters::default()
    };

    for file in ["named.pem", "own.pem"] {
        let server = with(file, "DHE,EDH", TLS_1_2);
        let (client, server) = connect(&Parameters::default(), &server);
        for end in [&client, &server] {
            assert!(end.completed(), "{file}: {:?}", end.error);
            assert_eq!(end.session.cipher_name(), Some("DHE-RSA-AES256-GCM-SHA384"));
        }
    }
    let (client, _) = connect(&Parameters::default(), &with("own.pem", "ALL", TLS_1_2));
    let agreed = client.session.cipher_name();
    assert_eq!(agreed, Some("ECDHE-RSA-AES256-GCM-SHA384"));

    let (client, _) = connect(&Parameters::default(), &with("own.pem", "DHE", TLS_1_3));
    assert_eq!(client.session.cipher_name(), Some("TLS_AES_256_GCM_SHA384"));

    scratch.write("junk.pem", "junk");
    for file in ["small.pem", "junk.pem", "missing.pem", "", "a\0b"] {
        let made = Session::new(Role::Server, &with(file, "ALL", 0));
        assert!(matches!(made.err(), Some(Error::BadDhParam(_))), "{file}");
    }
}

#[test]
fn kinds_of_keys() {
    let kinds: [&'static SignatureAlgorithm; 4] = [
        &PKCS_RSA_SHA256,
        &PKCS_ECDSA_P256_SHA256,
        &PKCS_ECDSA_P384_SHA384,
        &PKCS_ED25519,
    ];
    for kind in kinds {
        let server = Leaf::self_signed(kind, &["host.example"]);
        let client = Leaf::self_signed(kind, &[]);
        for protocol in [TLS_1_2, TLS_1_3] {
            let params = Parameters {
                protocols: protocol,
                verify_peer: true,
                fail_if_no_peer_cert: true,
                ..server.params()
            };
            let (client_end, server_end) = connect(&client.params(), &params);
            assert!(client_end.completed() && server_end.completed());
            assert_eq!(server_end.shown(), [client.cert.replace("\r\n", "\n")]);
            assert_eq!(
                client_end.session.peer_certificate_pem(),
                Some(server.cert.replace("\r\n", "\n"))
            );
        }
    }
}

#[test]
fn the_host_name_asked_for() {
    for protocol in [TLS_1_2, TLS_1_3] {
        for (asked, sent) in [
            (Some("example.com"), Some("example.com")),
            (Some(""), None),
            (Some("a b"), None),
            (Some("nul\0.example"), None),
            (Some("127.0.0.1"), None),
            (Some("::1"), None),
            (None, None),
        ] {
            let client = Parameters {
                sni_hostname: asked.map(str::to_owned),
                server_name: Some("not.sent.example".into()),
                protocols: protocol,
                ..Parameters::default()
            };
            let (client, server) = connect(&client, &Parameters::default());
            assert_eq!(server.session.sni_hostname(), sent);
            assert_eq!(client.session.sni_hostname(), sent);
            assert!(client.completed() && server.completed());
        }
    }
}

#[test]
fn certificates_by_host_name() {
    let kind = &PKCS_ECDSA_P256_SHA256;
    let [default, exact, wild] = [(); 3].map(|()| Leaf::self_signed(kind, &["host.example"]));
    let server = Parameters {
        certificates: vec![
            ("Exact.example".into(), exact.identity()),
            ("*.wild.example".into(), wild.identity()),
        ],
        ..default.params()
    };
    for (asked, presented) in [
        (Some("exact.example"), &exact),
        (Some("EXACT.example"), &exact),
        (Some("a.wild.example"), &wild),
        (Some("a.b.wild.example"), &default),
        (Some("wild.example"), &default),
        (Some("other.example"), &default),
        (None, &default),
    ] {
        let client = Parameters {
            sni_hostname: asked.map(str::to_owned),
            ..Parameters::default()
        };
        let (client, _) = connect(&client, &server);
        assert_eq!(
            client.session.peer_certificate_pem(),
            Some(presented.cert.replace("\r\n", "\n")),
            "{asked:?}"
        );
    }
}

#[test]
fn application_protocols() {
    let with = |names: &[&str]| Parameters {
        alpn: names.iter().map(|name| name.as_bytes().to_vec()).collect(),
        ..Parameters::default()
    };
    let (client, server) = connect(&with(&["h2", "http/1.1"]), &with(&["http/1.1"]));
    assert_eq!(client.session.alpn_protocol(), Some(&b"http/1.1"[..]));
    assert_eq!(server.session.alpn_protocol(), Some(&b"http/1.1"[..]));

    let (client, server) = connect(&with(&["h2"]), &with(&[]));
    assert!(client.completed() && server.completed());
    assert_eq!(client.session.alpn_protocol(), None);

    let (client, server) = connect(&with(&["h2"]), &with(&["http/1.1"]));
    assert!(server.session.failure().unwrap().contains("alpn"));
    assert_eq!(
        client.session.failure(),
        Some("the peer refused: no application protocol")
    );

    for name in ["", &"x".repeat(256)] {
        let made = Session::new(Role::Client, &with(&[name]));
        assert!(matches!(made.err(), Some(Error::BadAlpn(_))));
    }
}

#[test]
fn sessions_are_taken_up_again_unless_somebody_judges() {
    let kind = &PKCS_ECDSA_P256_SHA256;
    for protocol in [TLS_1_2, TLS_1_3] {
        let leaf = Leaf::self_signed(kind, &["host.example"]);
        let server = leaf.params();
        let client = Parameters {
            sni_hostname: Some("host.example".into()),
            protocols: protocol,
            ..Parameters::default()
        };
        assert!(!connect(&client, &server).0.session.is_resumed());
        let (again, _) = connect(&client, &server);
        // A resumed TLS 1.2 handshake would end at the client first.
        assert_eq!(again.session.is_resumed(), protocol == TLS_1_3);
        let certificate = again.session.peer_certificate_pem();
        assert_eq!(certificate, Some(leaf.cert.replace("\r\n", "\n")));

        let judge = Parameters {
            verify_peer: true,
            ..client.clone()
        };
        for _ in 0..3 {
            let (client, _) = connect(&judge, &server);
            assert!(!client.session.is_resumed());
            assert_eq!(client.shown().len(), 1);
        }

        let judge = Parameters {
            verify_peer: true,
            ..leaf.params()
        };
        for _ in 0..3 {
            let (_, server) = connect(&client, &judge);
            assert!(!server.session.is_resumed());
        }

        let unnamed = protocols(protocol);
        connect(&unnamed, &server);
        assert!(!connect(&unnamed, &server).0.session.is_resumed());
    }
}

#[test]
fn plaintext_waits_for_the_handshake() {
    for protocol in [TLS_1_2, TLS_1_3] {
        let (mut client, mut server) = (
            End::client(&protocols(protocol)),
            End::server(&Parameters::default()),
        );
        client.session.write(b"early");
        client.session.write(b" bird");
        server.session.write(b"greeting");
        assert_eq!(client.session.pending_plaintext_len(), 10);
        converse(&mut client, &mut server, usize::MAX);
        assert_eq!(server.plaintext, b"early bird");
        assert_eq!(client.plaintext, b"greeting");
        assert_eq!(client.session.pending_plaintext_len(), 0);
    }
}

#[test]
fn completion_is_told_before_plaintext_is_given() {
    for protocol in [TLS_1_2, TLS_1_3] {
        let mut client = End::client(&protocols(protocol));
        let mut server = Session::new(Role::Server, &Parameters::default()).unwrap();
        client.session.write(b"data");
        let mut to_client = Vec::new();
        while !server.is_established() {
            client.feed(&to_client);
            to_client.clear();
            server.receive(&client.output()).unwrap();
            assert!(!server.has_plaintext());
            assert_eq!(server.read(&mut [0; 10]), 0);
            server.take_output(&mut to_client);
        }
        client.feed(&to_client);
        server.receive(&client.output()).unwrap();
        assert!(!server.has_plaintext());
        assert_eq!(server.next_event(), Some(SessionEvent::HandshakeCompleted));
        assert_eq!(server.plaintext(), b"data");
        server.consume_plaintext(3);
        assert_eq!(server.plaintext(), b"a");
        assert_eq!(server.next_event(), None);
    }
}

#[test]
fn split_at_every_size() {
    let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &["host.example"]);
    for protocol in [TLS_1_2, TLS_1_3] {
        for step in (1..200).chain([1000, 4095, 4096, 4097, 16_384, 16_400]) {
            let (mut client, mut server) = (
                End::client(&protocols(protocol)),
                End::server(&leaf.params()),
            );
            client.session.write(b"question");
            server.session.write(b"answer");
            converse(&mut client, &mut server, step);
            assert_eq!(server.plaintext, b"question", "step {step}");
            assert_eq!(client.plaintext, b"answer", "step {step}");
        }
    }
}

#[test]
fn a_record_split_at_every_offset() {
    let (mut client, mut server) = connect(&Parameters::default(), &Parameters::default());
    for at in 0..80 {
        client.session.write(&[at as u8; 40]);
        let record = client.output();
        let (head, tail) = record.split_at(at.min(record.len()));
        server.feed(head);
        server.feed(tail);
        assert_eq!(server.plaintext, [at as u8; 40], "offset {at}");
        server.plaintext.clear();
    }
}

#[test]
fn much_data_both_ways() {
    let data = Noise(7).bytes(3_000_000);
    for protocol in [TLS_1_2, TLS_1_3] {
        let (mut client, mut server) = connect(&protocols(protocol), &Parameters::default());
        client.session.write(&data);
        data.chunks(777).for_each(|part| server.session.write(part));
        converse(&mut client, &mut server, 50_000);
        assert!(server.plaintext == data);
        assert!(client.plaintext == data);
    }
}

#[test]
fn output_is_written_without_a_copy() {
    let (mut client, mut server) = connect(&Parameters::default(), &Parameters::default());
    client.session.write(&[1; 100_000]);
    let mut sent = Vec::new();
    while client.session.wants_output() {
        assert!(client.session.write_output(&mut sent).unwrap() > 0);
    }
    assert_eq!(client.session.write_output(&mut sent).unwrap(), 0);
    server.feed(&sent);
    assert_eq!(server.plaintext, [1; 100_000]);
}

#[test]
fn closing_is_told_after_the_last_plaintext() {
    for protocol in [TLS_1_2, TLS_1_3] {
        let (mut client, mut server) = connect(&protocols(protocol), &Parameters::default());
        client.session.write(b"last words");
        client.session.close_notify();
        client.session.close_notify();
        client.session.write(b"never sent");
        server.session.receive(&client.output()).unwrap();
        assert_eq!(server.session.next_event(), None);
        assert!(server.session.peer_has_closed());
        server.drain();
        assert_eq!(server.plaintext, b"last words");
        assert_eq!(server.events.last(), Some(&SessionEvent::PeerClosed));

        server.session.write(b"still open this way");
        converse(&mut client, &mut server, usize::MAX);
        assert_eq!(client.plaintext, b"still open this way");
        server.feed(b"what follows a close_notify is not looked at");
        assert_eq!(server.error, None);
    }
}

#[test]
fn closing_before_the_handshake_is_done() {
    for protocol in [TLS_1_2, TLS_1_3] {
        let (mut client, mut server) = (
            End::client(&protocols(protocol)),
            End::server(&Parameters::default()),
        );
        client.session.write(b"hello and goodbye");
        client.session.close_notify();
        converse(&mut client, &mut server, usize::MAX);
        assert_eq!(server.plaintext, b"hello and goodbye");
        assert_eq!(server.events.last(), Some(&SessionEvent::PeerClosed));
    }
}

#[test]
fn secrets_are_logged_only_when_asked_for() {
    const ASK: &str = "EM_REACTOR_TEST_KEYLOG";
    if let Ok(ask) = env::var(ASK) {
        let params = Parameters {
            keylog: ask == "true",
            ..Parameters::default()
        };
        connect(&params, &params);
        return;
    }
    let scratch = Scratch::new();
    for (ask, logged) in [("true", true), ("false", false)] {
        let file = scratch.path(ask);
        let status = Command::new(env::current_exe().unwrap())
            .args(["--exact", "secrets_are_logged_only_when_asked_for"])
            .env(ASK, ask)
            .env("SSLKEYLOGFILE", &file)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let log = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(log.contains("CLIENT_TRAFFIC_SECRET_0 "), logged);
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
#[cfg(feature = "dhe")]
fn finite_fields_without_parameters() {
    let scratch = Scratch::new();
    for (kind, cipher) in [
        ("rsa:2048", Some("DHE-RSA-AES256-GCM-SHA384")),
        ("ec -pkeyopt ec_paramgen_curve:P-256", None),
    ] {
        scratch.openssl(&format!(
            "req -x509 -newkey {kind} -nodes -subj /CN=own -keyout own.key -out own.crt"
        ));
        let server = Parameters {
            identity: Identity {
                private_key_file: Some(scratch.path("own.key")),
                cert_chain_file: Some(scratch.path("own.crt")),
                ..Identity::default()
            },
            cipher_list: Some("DHE".into()),
            protocols: TLS_1_2,
            ..Parameters::default()
        };
        // Without RSA there is no such suite, and nothing to agree on.
        let (client, _) = connect(&Parameters::default(), &server);
        assert_eq!(client.session.cipher_name(), cipher);
        assert_eq!(client.completed(), cipher.is_some());
    }
    let server = Parameters {
        cipher_list: Some("DHE".into()),
        protocols: TLS_1_2,
        ..Parameters::default()
    };
    assert!(
        !connect(&Parameters::default(), &server).0.completed(),
        "the built-in key"
    );
}
