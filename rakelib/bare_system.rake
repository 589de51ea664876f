# frozen_string_literal: true

require "fileutils"
require "tmpdir"

# Installs the gem on a system that has only Ruby.
module BareSystem
  PROGRAM = <<~RUBY
    require "eventmachine"
    pp EM.library_info
    class Echo < EM::Connection
      def receive_data(data) = send_data(data)
    end
    class Ask < EM::Connection
      def post_init = send_data("hello")
      def receive_data(data) = (puts(data); EM.stop)
    end
    EM.run do
      server = EM.start_server("127.0.0.1", 0, Echo)
      EM.connect("127.0.0.1", EM.get_sockname(server).unpack1("x2n"), Ask)
    end
  RUBY

  module_function

  def try(name, root, gem)
    puts "== #{name} and nothing else"
    Dir.mktmpdir("eventmachine-bare") do |directory|
      FileUtils.cp(gem, directory)
      File.write(File.join(directory, "try.rb"), PROGRAM)
      root.run(commands(File.basename(gem)), mounts: { directory => "/mnt/gem" }) || abort("it failed")
    end
  end

  def commands(gem)
    <<~SH
      for program in cargo cc gcc make clang; do
        if command -v $program; then exit 1; fi
      done
      ruby --version; gem --version | sed 's/^/RubyGems /'
      export GEM_HOME=/tmp/gems
      bash -ec 'TIMEFORMAT="installed in %R s, of which %U s processor time of its own and %S s of the system"
        time gem install --local --no-document /mnt/gem/#{gem}'
      ruby -W /mnt/gem/try.rb
    SH
  end
end
