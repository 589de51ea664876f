# frozen_string_literal: true

module EventMachine
  # Opcode of {event_callback}.
  TimerFired = 100

  # Opcode of {event_callback}.
  ConnectionData = 101

  # Opcode of {event_callback}.
  ConnectionUnbound = 102

  # Opcode of {event_callback}.
  ConnectionAccepted = 103

  # Opcode of {event_callback}.
  ConnectionCompleted = 104

  # Opcode of {event_callback}.
  LoopbreakSignalled = 105

  # Opcode of {event_callback}.
  ConnectionNotifyReadable = 106

  # Opcode of {event_callback}.
  ConnectionNotifyWritable = 107

  # Opcode of {event_callback}.
  SslHandshakeCompleted = 108

  # Opcode of {event_callback}.
  SslVerify = 109

  # TLS version, for {set_tls_parms}.
  EM_PROTO_SSLv2 = 2

  # TLS version, for {set_tls_parms}.
  EM_PROTO_SSLv3 = 4

  # TLS version, for {set_tls_parms}.
  EM_PROTO_TLSv1 = 8

  # TLS version, for {set_tls_parms}.
  EM_PROTO_TLSv1_1 = 16

  # TLS version, for {set_tls_parms}.
  EM_PROTO_TLSv1_2 = 32

  # TLS version, for {set_tls_parms}.
  EM_PROTO_TLSv1_3 = 64
end
