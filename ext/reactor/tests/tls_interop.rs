//! Conversations with the `openssl` program, at either end.

#![allow(clippy::unwrap_used)]

mod tls_support;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use em_reactor::tls::{Identity, Parameters, Role, Session, SessionEvent};

use tls_support::{Scratch, TLS_1_2, TLS_1_3, patience};

/// Long enough for a busy machine; nothing waits for it to pass.
const LIMIT: Duration = Duration::from_secs(20);

/// A session on a socket, with everything accepted.
struct Wire {
    session: Session,
    socket: TcpStream,
    completed: bool,
    shown: usize,
    received: Vec<u8>,
}

impl Wire {
    fn new(role: Role, params: &Parameters, socket: TcpStream) -> Self {
        socket.set_read_timeout(Some(patience(LIMIT))).unwrap();
        socket.set_nodelay(true).unwrap();
        Self {
            session: Session::new(role, params).unwrap(),
            socket,
            completed: false,
            shown: 0,
            received: Vec::new(),
        }
    }

    /// Reads again after a signal: the system does not, because the socket has a time limit.
    fn read(&mut self, buf: &mut [u8]) -> usize {
        loop {
            match self.socket.read(buf) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result.unwrap(),
            }
        }
    }

    /// Goes on until `done`, the end of the peer's bytes, or a failure.
    fn run(&mut self, done: impl Fn(&Self) -> bool) {
        let mut buf = [0; 20_000];
        loop {
            while self.session.wants_output() {
                self.session.write_output(&mut self.socket).unwrap();
            }
            if done(self) {
                return;
            }
            let size = self.read(&mut buf);
            if size == 0 || self.session.receive(&buf[..size]).is_err() {
                return;
            }
            while let Some(event) = self.session.next_event() {
                match event {
                    SessionEvent::VerifyPeer { .. } => {
                        self.shown += 1;
                        self.session.verdict(true);
                    }
                    SessionEvent::HandshakeCompleted => self.completed = true,
                    SessionEvent::PeerClosed | SessionEvent::ChooseCertificate { .. } => {}
                }
            }
            self.received.extend_from_slice(self.session.plaintext());
            self.session.consume_plaintext(usize::MAX);
        }
    }
}

/// A process that does not outlive its test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn openssl(scratch: &Scratch, args: &str) -> Program {
    let child = Command::new("openssl")
        .args(args.split(' '))
        .current_dir(scratch.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Program(child)
}

/// An `openssl s_server` that answers lines reversed, and its address.
fn reversing_server(scratch: &Scratch, args: &str) -> (Program, String) {
    let mut program = openssl(
        scratch,
        &format!("s_server -rev -accept 127.0.0.1:0 {args}"),
    );
    let stdout = BufReader::new(program.0.stdout.take().unwrap());
    let address = stdout
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("ACCEPT ").map(str::to_owned))
        .unwrap();
    (program, address)
}

fn make_pair(scratch: &Scratch, name: &str, kind: &str) {
    scratch.openssl(&format!("genpkey {kind} -out {name}.key"));
    scratch.openssl(&format!(
        "req -x509 -new -key {name}.key -subj /CN={name} -out {name}.crt"
    ));
}

fn identity(scratch: &Scratch, name: &str) -> Identity {
    Identity {
        private_key_file: Some(scratch.path(&format!("{name}.key"))),
        cert_chain_file: Some(scratch.path(&format!("{name}.crt"))),
        ..Identity::default()
    }
}

