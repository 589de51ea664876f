# frozen_string_literal: true

# A root with what else there is to be where programs of a platform run.
Place = Struct.new(:root, :mounts, :environment, keyword_init: true) do
  # @see Root#run
  def run(command, mounts: {}, environment: {}, log: nil)
    root.run(command, mounts: { **self.mounts.to_h, **mounts }, environment: { **self.environment.to_h, **environment },
                      log: log)
  end
end
