# frozen_string_literal: true

# A TLS server that sends back what it gets, for the probes of tls_probes.py.
#
#   ruby tls_probes.rb        PYTHON=python3, one that has tlslite-ng

$LOAD_PATH.unshift(File.expand_path("../../lib", __dir__))
require "eventmachine"

PYTHON = ENV.fetch("PYTHON", "python3")
unless system(PYTHON, "-c", "import tlslite", err: File::NULL)
  abort "#{PYTHON} has no tlslite: python3 -m venv probes; probes/bin/pip install tlslite-ng; PYTHON=probes/bin/python"
end

# Echoes under TLS.
module SecureEcho
  def post_init = start_tls
  def receive_data(data) = send_data(data)
end

status = nil
EventMachine.run do
  server = EventMachine.start_server("127.0.0.1", 0, SecureEcho)
  port = EventMachine.get_sockname(server).unpack1("x2n")
  probes = spawn(PYTHON, File.join(__dir__, "tls_probes.py"), port.to_s)
  EventMachine.watch_child(probes) { |ended| (status = ended) && EventMachine.stop }
end
abort unless status.success?