const KINDS: [(&str, &str); 6] = [
    ("rsa2048", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
    ("rsa4096", "-algorithm RSA -pkeyopt rsa_keygen_bits:4096"),
    ("p256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
    #[cfg(feature = "aws-lc-rs")]
    ("p521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
    #[cfg(not(feature = "aws-lc-rs"))]
    ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
    ("ed25519", "-algorithm ED25519"),
];

fn ask_reversing_server(address: &str, params: &Parameters) -> Wire {
    let mut wire = Wire::new(Role::Client, params, TcpStream::connect(address).unwrap());
    wire.session.write(b"stressed\n");
    wire.run(|wire| wire.received.ends_with(b"\n"));
    wire
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn as_a_client() {
    let scratch = Scratch::new();
    make_pair(&scratch, "client", KINDS[2].1);
    for (name, kind) in KINDS {
        make_pair(&scratch, name, kind);
        let (_server, address) = reversing_server(
            &scratch,
            &format!("-Verify 1 -cert {name}.crt -key {name}.key"),
        );
        for protocols in [TLS_1_2, TLS_1_3] {
            let wire = ask_reversing_server(
                &address,
                &Parameters {
                    identity: identity(&scratch, "client"),
                    verify_peer: true,
                    protocols,
                    ..Parameters::default()
                },
            );
            assert_eq!(wire.received, b"desserts\n", "{name}");
            assert_eq!(wire.shown, 1);
        }
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn as_a_client_of_every_cipher_and_curve() {
    let scratch = Scratch::new();
    make_pair(&scratch, "rsa", KINDS[0].1);
    scratch.openssl("dhparam -dsaparam -out own.pem 2048");
    let kinds = [
        (
            "-cipher ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE-RSA-AES128-GCM-SHA256",
        ),
        (
            "-cipher ECDHE-RSA-CHACHA20-POLY1305",
            "ECDHE-RSA-CHACHA20-POLY1305",
        ),
        (
            "-cipher ECDHE -named_curve P-256",
            "ECDHE-RSA-AES256-GCM-SHA384",
        ),
        (
            "-cipher ECDHE -named_curve P-384",
            "ECDHE-RSA-AES256-GCM-SHA384",
        ),
        #[cfg(feature = "aws-lc-rs")]
        (
            "-cipher ECDHE -named_curve P-521",
            "ECDHE-RSA-AES256-GCM-SHA384",
        ),
        #[cfg(feature = "dhe")]
        ("-cipher DHE", "DHE-RSA-AES256-GCM-SHA384"),
        #[cfg(feature = "dhe")]
        ("-cipher DHE -dhparam own.pem", "DHE-RSA-AES256-GCM-SHA384"),
        #[cfg(feature = "dhe")]
        (
            "-cipher DHE-RSA-CHACHA20-POLY1305",
            "DHE-RSA-CHACHA20-POLY1305",
        ),
        #[cfg(feature = "dhe")]
        (
            "-cipher DHE-RSA-AES128-GCM-SHA256",
            "DHE-RSA-AES128-GCM-SHA256",
        ),
    ];
    for (args, cipher) in kinds {
        let (_server, address) = reversing_server(
            &scratch,
            &format!("-tls1_2 -cert rsa.crt -key rsa.key {args}"),
        );
        let wire = ask_reversing_server(&address, &Parameters::default());
        assert_eq!(wire.received, b"desserts\n", "{args}");
        assert_eq!(wire.session.cipher_name(), Some(cipher));
    }
}

/// Serves one `openssl s_client`; returns the session and what the client wrote of it.
fn serve(scratch: &Scratch, params: &Parameters, args: &str) -> (Wire, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut client = openssl(
        scratch,
        &format!("s_client -connect 127.0.0.1:{port} {args}"),
    );
    let mut stdin = client.0.stdin.take().unwrap();
    stdin.write_all(b"stressed\n").unwrap();
    let (socket, _) = listener.accept().unwrap();
    let mut wire = Wire::new(Role::Server, params, socket);
    wire.run(|wire| wire.received.ends_with(b"\n"));
    wire.session.write(b"an answer\n");
    wire.session.close_notify();
    wire.run(|_| true);
    drop(stdin);
    let stdout = BufReader::new(client.0.stdout.take().unwrap());
    let text = stdout
        .lines()
        .map_while(Result::ok)
        .take_while(|line| line != "an answer")
        .map(|line| line + "\n")
        .collect();
    (wire, text)
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn as_a_server() {
    let scratch = Scratch::new();
    make_pair(&scratch, "client", KINDS[2].1);
    for (name, kind) in KINDS {
        make_pair(&scratch, name, kind);
        for protocol in ["tls1_2", "tls1_3"] {
            let params = Parameters {
                identity: identity(&scratch, name),
                verify_peer: true,
                fail_if_no_peer_cert: true,
                alpn: vec![b"http/1.1".to_vec()],
                ..Parameters::default()
            };
            let (wire, text) = serve(
                &scratch,
                &params,
                &format!(
                    "-{protocol} -cert client.crt -key client.key -alpn h2,http/1.1 \
                     -servername host.example"
                ),
            );
            assert!(
                wire.completed,
                "{name} {protocol}: {:?}",
                wire.session.failure()
            );
            assert_eq!(wire.received, b"stressed\n");
            assert_eq!(wire.shown, 1);
            assert_eq!(wire.session.sni_hostname(), Some("host.example"));
            assert_eq!(wire.session.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert!(text.contains("ALPN protocol: http/1.1"), "{text}");
        }
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn as_a_server_of_every_cipher_and_curve() {
    let scratch = Scratch::new();
    scratch.openssl("dhparam -dsaparam -out own.pem 2048");
    let kinds = [
        ("-tls1_2 -cipher AES128", "AES128-GCM"),
        ("-tls1_2 -cipher CHACHA20", "CHACHA20"),
        ("-tls1_2 -curves P-256", "ECDH, prime256v1"),
        ("-tls1_3 -curves P-384", "ECDH, secp384r1"),
        ("-tls1_3 -curves X25519", "X25519"),
        (
            "-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256",
            "TLS_CHACHA20",
        ),
        #[cfg(feature = "aws-lc-rs")]
        ("-tls1_2 -curves P-521", "ECDH, secp521r1"),
        #[cfg(feature = "aws-lc-rs")]
        ("-tls1_3 -curves P-521", "ECDH, secp521r1"),
        #[cfg(feature = "dhe")]
        ("-tls1_2 -cipher DHE", "DH, 2048 bits"),
        #[cfg(feature = "dhe")]
        ("-tls1_2 -cipher DHE -curves P-256", "DH, 2048 bits"),
        #[cfg(feature = "dhe")]
        ("-cipher DHE -max_protocol TLSv1.2", "DH, 2048 bits"),
    ];
    for (args, expected) in kinds {
        let params = Parameters {
            #[cfg(feature = "dhe")]
            dhparam: Some(scratch.path("own.pem")),
            ..Parameters::default()
        };
        let (wire, text) = serve(&scratch, &params, args);
        assert!(wire.completed, "{args}: {:?}", wire.session.failure());
        assert!(text.contains(expected), "{args}: {text}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
#[cfg(feature = "dhe")]
fn finite_fields_that_fit_the_key() {
    let scratch = Scratch::new();
    for (bits, field) in [(2048, 2048), (3072, 3072), (4096, 4096)] {
        let name = format!("rsa{bits}");
        make_pair(
            &scratch,
            &name,
            &format!("-algorithm RSA -pkeyopt rsa_keygen_bits:{bits}"),
        );
        let params = Parameters {
            identity: identity(&scratch, &name),
            ..Parameters::default()
        };
        let (wire, text) = serve(
            &scratch,
            &params,
            "-tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256",
        );
        assert!(wire.completed, "{bits}: {:?}", wire.session.failure());
        assert!(
            text.contains(&format!("DH, {field} bits")),
            "{bits}: {text}"
        );
    }
}

/// Makes a key for RSASSA-PSS only, and its certificate; with a hash, the key is limited to it.
fn make_pss_pair(scratch: &Scratch, name: &str, hash: Option<&str>) {
    let limit = hash.map_or(String::new(), |hash| {
        let size = if hash == "sha256" { 32 } else { 48 };
        format!(
            " -pkeyopt rsa_pss_keygen_md:{hash} -pkeyopt rsa_pss_keygen_mgf1_md:{hash} \
             -pkeyopt rsa_pss_keygen_saltlen:{size}"
        )
    });
    let kind = format!("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048{limit}");
    scratch.openssl(&format!("genpkey {kind} -out {name}.key"));
    let hash = hash.unwrap_or("sha256");
    scratch.openssl(&format!(
        "req -x509 -new -{hash} -key {name}.key -subj /CN={name} -out {name}.crt"
    ));
}

#[test]
#[cfg_attr(windows, ignore = "openssl(1) is not there")]
fn keys_for_pss_only() {
    let scratch = Scratch::new();
    for hash in [None, Some("sha256"), Some("sha384")] {
        make_pss_pair(&scratch, "pss", hash);
        let params = Parameters {
            identity: identity(&scratch, "pss"),
            ..Parameters::default()
        };
        let (wire, text) = serve(&scratch, &params, "-tls1_3");
        assert!(wire.completed, "{hash:?}: {:?}", wire.session.failure());
        assert!(text.contains("Peer signature type: RSA-PSS\n"), "{text}");

        let (_server, address) =
            reversing_server(&scratch, "-tls1_3 -Verify 1 -cert pss.crt -key pss.key");
        let wire = ask_reversing_server(&address, &params);
        assert_eq!(wire.received, b"desserts\n", "{hash:?}");
    }
}
