# frozen_string_literal: true

# What a processor with musl is called, and what compiles for it. Debian's architecture is told if it is another than
# this system's.
MuslSystem = Struct.new(:cpu, :architecture, :openssl, :headers, :flags, keyword_init: true) do
  # Calls that choose an instruction as they run ask a glibc which processor it has.
  def self.all
    [new(cpu: "x86_64", openssl: "linux-x86_64", headers: "/usr/include/x86_64-linux-gnu", flags: ""),
     new(cpu: "aarch64", openssl: "linux-aarch64", headers: "/usr/aarch64-linux-gnu/include",
         flags: "-mno-outline-atomics", architecture: "arm64")]
  end

  # As RubyGems, musl and Ruby's configure name it.
  def platform
    "#{cpu}-linux-musl"
  end

  def triple
    "#{cpu}-unknown-linux-musl"
  end

  def compiler
    "#{platform}-gcc #{flags}".rstrip
  end

  def tool(name)
    "#{cpu}-linux-gnu-#{name}"
  end

  # What is for it in the cache.
  def kept(name)
    [name, architecture].compact.join("-")
  end
end
