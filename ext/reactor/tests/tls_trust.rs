//! Peers that are really verified, and what is said of those that fail.

mod tls_support;

use std::process::Command;
use std::{env, fs};

use em_reactor::tls::{Error, Identity, Parameters, Role, Session};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, SerialNumber, date_time_ymd};

use tls_support::{
    Authority, End, Leaf, Scratch, TLS_1_2, TLS_1_3, authority, connect, params, revocation_list,
    sub_authority,
};

/// A client that believes `ca` and expects `host`.
fn believing(ca: &str, host: &str) -> Parameters {
    Parameters {
        verify: true,
        ca: Some(ca.into()),
        server_name: Some(host.into()),
        ..Parameters::default()
    }
}

/// How the client fails against a server with `leaf`.
fn failure(client: &Parameters, leaf: &Leaf) -> Option<String> {
    let mut failures = [TLS_1_2, TLS_1_3].map(|protocols| {
        let client = Parameters {
            protocols,
            ..client.clone()
        };
        let (client, server) = connect(&client, &leaf.params());
        let failed = client.session.failure().map(str::to_owned);
        assert_eq!(client.completed(), failed.is_none());
        assert_eq!(client.session.verification_failed(), failed.is_some());
        assert_eq!(server.session.failure().is_some(), failed.is_some());
        failed
    });
    assert_eq!(failures[0], failures[1]);
    failures[0].take()
}

