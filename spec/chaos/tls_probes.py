"""Asks a TLS server what no orderly client asks, by tlslite-ng: each probe names the alerts that RFC 5246 and RFC 8446
allow as the answer. After each, an orderly client must be served.

    python3 tls_probes.py PORT
"""

import socket
import sys

from tlslite.api import HandshakeSettings, TLSConnection
from tlslite.constants import AlertDescription, CipherSuite, ContentType, ExtensionType, GroupName, SignatureScheme
from tlslite.errors import TLSError
from tlslite.extensions import (ClientKeyShareExtension, KeyShareEntry, SignatureAlgorithmsExtension,
                                SNIExtension, SupportedGroupsExtension, SupportedVersionsExtension, TLSExtension)
from tlslite.messages import Alert, ClientHello, Finished

PORT = int(sys.argv[1])
LIMIT = 10
SUITE_12 = CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
SUITE_13 = CipherSuite.TLS_AES_128_GCM_SHA256


def connect():
    return socket.create_connection(("127.0.0.1", PORT), LIMIT)


def record(kind, body, version=(3, 3)):
    return bytes([kind, *version, len(body) >> 8, len(body) & 255]) + body


def hello(version=(3, 3), suites=(SUITE_13, SUITE_12), versions=((3, 4), (3, 3)), without=(), more=(), share=None):
    """A ClientHello, without some of its extensions, or with others."""
    schemes = [SignatureScheme.rsa_pss_rsae_sha256, SignatureScheme.ecdsa_secp256r1_sha256,
               SignatureScheme.rsa_pkcs1_sha256]
    groups = [GroupName.x25519, GroupName.secp256r1]
    point = bytearray(range(1, 33)) if share is None else bytearray(share)
    extensions = [
        SNIExtension().create(bytearray(b"localhost")),
        SupportedGroupsExtension().create(groups),
        SignatureAlgorithmsExtension().create(schemes),
        ClientKeyShareExtension().create([KeyShareEntry().create(GroupName.x25519, point)]),
    ]
    if versions:
        extensions.append(SupportedVersionsExtension().create(list(versions)))
    kept = [one for one in extensions if one.extType not in without] + list(more)
    message = ClientHello().create(version, bytearray(32), bytearray(0), list(suites), extensions=kept)
    return bytes(message.write())


def resized(message, body):
    """A handshake message of the same type, with another body."""
    return message[:1] + len(body).to_bytes(3, "big") + body


def answer(data):
    """The alert that the server answers with, or how else it ends the connection."""
    with connect() as peer:
        try:
            peer.sendall(data)
            return first_alert(peer)
        except ConnectionError:
            return "reset"
        except socket.timeout:
            return "silence"


def first_alert(peer):
    received = b""
    while chunk := peer.recv(65536):
        received += chunk
        while len(received) >= 5 and len(received) >= 5 + int.from_bytes(received[3:5], "big"):
            length = int.from_bytes(received[3:5], "big")
            kind, body, received = received[0], received[5:5 + length], received[5 + length:]
            if kind == ContentType.alert:
                return AlertDescription.toStr(body[1]) if length == 2 else "an encrypted alert"
    return "closed"


def established(versions, act):
    """What comes of something that is done on an orderly connection."""
    settings = HandshakeSettings()
    settings.minVersion, settings.maxVersion = versions
    with connect() as peer:
        connection = TLSConnection(peer)
        connection.handshakeClientCert(settings=settings)
        try:
            act(connection, peer)
            connection.write(b"after")
            got = connection.read(min=5, max=5)
            return "served" if got == b"after" else "closed"
        except TLSError as error:
            description = getattr(error, "description", None)
            return AlertDescription.toStr(description) if description is not None else "closed"
        except ConnectionError:
            return "reset"
        except socket.timeout:
            return "silence"


def send(connection, message):
    for _ in connection._sendMsg(message):
        pass


def finished_of_nobody(connection, _peer):
    send(connection, Finished((3, 3)).create(bytearray(12)))


def key_updates(connection, _peer):
    for _ in range(100):
        for _ in connection.send_keyupdate_request(0):
            pass


def warnings(connection, _peer):
    for _ in range(2000):
        send(connection, Alert().create(AlertDescription.user_canceled, 1))


def renegotiate(connection, _peer):
    message = ClientHello().create((3, 3), bytearray(32), bytearray(0), [SUITE_12])
    send(connection, message)


