# frozen_string_literal: true

require_relative "postgres_server"

RSpec.describe EventMachine::Protocols::Postgres3 do
  hba = <<~HBA
    local all postgres trust
    host all trusting 127.0.0.1/32 trust
    host all clear 127.0.0.1/32 password
    host all digest 127.0.0.1/32 md5
    host all scram 127.0.0.1/32 scram-sha-256
  HBA
  roles = <<~SQL
    create role trusting login;
    create role clear login password 'secret';
    create role scram login password 'sécret';
    set password_encryption = 'md5';
    create role digest login password 'secret';
  SQL

  before(:all) do
    @server = PostgresServer.new
    @port = @server.port
    @server.write("data/pg_hba.conf", hba)
    @server.start_accepting
    run(RealServer.program("psql", package: "postgresql-client"), "-h", @server.directory, "-p", @port.to_s,
        "-U", "postgres", "-v", "ON_ERROR_STOP=1", input: roles)
  end

  def run(*command, **options)
    output, status = RealServer.run(*command, **options)
    raise output unless status.success?
  end

  after(:all) { @server&.stop }

  def session(user, password = nil)
    result = nil
    em do
      db = EventMachine.connect("127.0.0.1", @port, described_class)
      db.connect("postgres", user, password).callback do |*outcome|
        result = outcome
        block_given? ? yield(db) : done
      end
    end
    result
  end

  def query(sql)
    result = nil
    session("trusting") do |db|
      db.query(sql).callback do |*outcome|
        result = outcome
        done
      end
    end
    result
  end

  it "logs in without a password, with a clear one, by MD5 and by SCRAM" do
    users = [["trusting"], %w[clear secret], %w[digest secret], %w[scram sécret]]
    expect(users.map { |user| session(*user) }).to eq([[true]] * 4)
  end

  it "tells of a wrong password, a missing one and an unknown user" do
    [%w[clear wrong], %w[digest wrong], %w[scram wrong], ["scram"], ["nobody"]].each do |user|
      connected, message = session(*user)
      expect(connected).to be(false)
      expect(message).to match(/password|no pg_hba.conf entry/)
    end
  end

  it "gives rows, fields and the command's tag" do
    success, result, errors = query(<<~SQL)
      select 1 as one, null as nothing, 'zwölf' as twelve union all select 2, 'x', ''
    SQL
    expect([success, errors]).to eq([true, []])
    expect(result.rows).to eq([["1", nil, "zwölf".b], ["2", "x", ""]])
    expect(result.fields.map(&:name)).to eq(%w[one nothing twelve])
    expect(result.cmd_tag).to eq("SELECT 2")
  end

  it "gives the server's error, and goes on after it" do
    outcomes = []
    session("trusting") do |db|
      db.query("select nonsense").callback { |*outcome| outcomes << outcome }
      db.query("select 7").callback do |*outcome|
        outcomes << outcome
        done
      end
    end
    expect(outcomes[0]).to match([false, anything, [/ERROR: column "nonsense" does not exist/]])
    expect([outcomes[1][0], outcomes[1][1].rows]).to eq([true, [["7"]]])
  end

  it "answers queries in order, and those made before the login too" do
    answers = []
    em do
      db = EventMachine.connect("127.0.0.1", @port, described_class)
      3.times { |i| db.query("select #{i}").callback { |_, result| answers << result.rows } }
      db.connect("postgres", "trusting")
      db.query("select 3").callback { done }
    end
    expect(answers).to eq([[["0"]], [["1"]], [["2"]]])
  end

  it "reads a result of some megabytes" do
    _, result, = query("select i, repeat('x', 1000) from generate_series(1, 5000) i")
    expect([result.rows.size, result.rows.last]).to eq([5000, ["5000", "x" * 1000]])
  end

  it "does nothing, several statements, and no COPY" do
    expect(query("")[0]).to be(true)
    expect(query("select 1; select 2")[1].rows).to eq([["1"], ["2"]])
    expect(query("create temporary table t (i int); copy t from stdin")[2]).to match([/COPY from the client/])
    expect(query("copy (select 1) to stdout")[0]).to be(true)
  end

  it "connects by the Unix socket" do
    connected = nil
    path = @server.path(".s.PGSQL.#{@port}")
    em do
      db = EventMachine.connect_unix_domain(path, described_class)
      db.connect("postgres", "postgres").callback do |success|
        connected = success
        done
      end
    end
    expect(connected).to be(true)
  end

  it "tells the queries that wait when the connection is lost" do
    outcomes = []
    session("trusting") do |db|
      db.query("select pg_terminate_backend(pg_backend_pid())").callback { |*outcome| outcomes << outcome }
      db.query("select 1").callback do |*outcome|
        outcomes << outcome
        db.query("select 2").callback do |*later|
          outcomes << later
          done
        end
      end
    end
    expect(outcomes.map(&:first)).to eq([false, false, false])
    expect(outcomes.map { |outcome| outcome[2].last }).to eq(["lost connection"] * 3)
  end
end
