# frozen_string_literal: true

module EventMachine
  # Resolves host names without blocking the reactor. Each file is loaded when it is used for the first time.
  module DNS
    autoload :Configuration, "em/dns/configuration"
    autoload :Request, "em/dns/request"
    autoload :RequestIdAlreadyUsed, "em/dns/socket"
    autoload :Resolver, "em/resolver"
    autoload :Socket, "em/dns/socket"
  end
end
