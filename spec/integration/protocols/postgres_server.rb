# frozen_string_literal: true

require_relative "real_server"

# A PostgreSQL server with a new database, whose user `postgres` is trusted.
class PostgresServer < RealServer
  attr_reader :port

  def initialize
    super(user: "postgres")
    @port = self.class.free_port
    output, status = self.class.run(*as_user(program("initdb"), "-D", path("data"), "-U", "postgres", "-A", "trust",
                                             "--no-sync", "-E", "UTF8"))
    raise output unless status.success?
  end

  # Starts it, and waits until it takes connections: it listens before it does.
  #
  # @return [self]
  def start_accepting
    ready = [program("pg_isready", "postgresql-client"), "-q", "-h", "127.0.0.1", "-p", port.to_s]
    start(program("postgres"), "-D", path("data"), "-p", port.to_s, "-h", "127.0.0.1", "-k", directory, "-F") do
      self.class.run(*ready).last.success?
    end
  end

  private

  def program(name, package = "postgresql")
    self.class.program(name, package: package)
  end
end
