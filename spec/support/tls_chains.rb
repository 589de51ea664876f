# frozen_string_literal: true

require_relative "tls_certificates"

# Makes chains of certificates with one thing changed in each, for servers and for clients.
class TLSChains
  include TLSCertificates

  # A chain, the peer's own certificate first, and what is trusted.
  Chain = Struct.new(:name, :peer, :certificates, :trusted, keyword_init: true) do
    def to_s
      "#{peer}: #{name}"
    end
  end

  HOST = "peer.test"
  DAY = 86_400

  OWN = { "basicConstraints" => ["CA:FALSE", true], "keyUsage" => ["digitalSignature", true],
          "subjectAltName" => ["DNS:#{HOST}", false], "subjectKeyIdentifier" => ["hash", false] }.freeze

  # By which a certificate of the issuer's name is told from a self-signed one.
  MEANT = { "authorityKeyIdentifier" => ["keyid:always", false] }.freeze

  # What is changed at any place of a chain: extensions (nil takes one away), or fields.
  CHANGES = {
    "nothing changed" => {},
    "no basicConstraints" => { "basicConstraints" => nil },
    "CA:FALSE" => { "basicConstraints" => ["CA:FALSE", true] },
    "CA:TRUE" => { "basicConstraints" => ["CA:TRUE", true] },
    "CA:TRUE, not critical" => { "basicConstraints" => ["CA:TRUE", false] },
    "pathlen 0" => { "basicConstraints" => ["CA:TRUE,pathlen:0", true] },
    "pathlen 1" => { "basicConstraints" => ["CA:TRUE,pathlen:1", true] },
    "pathlen 300" => { "basicConstraints" => ["CA:TRUE,pathlen:300", true] },
    "no keyUsage" => { "keyUsage" => nil },
    "keyUsage for signatures" => { "keyUsage" => ["digitalSignature", true] },
    "keyUsage for certificates" => { "keyUsage" => ["keyCertSign", true] },
    "keyUsage for lists" => { "keyUsage" => ["cRLSign", true] },
    "keyUsage for encipherment" => { "keyUsage" => ["keyEncipherment", true] },
    "keyUsage for agreement" => { "keyUsage" => ["keyAgreement", false] },
    "keyUsage for non-repudiation" => { "keyUsage" => ["nonRepudiation", true] },
    "neither keyUsage nor basicConstraints" => { "keyUsage" => nil, "basicConstraints" => nil },
    "for servers" => { "extendedKeyUsage" => ["serverAuth", false] },
    "for clients" => { "extendedKeyUsage" => ["clientAuth", false] },
    "for both" => { "extendedKeyUsage" => ["clientAuth, serverAuth", true] },
    "for code" => { "extendedKeyUsage" => ["codeSigning", false] },
    "for anything" => { "extendedKeyUsage" => ["anyExtendedKeyUsage", false] },
    "for servers, by Netscape" => { "nsCertType" => ["server", false] },
    "for clients, by Netscape" => { "nsCertType" => ["client", false] },
    "an authority, by Netscape" => { "nsCertType" => ["sslCA", false] },
    "expired" => { lifetime: (-2 * DAY)..-DAY },
    "not yet valid" => { lifetime: DAY..(2 * DAY) },
    "an unknown extension" => { "1.2.3.4" => ["\x05\x00", false] },
    "an unknown critical extension" => { "1.2.3.4" => ["\x05\x00", true] },
    "critical policies" => { "certificatePolicies" => ["1.2.3.4", true] },
    "a proxy" => { "proxyCertInfo" => ["language:id-ppl-inheritAll", true] },
    "of version 1" => { version: 0 },
    "of version 2" => { version: 1 },
    "signed with SHA-1" => { digest: "SHA1" },
    "signed with SHA-512" => { digest: "SHA512" },
    "an RSA key of 1024 bits" => { key: :rsa1024 },
    "an RSA key of 2048 bits" => { key: :rsa2048 },
    "a key on secp521r1" => { key: :p521 }
  }.freeze

  # What an issuer says of the names below it; the subject is the peer's, where another is asked for.
  NAMES = {
    "permits the name" => ["permitted;DNS:peer.test"],
    "permits the domain" => ["permitted;DNS:.test"],
    "permits another name" => ["permitted;DNS:other.test"],
    "excludes the name" => ["excluded;DNS:peer.test"],
    "excludes another name" => ["excluded;DNS:other.test"],
    "permits addresses" => ["permitted;IP:127.0.0.0/255.0.0.0"],
    "permits another common name" => ["permitted;DNS:other.test", { "subjectAltName" => nil }],
    "permits the common name" => ["permitted;DNS:peer.test", { "subjectAltName" => nil }],
    "permits e-mail" => ["permitted;email:peer.test"],
    "permits e-mail of others" => ["permitted;email:peer.test", { email: "me@other.test" }],
    "excludes a directory" => ["excluded;dirName:section"]
  }.freeze

  def self.all
    %i[server client].flat_map { |peer| new(peer).all }
  end

  def initialize(peer)
    @peer = peer
    @root = make("Root", :root)
    @middle = make("Middle", :middle, issuer: @root)
  end

  def all
    changed + constrained + deep + shaped + pinned + doubled
  end

  private

  def chain(name, certificates, trusted)
    Chain.new(name: name, peer: @peer, certificates: certificates, trusted: trusted)
  end

  # One change at one place, with one certificate between root and leaf. We cannot have a small RSA key.
  def changed
    CHANGES.flat_map do |what, change|
      places = change[:key] == :rsa1024 ? %i[root middle] : %i[root middle own]
      places.map do |place|
        root = make("Root", :root, change: place == :root ? change : {})
        middle = make("Middle", :middle, issuer: root, change: place == :middle ? change : {})
        own = own(middle, place == :own ? change : {})
        chain("#{what} (#{place})", [own, middle], [root])
      end
    end
  end

  def constrained
    NAMES.flat_map do |what, (constraint, change)|
      limit = { "nameConstraints" => [constraint, true] }
      root = make("Root", :root, change: limit)
      middle = make("Middle", :middle, issuer: @root, change: limit)
      [chain("#{what} (root)", [own(root, change || {})], [root]),
       chain("#{what} (middle)", [own(middle, change || {}), middle], [@root])]
    end
  end

  # Two certificates between root and leaf, of which one may be issued by the other's name.
  def deep
    [0, 1, nil].product([0, nil], [false, true]).map do |at_root, at_middle, self_issued|
      root = make("Root", :root, change: path_length(at_root))
      middle = make("Middle", :middle, issuer: root, change: path_length(at_middle))
      lower = make(self_issued ? "Middle" : "Lower", :lower, issuer: middle, change: MEANT)
      chain("pathlen #{at_root.inspect}, #{at_middle.inspect}#{', self-issued' if self_issued}",
            [own(lower), lower, middle], [root])
    end
  end

  def path_length(limit)
    limit ? { "basicConstraints" => ["CA:TRUE,pathlen:#{limit}", true] } : {}
  end

  # What is presented, and in which order.
  def shaped
    lower = make("Lower", :lower, issuer: @middle)
    alien = make("Alien", :other)
    own = own(lower)
    { "in order" => [[own, lower, @middle], [@root]],
      "in disorder" => [[own, @middle, lower], [@root]],
      "with the root" => [[own, lower, @middle, @root], [@root]],
      "with strangers" => [[own, alien, lower, alien, @middle], [@root]],
      "twice each" => [[own, own, lower, lower, @middle, @middle], [@root]],
      "a link missing" => [[own, lower], [@root]],
      "the other link missing" => [[own, @middle], [@root]],
      "alone" => [[own], [@root]],
      "a link trusted" => [[own, lower], [@root, @middle]],
      "the link alone trusted" => [[own, lower], [@middle]],
      "the root not trusted" => [[own, lower, @middle, @root], [alien]],
      "a root for itself" => [[own(alien), alien], [@root]],
      "the root's name only" => [[own(impostor), impostor], [@root]],
      "the middle's name only" => [[own(make("Middle", :other, issuer: @root)), @middle], [@root]] }
      .map { |what, (certificates, trusted)| chain(what, certificates, trusted) }
  end

  def impostor
    make("Root", :other)
  end

  # A certificate that is trusted itself, and what it issues.
  def pinned
    CHANGES.slice("nothing changed", "CA:TRUE", "no basicConstraints", "no keyUsage", "keyUsage for certificates",
                  "for servers", "for clients", "expired", "an unknown critical extension", "of version 1",
                  "an authority, by Netscape", "a proxy").flat_map do |what, change|
      own = make(HOST, :own, change: OWN.merge(change))
      issued = own(@middle, change)
      below = make("Below", :other, issuer: own, change: OWN)
      [chain("trusted itself, #{what}", [own], [own]), chain("trusted and issued, #{what}", [issued], [issued]),
       chain("issued by a leaf, #{what}", [below], [own]),
       chain("issued by a leaf, #{what}, presented", [below, own], [own]),
       chain("issued by an issued leaf, #{what}",
             [make("Below", :other, issuer: issued, change: OWN), issued, @middle], [@root])]
    end
  end

  # Two certificates of one name and key.
  def doubled
    CHANGES.slice("nothing changed", "expired", "CA:FALSE", "keyUsage for lists").flat_map do |what, change|
      twin = make("Root", :root, change: change.merge(serial: 77))
      other = make("Other", :other)
      cross = make("Root", :root, issuer: other, change: change)
      [chain("a second root first, #{what}", [own(@middle), @middle], [twin, @root]),
       chain("a second root last, #{what}", [own(@middle), @middle], [@root, twin]),
       chain("cross-signed, #{what}", [own(@middle), @middle, cross], [other]),
       chain("both ways, #{what}", [own(@middle), @middle, cross], [other, @root])]
    end + identified
  end

  # Who is meant by authorityKeyIdentifier.
  def identified
    other = make("Other", :other)
    { "another key" => ["keyid:always", other], "its key" => ["keyid:always", @middle],
      "another serial" => ["issuer:always", other], "its serial" => ["issuer:always", @middle] }
      .map do |what, (value, named)|
        change = { "authorityKeyIdentifier" => [value, false, named] }
        chain("names #{what}", [own(@middle, change), @middle], [@root])
      end
  end

  def own(issuer, change = {})
    make(HOST, :own, issuer: issuer, change: OWN.merge(change))
  end
end
