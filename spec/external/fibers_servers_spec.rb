# frozen_string_literal: true

require "etc"
require "mysql2"
require "net/ssh"
require "pg"

require_relative "../integration/protocols/postgres_server"

# Clients of servers that hold one of them up until another one acts: were they not run at once, none came to
# an end.
RSpec.describe "Clients in fibers", time_limit: 90 do
  after { @server&.stop }

  it "has statements of several connections to PostgreSQL run at once" do
    @server = PostgresServer.new.start_accepting
    got = in_fiber(30) do
      mine, other = Array.new(2) { PG.connect(host: "127.0.0.1", port: @server.port, user: "postgres") }
      mine.exec("select pg_advisory_lock(1)")
      waiting = EventMachine.fiber { other.exec("select pg_advisory_lock(1), 'locked'").getvalue(0, 1) }
      blocked = "select 1 from pg_locks where locktype = 'advisory' and not granted"
      sleep 0 until mine.exec(blocked).ntuples == 1
      mine.exec("select pg_advisory_unlock(1)")
      waiting.await.tap { [mine, other].each(&:close) }
    end
    expect(got).to eq("locked")
  end

  it "has statements of several connections to MariaDB run at once" do
    @server = RealServer.new(user: "mysql")
    socket = @server.path("socket")
    @server.start(RealServer.program("mariadbd", package: "mariadb-server"), "--no-defaults", "--skip-grant-tables",
                  "--skip-networking", "--innodb=OFF", "--default-storage-engine=MyISAM",
                  "--datadir=#{@server.directory}", "--socket=#{socket}", "--pid-file=#{@server.path('pid')}") do
      @server.log.include?("ready for connections")
    end
    got = in_fiber(30) do
      mine, other = Array.new(2) { Mysql2::Client.new(socket: socket, username: "root", as: :array) }
      mine.query("select get_lock('lock', 0)")
      waiting = EventMachine.fiber { other.query("select get_lock('lock', 20)").to_a }
      blocked = "select 1 from information_schema.processlist where state = 'User lock'"
      sleep 0 until mine.query(blocked).count == 1
      mine.query("select release_lock('lock')")
      waiting.await.tap { [mine, other].each(&:close) }
    end
    expect(got).to eq([[1]])
  end

  describe "over SSH" do
    before do
      @server = RealServer.new
      @port = RealServer.free_port
      keygen = RealServer.program("ssh-keygen", package: "openssh-client")
      %w[host user].each { |key|
        RealServer.run(keygen, "-q", "-t", "ecdsa", "-m", "PEM", "-N", "", "-f", @server.path(key))
      }
      # The server itself wants this directory where it runs as root.
      FileUtils.mkdir_p("/run/sshd") if Process.uid.zero?
      @server.start_on(@port, RealServer.program("sshd", package: "openssh-server"), "-D", "-e",
                       "-f", @server.write("config", <<~CONFIG))
                         ListenAddress 127.0.0.1:#{@port}
                         HostKey #{@server.path('host')}
                         AuthorizedKeysFile #{@server.path('user.pub')}
                         PermitRootLogin yes
                         PidFile none
                         StrictModes no
                       CONFIG
    end

    def ssh(command)
      options = { port: @port, keys: [@server.path("user")], keys_only: true, config: false,
                  verify_host_key: :never, use_agent: false,
                  user_known_hosts_file: @server.path("known"), global_known_hosts_file: @server.path("known") }
      Net::SSH.start("127.0.0.1", Etc.getpwuid.name, **options) { |session| session.exec!(command).to_s }
    end

    it "has commands run at once, of which one waits for the other" do
      File.mkfifo(pipe = @server.path("pipe"))
      got = in_fiber(30) do
        EventMachine.gather(EventMachine.fiber { ssh("cat '#{pipe}'") },
                            EventMachine.fiber { ssh("echo through >'#{pipe}'; echo written") })
      end
      expect(got).to eq(%W[through\n written\n])
    end
  end
end
