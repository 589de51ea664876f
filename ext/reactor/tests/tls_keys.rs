//! Private keys and certificates in every form they come in, sound and not.

mod tls_support;

use std::path::PathBuf;

use em_reactor::tls::{Error, Identity, Parameters, Role, Session};
use rcgen::PKCS_ECDSA_P256_SHA256;

use tls_support::{Leaf, Noise, Scratch, TLS_1_2, connect};

fn server(identity: Identity) -> Parameters {
    Parameters {
        identity,
        ..Parameters::default()
    }
}

fn files(scratch: &Scratch, key: &str, cert: &str) -> Identity {
    Identity {
        private_key_file: Some(scratch.path(key)),
        cert_chain_file: Some(scratch.path(cert)),
        ..Identity::default()
    }
}

fn refused(identity: Identity) -> Option<Error> {
    Session::new(Role::Server, &server(identity)).err()
}

/// Whether a client gets to see the certificate in `cert` from a server with `identity`.
fn serves(scratch: &Scratch, identity: Identity, cert: &str) -> bool {
    let (client, _) = connect(&Parameters::default(), &server(identity));
    client
        .session
        .peer_certificate_pem()
        .map(String::into_bytes)
        == Some(scratch.read(cert))
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn kinds_of_keys_that_openssl_makes() {
    let scratch = Scratch::new();
    for (name, kind) in [
        ("rsa2048", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        ("rsa3072", "-algorithm RSA -pkeyopt rsa_keygen_bits:3072"),
        ("p256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
        ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
        #[cfg(feature = "aws-lc-rs")]
        ("p521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        ("ed25519", "-algorithm ED25519"),
    ] {
        let (key, cert) = (format!("{name}.pem"), format!("{name}.crt"));
        scratch.openssl(&format!("genpkey {kind} -out {key}"));
        scratch.openssl(&format!(
            "req -x509 -new -key {key} -subj /CN=x -out {cert}"
        ));
        assert!(
            serves(&scratch, files(&scratch, &key, &cert), &cert),
            "{name}"
        );
    }

    scratch.openssl("pkey -in rsa2048.pem -traditional -out pkcs1.pem");
    let pkcs1 = files(&scratch, "pkcs1.pem", "rsa2048.crt");
    assert!(serves(&scratch, pkcs1, "rsa2048.crt"));

    // With the curve in a block of its own, as `openssl ecparam -genkey` writes it.
    scratch.openssl("ecparam -name prime256v1 -genkey -out sec1.pem");
    scratch.openssl("req -x509 -new -key sec1.pem -subj /CN=x -out sec1.crt");
    let sec1 = files(&scratch, "sec1.pem", "sec1.crt");
    assert!(serves(&scratch, sec1, "sec1.crt"));
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn encrypted_keys() {
    let scratch = Scratch::new();
    scratch
        .openssl("req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout plain.pem -out cert.pem");
    scratch.openssl("pkey -in plain.pem -traditional -out pkcs1.pem");
    for (number, command) in [
        "rsa -aes128 -traditional",
        "rsa -aes192 -traditional",
        "rsa -aes256 -traditional",
        "rsa -des3 -traditional",
        "pkcs8 -topk8 -v2 aes-128-cbc",
        "pkcs8 -topk8 -v2 aes-256-cbc",
        "pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA1",
        "pkcs8 -topk8 -v2 des3",
        "pkcs8 -topk8 -scrypt",
        "pkcs8 -topk8 -v1 PBE-SHA1-3DES",
        "pkcs8 -topk8 -v1 PBE-SHA1-2DES",
        "pkcs8 -topk8 -v1 PBE-SHA1-3DES -iter 1",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{number}.pem");
        let pass = match command.starts_with("rsa") {
            true => "-passout pass:nicercat",
            false => "-passout pass:nicercat -in plain.pem",
        };
        let input = match command.starts_with("rsa") {
            true => " -in pkcs1.pem",
            false => "",
        };
        scratch.openssl(&format!("{command} {pass}{input} -out {name}"));
        let with = |pass: Option<&[u8]>| Identity {
            private_key_pass: pass.map(<[u8]>::to_vec),
            ..files(&scratch, &name, "cert.pem")
        };
        assert!(
            serves(&scratch, with(Some(b"nicercat")), "cert.pem"),
            "{command}"
        );
        for pass in [None, Some(&b""[..]), Some(b"nicercatx"), Some(b"\0\xff")] {
            assert!(
                matches!(refused(with(pass)), Some(Error::BadKey(_))),
                "{command}"
            );
        }
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn pass_phrases_of_any_letters() {
    let scratch = Scratch::new();
    scratch
        .openssl("req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout plain.pem -out cert.pem");
    for pass in ["ключ", "\u{1f511}", "a", &"long".repeat(40)] {
        scratch.openssl(&format!(
            "pkcs8 -topk8 -v1 PBE-SHA1-3DES -in plain.pem -out sealed.pem -passout pass:{pass}"
        ));
        let identity = Identity {
            private_key_pass: Some(pass.into()),
            ..files(&scratch, "sealed.pem", "cert.pem")
        };
        assert!(serves(&scratch, identity, "cert.pem"), "{pass}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn encryption_that_nobody_should_use_is_named() {
    let scratch = Scratch::new();
    scratch
        .openssl("req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout plain.pem -out cert.pem");
    for scheme in [
        "PBE-MD5-DES",
        "PBE-SHA1-DES",
        "PBE-SHA1-RC2-40",
        "PBE-SHA1-RC4-128",
    ] {
        scratch.openssl(&format!(
            "pkcs8 -topk8 -v1 {scheme} -in plain.pem -out sealed.pem -passout pass:nicercat \
             -provider legacy -provider default"
        ));
        let identity = Identity {
            private_key_pass: Some(b"nicercat".to_vec()),
            ..files(&scratch, "sealed.pem", "cert.pem")
        };
        let reason = format!("encryption by {scheme} is not supported");
        assert_eq!(refused(identity), Some(Error::BadKey(reason)));
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn keys_of_no_use_are_named() {
    let scratch = Scratch::new();
    for (kind, named) in [
        (
            "RSA -pkeyopt rsa_keygen_bits:1024",
            "an RSA key of 1024 bits",
        ),
        ("ED448", "an Ed448 key"),
        (
            "EC -pkeyopt ec_paramgen_curve:secp256k1",
            "a key on the curve secp256k1",
        ),
        (
            "EC -pkeyopt ec_paramgen_curve:brainpoolP256r1",
            "a key on the curve 1.3.36.3.3.2.8.1.1.7",
        ),
    ] {
        scratch.openssl(&format!("genpkey -algorithm {kind} -out key.pem"));
        scratch.openssl("req -x509 -new -key key.pem -subj /CN=x -out cert.pem");
        assert_eq!(
            refused(files(&scratch, "key.pem", "cert.pem")),
            Some(Error::BadKey(format!("{named} is not supported")))
        );
    }
    let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &[]);
    let damaged = Identity {
        private_key: Some(
            b"-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n".to_vec(),
        ),
        ..leaf.identity()
    };
    let reason = "it is damaged, or of another kind than its certificate says";
    assert_eq!(refused(damaged), Some(Error::BadKey(reason.into())));
}

#[test]
fn a_key_and_its_certificate_in_one_file() {
    let scratch = Scratch::new();
    let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &["host.example"]);
    let cert = leaf.cert.replace("\r\n", "\n");
    scratch.write("cert.pem", &cert);
    for text in [format!("{}{cert}", leaf.key), format!("{cert}{}", leaf.key)] {
        scratch.write("both.pem", format!("subject=x\n\n{text}"));
        assert!(serves(
            &scratch,
            files(&scratch, "both.pem", "both.pem"),
            "cert.pem"
        ));
        let without_key = Identity {
            private_key_file: Some(PathBuf::new()),
            ..files(&scratch, "", "both.pem")
        };
        assert!(serves(&scratch, without_key, "cert.pem"));
    }
}

#[test]
fn a_file_that_changes_is_read_again() {
    let scratch = Scratch::new();
    for _ in 0..3 {
        let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &["host.example"]);
        scratch.write("key.pem", &leaf.key);
        scratch.write("cert.pem", leaf.cert.replace("\r\n", "\n"));
        assert!(serves(
            &scratch,
            files(&scratch, "key.pem", "cert.pem"),
            "cert.pem"
        ));
    }
}

#[test]
fn a_key_of_another_certificate() {
    let [one, other] = [(); 2].map(|()| Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &[]));
    let mut identity = one.identity();
    identity.private_key = other.identity().private_key;
    assert_eq!(refused(identity), Some(Error::KeyMismatch));
}

#[test]
fn half_an_identity() {
    let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &[]);
    let only_cert = Identity {
        private_key: None,
        ..leaf.identity()
    };
    assert!(matches!(refused(only_cert.clone()), Some(Error::BadKey(_))));
    assert!(Session::new(Role::Client, &server(only_cert)).is_ok());
    let only_key = Identity {
        cert: None,
        ..leaf.identity()
    };
    assert!(matches!(refused(only_key), Some(Error::BadCertificate(_))));
}

#[test]
fn files_that_are_none() {
    let scratch = Scratch::new();
    let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &[]);
    scratch.write("key.pem", &leaf.key);
    scratch.write("cert.pem", &leaf.cert);
    scratch.write("empty.pem", "");
    scratch.write("junk.pem", Noise(1).bytes(5000));
    scratch.write(
        "swapped.pem",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    );
    for name in ["missing.pem", ".", "nul\0.pem"] {
        let key = refused(files(&scratch, name, "cert.pem"));
        assert!(matches!(
            key,
            Some(Error::Io {
                parameter: "private_key_file",
                ..
            })
        ));
        let cert = refused(files(&scratch, "key.pem", name));
        assert!(matches!(
            cert,
            Some(Error::Io {
                parameter: "cert_chain_file",
                ..
            })
        ));
    }
    for name in ["empty.pem", "junk.pem", "cert.pem", "swapped.pem"] {
        let key = refused(files(&scratch, name, "cert.pem"));
        assert!(matches!(key, Some(Error::BadKey(_))), "{name}: {key:?}");
    }
    for name in ["empty.pem", "junk.pem", "key.pem", "swapped.pem"] {
        let cert = refused(files(&scratch, "key.pem", name));
        assert!(
            matches!(cert, Some(Error::BadCertificate(_))),
            "{name}: {cert:?}"
        );
    }
}

#[test]
fn damaged_keys_and_certificates_are_errors_or_work() {
    let leaf = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &["host.example"]);
    let mut noise = Noise(42);
    for _ in 0..400 {
        let mut identity = leaf.identity();
        let text = match noise.below(2) {
            0 => identity.private_key.as_mut(),
            _ => identity.cert.as_mut(),
        };
        let text = text.unwrap();
        let at = noise.below(text.len());
        match noise.below(3) {
            0 => text[at] = noise.below(256) as u8,
            1 => text.truncate(at),
            _ => text.insert(at, b'A'),
        }
        let params = server(identity);
        if Session::new(Role::Server, &params).is_ok() {
            let client = Parameters {
                protocols: TLS_1_2,
                ..Parameters::default()
            };
            connect(&client, &params);
        }
    }
}

#[test]
fn secrets_are_not_shown() {
    let mut params = Leaf::self_signed(&PKCS_ECDSA_P256_SHA256, &[]).params();
    params.identity.private_key_pass = Some(b"nicercat".to_vec());
    let shown = format!("{params:?}");
    assert!(!shown.contains("PRIVATE KEY") && !shown.contains("nicercat"));
    assert!(!shown.contains(&format!("{:?}", b"nicercat")));
}