FIRST = hello()
BODY = FIRST[4:]
ALERTS = {
    "a record that is no record": (b"GET / HTTP/1.0\r\n\r\n", "decode_error protocol_version unexpected_message "
                                   "record_overflow closed"),
    "a record that is too long": (bytes([22, 3, 1, 0x48, 1]) + bytes(0x4801), "record_overflow decode_error"),
    "an empty handshake record": (record(22, b""), "unexpected_message decode_error"),
    "an unknown kind of record": (record(99, b"x"), "unexpected_message decode_error"),
    "a heartbeat": (record(24, b"\x01\x40\x00"), "unexpected_message decode_error"),
    "data before the handshake": (record(23, b"x" * 100), "unexpected_message"),
    "a ChangeCipherSpec first": (record(20, b"\x01"), "unexpected_message"),
    "a Finished first": (record(22, bytes([20, 0, 0, 12]) + bytes(12)), "unexpected_message"),
    "a ServerHello": (record(22, bytes([2, 0, 0, 4]) + bytes(4)), "unexpected_message decode_error"),
    "an unknown handshake message": (record(22, bytes([99, 0, 0, 1, 0])), "unexpected_message decode_error"),
    "a handshake message of 16 MiB": (record(22, bytes([1, 255, 255, 255]) + bytes(1000)),
                                      "decode_error record_overflow illegal_parameter unexpected_message "
                                      "handshake_failure closed"),
    "a ClientHello that is cut": (record(22, resized(FIRST, BODY[:-7])), "decode_error"),
    "a ClientHello with bytes behind": (record(22, resized(FIRST, BODY + b"more")), "decode_error"),
    "an empty ClientHello": (record(22, resized(FIRST, b"")), "decode_error"),
    "TLS 1.1": (record(22, hello((3, 2), versions=None)), "protocol_version"),
    "SSL 3.0": (record(22, hello((3, 0), versions=None)), "protocol_version"),
    "unknown versions": (record(22, hello(versions=((9, 9),))), "protocol_version"),
    "no cipher suite": (record(22, hello(suites=())), "handshake_failure decode_error illegal_parameter"),
    "no common cipher suite": (record(22, hello(suites=(0x1399, 0x1398))), "handshake_failure"),
    "no signature algorithms": (record(22, hello(without=(ExtensionType.signature_algorithms,),
                                                 versions=((3, 4),))), "missing_extension handshake_failure"),
    "no groups": (record(22, hello(without=(ExtensionType.supported_groups, ExtensionType.key_share),
                                   versions=((3, 4),))), "missing_extension handshake_failure illegal_parameter"),
    "a key share of the wrong length": (record(22, hello(share=bytes(5), versions=((3, 4),))),
                                        "illegal_parameter decode_error"),
    "a key share that is no point": (record(22, hello(share=bytes(32), versions=((3, 4),))),
                                     "illegal_parameter decode_error handshake_failure"),
    "an extension twice": (record(22, hello(more=(SNIExtension().create(bytearray(b"localhost")),))),
                           "illegal_parameter decode_error"),
    "a host name of no length": (record(22, hello(without=(ExtensionType.server_name,), more=(
        TLSExtension().create(ExtensionType.server_name, bytearray(b"\x00\x03\x00\x00\x00")),))),
        "decode_error illegal_parameter unrecognized_name"),
    "two hellos": (record(22, FIRST + FIRST), "unexpected_message"),
}

LATER = {
    "a Finished of nobody (TLS 1.2)": ((3, 3), finished_of_nobody, "unexpected_message closed reset"),
    "a renegotiation (TLS 1.2)": ((3, 3), renegotiate, "no_renegotiation unexpected_message closed reset served"),
    "a Finished of nobody (TLS 1.3)": ((3, 4), finished_of_nobody, "unexpected_message closed reset"),
    "100 key updates (TLS 1.3)": ((3, 4), key_updates, "served unexpected_message closed reset"),
    "2,000 warnings (TLS 1.3)": ((3, 4), warnings, "unexpected_message decode_error closed reset served"),
    "2,000 warnings (TLS 1.2)": ((3, 3), warnings, "unexpected_message decode_error closed reset served"),
}


def main():
    faults = 0
    for name, (data, allowed) in ALERTS.items():
        faults += judge(name, answer(data), allowed)
    for name, (version, act, allowed) in LATER.items():
        faults += judge(name, established((version, version), act), allowed)
    print(f"{len(ALERTS) + len(LATER)} probes, {faults} not answered as they should be")
    sys.exit(min(faults, 1))


def judge(name, outcome, allowed):
    served = established(((3, 3), (3, 4)), lambda *_: None)
    is_right = outcome in allowed.split() and served == "served"
    print(f"{'ok   ' if is_right else 'FAULT'} {name}: {outcome}; the next: {served}")
    return not is_right


main()
