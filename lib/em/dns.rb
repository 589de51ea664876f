# frozen_string_literal: true

module EventMachine
  # Names and addresses of hosts, asked for without blocking the reactor. Each file is loaded when it is first
  # used.
  module DNS
    autoload :Configuration, "em/dns/configuration"
    autoload :Request, "em/dns/request"
    autoload :RequestIdAlreadyUsed, "em/dns/socket"
    autoload :Resolver, "em/resolver"
    autoload :Socket, "em/dns/socket"
  end
end
