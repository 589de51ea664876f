# frozen_string_literal: true

desc "Build the gem into pkg/"
task :build do
  specification = Gem::Specification.load("eventmachine.gemspec")
  mkdir_p "pkg"
  sh RbConfig.ruby, "-S", "gem", "build", "eventmachine.gemspec",
     "--output", "pkg/#{specification.full_name}.gem"
end