fn dated(hosts: &[&str], from: i32, to: i32) -> CertificateParams {
    let mut params = params("leaf", hosts);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

#[test]
fn a_chain_that_holds() {
    let root = authority("root");
    let middle = sub_authority("middle", &root);
    let leaf = Leaf::issued(&root, &["host.example", "*.wild.example", "127.0.0.1"]);
    for host in [
        "host.example",
        "HOST.example",
        "a.wild.example",
        "127.0.0.1",
    ] {
        assert_eq!(failure(&believing(&root.pem(), host), &leaf), None);
    }

    let scratch = Scratch::new();
    let leaf = Leaf::issued(&middle, &["host.example"]);
    let chain = format!("{}{}", leaf.cert, middle.pem());
    let mut server = leaf.params();
    server.identity.cert = None;
    server.identity.cert_chain_file = Some(scratch.write("chain.pem", chain));
    let (client, _) = connect(&believing(&root.pem(), "host.example"), &server);
    assert!(client.completed());
    let (client, _) = connect(&believing(&root.pem(), "host.example"), &leaf.params());
    assert_eq!(
        client.session.failure(),
        Some("the certificate's issuer is unknown")
    );
}

#[test]
fn the_name_asked_for_goes_before_the_one_connected_to() {
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example"]);
    let client = Parameters {
        sni_hostname: Some("host.example".into()),
        ..believing(&root.pem(), "192.0.2.1")
    };
    assert_eq!(failure(&client, &leaf), None);
}

#[test]
fn a_verifying_client_tells_the_name_it_connected_to() {
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example"]);
    let (_, server) = connect(&believing(&root.pem(), "host.example"), &leaf.params());
    assert_eq!(server.session.sni_hostname(), Some("host.example"));
}

#[test]
fn another_host() {
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example", "192.0.2.1"]);
    assert_eq!(
        failure(&believing(&root.pem(), "other.example"), &leaf).unwrap(),
        "the certificate is for host.example, 192.0.2.1, not for other.example"
    );
    assert_eq!(
        failure(&believing(&root.pem(), "192.0.2.9"), &leaf).unwrap(),
        "the certificate is for host.example, 192.0.2.1, not for 192.0.2.9"
    );
    let nameless = Leaf::issued(&root, &[]);
    assert_eq!(
        failure(&believing(&root.pem(), "host.example"), &nameless).unwrap(),
        "the certificate names no host, host.example was expected"
    );
}

#[test]
fn another_time() {
    let root = authority("root");
    let client = believing(&root.pem(), "host.example");
    let expired = Leaf::issued_with(&root, dated(&["host.example"], 2019, 2020));
    assert_eq!(
        failure(&client, &expired).unwrap(),
        "the certificate expired on 2020-01-01 00:00:00 UTC"
    );
    let future = Leaf::issued_with(&root, dated(&["host.example"], 2120, 2121));
    assert_eq!(
        failure(&client, &future).unwrap(),
        "the certificate is not valid before 2120-01-01 00:00:00 UTC"
    );
}

#[test]
fn another_issuer() {
    let (root, other) = (authority("root"), authority("root"));
    let leaf = Leaf::issued(&other, &["host.example"]);
    let told = failure(&believing(&root.pem(), "host.example"), &leaf).unwrap();
    assert!(
        told.contains("issuer is unknown") || told.contains("does not match"),
        "{told}"
    );
    let unrelated = Leaf::issued(&authority("unrelated"), &["host.example"]);
    assert_eq!(
        failure(&believing(&root.pem(), "host.example"), &unrelated).unwrap(),
        "the certificate's issuer is unknown"
    );
}

#[test]
fn another_purpose() {
    let root = authority("root");
    let mut params = params("leaf", &["host.example"]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = Leaf::issued_with(&root, params);
    assert!(failure(&believing(&root.pem(), "host.example"), &leaf).is_some());
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn a_self_signed_certificate_that_is_trusted_itself() {
    let scratch = Scratch::new();
    scratch.openssl(
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=self -addext subjectAltName=DNS:host.example \
         -keyout key.pem -out cert.pem",
    );
    let text = |name| String::from_utf8(scratch.read(name)).unwrap();
    let leaf = Leaf {
        key: text("key.pem"),
        cert: text("cert.pem"),
    };
    assert_eq!(failure(&believing(&leaf.cert, "host.example"), &leaf), None);
    assert!(failure(&believing(&leaf.cert, "other.example"), &leaf).is_some());

    let root = authority("root");
    let expired = Leaf::issued_with(&root, dated(&["host.example"], 2019, 2020));
    assert_eq!(
        failure(&believing(&expired.cert, "host.example"), &expired).unwrap(),
        "the certificate expired on 2020-01-01 00:00:00 UTC"
    );
}

#[test]
fn anchors_from_a_file_or_a_directory() {
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example"]);
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.path("cas/sub")).unwrap();
    scratch.write("cas/readme", "not a certificate");
    let file = scratch.write("cas/root.pem", root.pem());
    let base = Parameters {
        ca: None,
        ..believing("", "host.example")
    };
    let by_file = Parameters {
        ca_file: Some(file.clone()),
        ..base.clone()
    };
    assert_eq!(failure(&by_file, &leaf), None);
    let by_path = Parameters {
        ca_path: Some(scratch.path("cas")),
        ..base.clone()
    };
    assert_eq!(failure(&by_path, &leaf), None);

    // A change of the file counts at once, in spite of the cache.
    fs::write(&file, authority("another root altogether").pem()).unwrap();
    assert!(failure(&by_file, &leaf).is_some());
}

#[test]
fn revoked_certificates() {
    let root = authority("root");
    let scratch = Scratch::new();
    let numbered = |serial: u64| {
        let mut params = params("leaf", &["host.example"]);
        params.serial_number = Some(SerialNumber::from(serial));
        Leaf::issued_with(&root, params)
    };
    let (revoked, sound) = (numbered(7), numbered(8));
    let with = |name: &str, issuer: &Authority, next_year| Parameters {
        crl_file: Some(scratch.write(name, revocation_list(issuer, 7, next_year))),
        ..believing(&root.pem(), "host.example")
    };
    let client = with("current.pem", &root, 2120);
    assert_eq!(failure(&client, &sound), None);
    assert_eq!(
        failure(&client, &revoked).unwrap(),
        "the certificate was revoked"
    );
    assert_eq!(
        failure(&with("old.pem", &root, 2021), &sound).unwrap(),
        "the revocation list was to be renewed on 2021-01-01 00:00:00 UTC"
    );
    assert_eq!(
        failure(&with("other.pem", &authority("other"), 2120), &sound).unwrap(),
        "no revocation list covers an issuer of the certificate"
    );
}

#[test]
fn servers_verify_clients() {
    let root = authority("root");
    let server = Parameters {
        verify: true,
        ca: Some(root.pem().into()),
        ..Parameters::default()
    };
    let member = Leaf::issued(&root, &[]);
    let stranger = Leaf::issued(&authority("other"), &[]);
    let late = Leaf::issued_with(&root, dated(&[], 2019, 2020));
    for (client, told) in [
        (member.params(), None),
        (
            stranger.params(),
            Some("the certificate's issuer is unknown"),
        ),
        (
            late.params(),
            Some("the certificate expired on 2020-01-01 00:00:00 UTC"),
        ),
        (Parameters::default(), Some("the peer sent no certificate")),
    ] {
        for protocols in [TLS_1_2, TLS_1_3] {
            let client = Parameters {
                protocols,
                ..client.clone()
            };
            let (_, server) = connect(&client, &server);
            assert_eq!(server.session.failure(), told);
            assert_eq!(server.completed(), told.is_none());
        }
    }
}

#[test]
fn a_verified_peer_can_be_judged_too() {
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example"]);
    let client = |host| Parameters {
        verify_peer: true,
        ..believing(&root.pem(), host)
    };
    let (end, _) = connect(&client("host.example"), &leaf.params());
    assert!(end.completed());
    assert_eq!(end.shown().len(), 1);
    let (end, _) = connect(&client("other.example"), &leaf.params());
    assert!(end.session.verification_failed());
    assert!(end.shown().is_empty());
}

#[test]
fn trust_that_cannot_be_had() {
    let root = authority("root");
    let scratch = Scratch::new();
    let junk = scratch.write("junk.pem", "junk");
    let made = |role, params: Parameters| Session::new(role, &params).err();
    let client = || believing(&root.pem(), "host.example");

    for name in [None, Some(""), Some("a b"), Some("nul\0")] {
        let params = Parameters {
            server_name: name.map(str::to_owned),
            ..client()
        };
        assert_eq!(made(Role::Client, params), Some(Error::NoServerName));
    }
    let params = Parameters {
        sni_hostname: Some("not a name".into()),
        ..client()
    };
    assert_eq!(made(Role::Client, params), Some(Error::NoServerName));

    for ca in [
        "junk",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        let params = believing(ca, "host.example");
        assert!(matches!(
            made(Role::Client, params),
            Some(Error::BadTrust(_))
        ));
    }
    for crl in [&junk, &scratch.write("empty.pem", "")] {
        let params = Parameters {
            crl_file: Some(crl.clone()),
            ..client()
        };
        assert!(matches!(
            made(Role::Client, params),
            Some(Error::BadTrust(_))
        ));
    }
    for missing in ["missing.pem", "nul\0.pem"] {
        for field in 0..3 {
            let mut params = client();
            let path = Some(scratch.path(missing));
            match field {
                0 => params.ca_file = path,
                1 => params.ca_path = path,
                _ => params.crl_file = path,
            }
            assert!(matches!(made(Role::Client, params), Some(Error::Io { .. })));
        }
    }
    let server = Parameters {
        verify: true,
        ..Parameters::default()
    };
    assert!(matches!(
        made(Role::Server, server),
        Some(Error::BadTrust(_))
    ));
}

#[test]
fn nothing_is_verified_unless_asked_for() {
    let expired = Leaf::issued_with(&authority("root"), dated(&["a.example"], 2019, 2020));
    let client = Parameters {
        sni_hostname: Some("b.example".into()),
        ..Parameters::default()
    };
    let (client, _): (End, End) = connect(&client, &expired.params());
    assert!(client.completed());
}

#[test]
fn the_anchors_of_the_system() {
    const LEAF: &str = "EM_REACTOR_TEST_LEAF";
    if let Ok(leaf) = env::var(LEAF) {
        let client = Parameters {
            ca: None,
            ..believing("", "host.example")
        };
        let server = Parameters {
            identity: Identity {
                private_key_file: Some(leaf.clone().into()),
                cert_chain_file: Some(leaf.into()),
                ..Identity::default()
            },
            ..Parameters::default()
        };
        for _ in 0..2 {
            assert!(connect(&client, &server).0.completed());
        }
        return;
    }
    let root = authority("root");
    let leaf = Leaf::issued(&root, &["host.example"]);
    let scratch = Scratch::new();
    let run = |anchors: String| {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "the_anchors_of_the_system"])
            .env(
                LEAF,
                scratch.write("leaf.pem", leaf.key.clone() + &leaf.cert),
            )
            .env("SSL_CERT_FILE", scratch.write("anchors.pem", anchors))
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap()
            .status
            .success()
    };
    assert!(run(root.pem()));
    assert!(!run(authority("other").pem()));
    assert!(!run(String::new()));
}
