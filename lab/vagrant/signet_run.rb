require 'fileutils'
require 'set'

# Runs signet from the controller once all machines are up: one run over all of them, not one for each machine.
#
# Vagrant fires triggers machine by machine: one after another (VirtualBox) or all at once (libvirt). A batch is
# the machines that Vagrant works on at the same time. When the last of a batch is done and all machines of the
# lab run, signet is due if one of the batch was booted, or if the lab's last machine is among them, which ends
# every `vagrant up` and `vagrant provision` without names.
class SignetRun
  # Vagrant shows the message and ends with an exit code other than zero.
  class Failed < Vagrant::Errors::VagrantError
    def initialize(message)
      @text = message
      super()
    end

    def error_message
      @text
    end
  end

  # The one run of a project: Vagrant may read the Vagrantfile more than once.
  # `addresses` are those on the private network, by name, in the order of the lab.
  def self.of(project, addresses, choices)
    @runs ||= {}
    @runs[project] ||= new(project, addresses, choices)
  end

  def initialize(project, addresses, choices)
    @project = project
    @addresses = addresses
    @names = addresses.keys
    @choices = choices
    @lock = Mutex.new
    @busy = Set.new
    @batch = Set.new
    @booted = Set.new
    @ran = false
  end

  # Before `up` and `provision` of a machine.
  def begin(machine)
    running = running?(machine)
    @lock.synchronize do
      @choices.remember
      @busy << machine.name
      @batch << machine.name
      @booted << machine.name unless running
    end
  end

  # After `up` and `provision` of a machine. A machine that failed never comes here: then signet does not run.
  def finish(environment, machine)
    write_names(machine)
    @lock.synchronize do
      @busy.delete(machine.name)
      return unless @busy.empty?

      last = @batch.include?(@names.last.to_sym)
      @batch.clear
      return unless last || @booted.any?

      down = @names.reject { |name| running?(environment.machine(name.to_sym, machine.provider_name)) }
      if down.empty?
        play(environment) if @booted.any? || !@ran
      elsif last
        environment.ui.warn("signet does not run: #{down.join(', ')} not up. `vagrant up` boots what is missing.")
      end
    end
  end

  # After `destroy`: with the last machine go the certificates that were issued to the machines.
  def clean_up(environment)
    @lock.synchronize do
      left = environment.active_machines.map(&:first).map(&:to_s) & @names
      return unless left.empty?

      @choices.forget
      FileUtils.rm_rf(File.join(@project, 'inventories/vagrant/pki'))
    end
  end

  private

  # Each machine's name resolves to its address on the private network, on all of them. Not a shell provisioner:
  # that would need scp on the machine.
  def write_names(machine)
    script = File.read(File.join(__dir__, 'write-names.sh'))
    words = @addresses.flat_map { |name, address| [address, name] }.join(' ')
    machine.communicate.sudo("sh -s -- #{words} <<'SIGNET_EOF'\n#{script}\nSIGNET_EOF\n") do |_, text|
      machine.ui.detail(text.chomp)
    end
  end

  def running?(machine)
    machine.state.id == :running
  end

  def play(environment)
    playbooks = ENV.fetch('SIGNET_VAGRANT_PLAYBOOKS', 'playbooks/vagrant.yml').split
    return if playbooks.empty?

    words = ['node', 'bin/signet.js', 'play', *playbooks, '-i', 'inventories/vagrant']
    environment.ui.info("All machines are up: #{words.join(' ')}")
    ended = run(words)
    raise Failed, "#{words.first(3).join(' ')} ended with exit code #{ended || 'unknown'}; see above. " \
                  'When the cause is gone, `vagrant provision` runs it again.' unless ended&.zero?

    @ran = true
    @booted.clear
  end

  # The program writes to the terminal itself: colours and progress stay as they are.
  def run(words)
    system(*words, chdir: @project)
    $?&.exitstatus
  end
end
