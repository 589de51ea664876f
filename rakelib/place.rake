# frozen_string_literal: true

# A root with further directories mounted, and variables set, whenever something runs there.
Place = Struct.new(:root, :mounts, :environment, keyword_init: true) do
  # As {Root#run}.
  def run(command, mounts: {}, environment: {}, **options)
    root.run(command, mounts: { **self.mounts, **mounts }, environment: { **self.environment, **environment },
                      **options)
  end
end
