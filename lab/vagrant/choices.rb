require 'fileutils'
require 'json'

# The choices that a lab was made with: environment variables when it is brought up, remembered until it is
# destroyed. So `vagrant ssh`, `vagrant destroy` and the inventory know the same machines in every shell.
class Choices
  def initialize(directory)
    @file = File.join(directory, 'signet.json')
    @kept = File.exist?(@file) ? JSON.parse(File.read(@file)) : {}
    @made = {}
  end

  # The environment variable, else what is remembered of it, else the default.
  def choose(name, default)
    given = ENV.fetch(name, '')
    @made[name] = given.empty? ? @kept.fetch(name, default) : given
  end

  def number(name, default, range)
    text = choose(name, default.to_s)
    return text.to_i if /\A\d+\z/.match?(text) && range.cover?(text.to_i)

    raise ArgumentError, "#{name} must be a whole number from #{range.first} to #{range.last}, not \"#{text}\"."
  end

  def remember
    FileUtils.mkdir_p(File.dirname(@file))
    File.write(@file, JSON.pretty_generate(@made.compact))
  end

  def forget
    FileUtils.rm_f(@file)
  end
end
