# frozen_string_literal: true

require "spec_helper"
require_relative "../../support/tls_chains"

# What verify: true thinks of some hundred chains, beside what OpenSSL thinks of them. Trust begins at what
# ca_file names, which is OpenSSL's X509_V_FLAG_PARTIAL_CHAIN.
RSpec.describe "Chains of certificates", tls: true do
  # Where OpenSSL accepts, at its security level 0, and we do not.
  stricter = {
    "an authority presented as a peer's own certificate" =>
      ["CA:TRUE (own)", "CA:TRUE, not critical (own)", "pathlen 0 (own)", "pathlen 1 (own)", "pathlen 300 (own)"],
    "a root that is an authority by its keyUsage only" => ["no basicConstraints (root)"],
    "a limit of more certificates than a byte counts" => ["pathlen 300 (middle)"],
    "a limit that self-issued certificates exceed" => ["pathlen 1, 0, self-issued", "pathlen nil, 0, self-issued"],
    "critical policies, which are not looked at" => ["critical policies (middle)", "critical policies (own)"],
    "other versions than 3, unless trusted themselves" => ["of version 1 (own)", "of version 2 (own)"],
    "SHA-1" => ["signed with SHA-1 (middle)", "signed with SHA-1 (own)"],
    "small keys" => ["an RSA key of 1024 bits (root)", "an RSA key of 1024 bits (middle)"]
  }.values.flatten.flat_map { |name| ["server: #{name}", "client: #{name}"] }

  # Where a server has no name but the subject's, which we do not look for there.
  nameless = ["permits the common name (root)", "permits the common name (middle)",
              "trusted itself, of version 1", "trusted and issued, of version 1"].map { |name| "server: #{name}" }

  # Where OpenSSL stops at the first path that it finds, and we look for another. Which of two roots that is depends on
  # qsort(3), by which it keeps them.
  another_path = ["a second root, CA:FALSE", "a second root, keyUsage for lists"]
                 .flat_map { |name| ["server: #{name}", "client: #{name}"] }

  # Notes what the end that verifies makes of its peer.
  judge = Class.new(EventMachine::Connection) do
    def initialize(options, verdict, leave)
      super()
      @options = options
      @verdict = verdict
      @leave = leave
    end

    def post_init
      start_tls(@options)
    end

    def ssl_handshake_completed
      @verdict&.store(:accepted, true)
      close_connection_after_writing if @verdict
    end

    def unbind(reason)
      @verdict&.store(:reason, reason)
      @verdict&.store(:text, ssl_verify_error)
      @leave.call
    end
  end

  def presented(chain)
    certificates = chain.certificates
    { private_key: TLSCertificates.key_of(certificates.first).private_to_pem,
      cert_chain_file: TLSAuthority.file(certificates.map(&:to_pem).join) }
  end

  def believing(chain)
    { verify: true, ca: chain.trusted.map(&:to_pem).join }
  end

  def ends(chain)
    return [presented(chain), believing(chain).merge(sni_hostname: TLSChains::HOST)] if chain.peer == :server

    [TLSAuthority.localhost.options.merge(believing(chain)), presented(chain)]
  end

  define_method(:meet) do |chains|
    verdicts = chains.to_h { |chain| [chain, {}] }
    em(60) do
      here = 2 * chains.size
      leave = -> { EventMachine.stop if (here -= 1).zero? }
      verdicts.each do |chain, verdict|
        server, client = ends(chain)
        seen = chain.peer == :server ? [nil, verdict] : [verdict, nil]
        port = listen("127.0.0.1", judge, server, seen.first, leave)
        EventMachine.connect("127.0.0.1", port, judge, client, seen.last, leave)
      end
    end
    verdicts
  end

  def by_openssl(chain)
    store = OpenSSL::X509::Store.new
    chain.trusted.each { |certificate| store.add_cert(certificate) }
    store.flags = OpenSSL::X509::V_FLAG_PARTIAL_CHAIN
    store.purpose = chain.peer == :server ? OpenSSL::X509::PURPOSE_SSL_SERVER : OpenSSL::X509::PURPOSE_SSL_CLIENT
    own, *others = chain.certificates
    store.verify(own, others)
  end

  it "are accepted where OpenSSL accepts them, with the exceptions named here", time_limit: 90 do
    verdicts = meet(TLSChains.all)
    ours = verdicts.select { |_, verdict| verdict[:accepted] }.keys.map(&:to_s)
    theirs = verdicts.keys.select { |chain| by_openssl(chain) }.map(&:to_s)
    expect(verdicts.size).to be > 400
    expect(theirs - ours).to match_array(stricter + nameless)
    expect((ours - theirs).map { |name| name.sub(/ root (?:first|last),/, " root,") }).to match_array(another_path)
    refused = verdicts.values.reject { |verdict| verdict[:accepted] }
    expect(refused.map { |verdict| verdict[:reason] }).to all(be <= EventMachine::CertificateError)
    expect(refused.map { |verdict| verdict[:text] }).to all(match(/\A[a-z][-\w ,.():']{10,120}\z/))
  end
end
