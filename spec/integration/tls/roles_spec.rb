# frozen_string_literal: true

require "spec_helper"

RSpec.describe "Roles under TLS", tls: true do
  let(:identity) { TLSAuthority.localhost.options }
  let(:believing) { { verify: true, ca_file: TLSAuthority.root.file, sni_hostname: "localhost" } }

  %i[tlsv1_2 tlsv1_3].each do |version|
    it "may be the other way round, by #{version}" do
      name = nil
      secured = lambda do |connected|
        name = connected.get_sni_hostname
        connected.send_data("ping")
      end
      accepted, connected = converse(server: believing.merge(role: :client, ssl_version: version),
                                     client: identity.merge(role: :server), asks: ping.merge(secured: secured))
      expect_success(accepted, connected)
      expect(name).to eq("localhost")
    end
  end

  it "are those that follow from who connected, where they are said" do
    expect_success(*converse(server: identity.merge(role: :server), client: believing.merge(role: :client)))
  end

  it "have the server ask for the client's certificate, whoever connected" do
    asking = identity.merge(role: :server, verify: true, ca_file: TLSAuthority.root.file)
    presenting = TLSAuthority.client.options.merge(role: :client)
    expect_success(*converse(server: presenting, client: asking))
    _, connected = converse(server: { role: :client }, client: asking, serves: {}, asks: {})
    expect(connected.reason).to eq(EventMachine::CertificateError::Missing)
  end

  it "leave a client that was connected to without a name to check" do
    nameless = believing.reject { |name,| name == :sni_hostname }.merge(role: :client)
    expect { converse(server: nameless, client: identity.merge(role: :server)) }
      .to raise_error(EventMachine::BadParams, /no host name/)
  end

  it "do not go together where both ends are clients" do
    accepted, connected = converse(server: { role: :client }, asks: {})
    expect([accepted, connected].map(&:reason)).to include(Errno::EPROTO)
    expect([accepted, connected]).to all(satisfy { |one| !one.secured? })
  end
end
