# frozen_string_literal: true

require "fileutils"
require "ipaddr"
require "openssl"
require "tmpdir"

# Issues certificates for a run of the specs.
class TLSAuthority
  HOUR = 3600

  # What is issued to somebody: a private key, its certificate and those of the issuers below the root.
  Issued = Struct.new(:key, :certificate, :chain) do
    # @return [Hash] the options by which start_tls takes them
    def options(passphrase: nil)
      @options ||= {}
      @options[passphrase] ||= {
        private_key_file: TLSAuthority.file(key_pem(passphrase)),
        cert_chain_file: TLSAuthority.file(chain_pem)
      }.merge(passphrase ? { private_key_pass: passphrase } : {})
    end

    def key_pem(passphrase = nil)
      return key.private_to_pem unless passphrase

      key.private_to_pem(OpenSSL::Cipher.new("aes-256-cbc"), passphrase)
    end

    def chain_pem
      [certificate, *chain].map(&:to_pem).join
    end

    def key_file
      options[:private_key_file]
    end

    def chain_file
      options[:cert_chain_file]
    end
  end

  class << self
    # @return [String] a directory that goes with the run
    def directory
      @directory ||= Dir.mktmpdir("em-tls").tap { |path| remove_at_exit(path, Process.pid) }
    end

    # Children that an example forks end too, and leave it be.
    def remove_at_exit(path, owner)
      at_exit { FileUtils.rm_rf(path) if Process.pid == owner }
    end

    # @return [String] the path of a new file of this content
    def file(content, extension = "pem")
      path = File.join(directory, "#{@files = @files.to_i + 1}.#{extension}")
      File.binwrite(path, content)
      path
    end

    # The authority that most specs trust.
    def root
      @root ||= new("Root")
    end

    # A key of a kind that is made once: :rsa2048, :rsa4096, :p256, :p384 or :ed25519.
    def key(kind)
      @keys ||= {}
      @keys[kind] ||= generate(kind)
    end

    # What the root has issued to localhost, for each kind of key.
    def localhost(kind = :p256)
      @localhost ||= {}
      @localhost[kind] ||= root.issue(hosts: %w[localhost 127.0.0.1 ::1], key: key(kind))
    end

    # What the root has issued to a client.
    def client
      @client ||= root.issue(name: "client", usage: "clientAuth")
    end

    private

    def generate(kind)
      case kind
      when :rsa2048 then OpenSSL::PKey::RSA.new(2048)
      when :rsa4096 then OpenSSL::PKey::RSA.new(4096)
      when :p256 then OpenSSL::PKey::EC.generate("prime256v1")
      when :p384 then OpenSSL::PKey::EC.generate("secp384r1")
      when :ed25519 then OpenSSL::PKey.generate_key("ED25519")
      end
    end
  end

  attr_reader :certificate

  # @param issuer [TLSAuthority, nil] nil for a root
  # @param rightful [Boolean] whether its certificate says that it is an authority
  # @param remark [String, nil] what makes its certificate longer
  # @param usage [String] what its key is for
  def initialize(name, issuer: nil, rightful: true, remark: nil, usage: "keyCertSign, cRLSign")
    @key = OpenSSL::PKey::EC.generate("prime256v1")
    @issuer = issuer
    @serial = 0
    extensions = [["basicConstraints", "CA:#{rightful.to_s.upcase}", true]]
    extensions << ["keyUsage", usage, true] if rightful
    extensions << ["nsComment", remark, false] if remark
    @certificate = (issuer || self).sign(name, @key, extensions, -HOUR..HOUR)
  end

  # @return [String] the path of the certificate's file
  def file
    @file ||= self.class.file(certificate.to_pem)
  end

  # Issues a certificate.
  #
  # @param hosts [Array<String>] names and addresses
  # @param lifetime [Range<Numeric>] seconds from now
  # @return [Issued]
  def issue(hosts: [], name: hosts.first, key: self.class.key(:p256), lifetime: -HOUR..HOUR,
            usage: "serverAuth")
    extensions = [["extendedKeyUsage", usage, false], ["keyUsage", "digitalSignature", true]]
    extensions << ["subjectAltName", alternative_names(hosts), false] if hosts.any?
    Issued.new(key, sign(name, key, extensions, lifetime), chain)
  end

  # @param revoked [Array<Issued>]
  # @return [String] the path of a revocation list's file
  def revocation_list(*revoked, lifetime: -HOUR..HOUR)
    list = OpenSSL::X509::CRL.new
    list.version = 1
    list.issuer = certificate.subject
    list.last_update, list.next_update = lifetime.minmax.map { |seconds| Time.now + seconds }
    revoked.each { |issued| list.add_revoked(revocation(issued)) }
    list.extensions = [list_number, key_identifier(list)]
    list.sign(@key, OpenSSL::Digest.new("SHA256"))
    self.class.file(list.to_pem)
  end

  # The certificates from this authority up, without the root.
  def chain
    @issuer ? [certificate, *@issuer.chain] : []
  end

  def sign(name, key, extensions, lifetime)
    signed = OpenSSL::X509::Certificate.new
    signed.version = 2
    signed.serial = (object_id << 16) + (@serial += 1)
    signed.subject = OpenSSL::X509::Name.new([["CN", name]])
    signed.issuer = certificate ? certificate.subject : signed.subject
    signed.public_key = key
    signed.not_before, signed.not_after = lifetime.minmax.map { |seconds| Time.now + seconds }
    add_extensions(signed, extensions)
    signed.sign(@key, OpenSSL::Digest.new("SHA256"))
  end

  private

  def add_extensions(signed, extensions)
    factory = OpenSSL::X509::ExtensionFactory.new
    factory.subject_certificate = signed
    factory.issuer_certificate = certificate || signed
    signed.add_extension(factory.create_extension("subjectKeyIdentifier", "hash"))
    signed.add_extension(factory.create_extension("authorityKeyIdentifier", "keyid:always"))
    extensions.each { |extension| signed.add_extension(factory.create_extension(*extension)) }
  end

  def alternative_names(hosts)
    hosts.map { |host| "#{address?(host) ? 'IP' : 'DNS'}:#{host}" }.join(",")
  end

  def address?(host)
    IPAddr.new(host) && true
  rescue IPAddr::Error
    false
  end

  def revocation(issued)
    revoked = OpenSSL::X509::Revoked.new
    revoked.serial = issued.certificate.serial
    revoked.time = Time.now - 60
    revoked
  end

  def list_number
    OpenSSL::X509::Extension.new("crlNumber", OpenSSL::ASN1::Integer(@serial += 1))
  end

  def key_identifier(list)
    factory = OpenSSL::X509::ExtensionFactory.new
    factory.issuer_certificate = certificate
    factory.crl = list
    factory.create_extension("authorityKeyIdentifier", "keyid:always")
  end
end
