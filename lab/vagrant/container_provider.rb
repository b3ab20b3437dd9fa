# A small Vagrant provider whose machines are hosts of the embedded lab (`signet lab`): containers instead of virtual
# machines. For tests of the Vagrantfile and of what depends on it, where virtual machines can't run or take too long.
#
#   sudo SIGNET_VAGRANT_PROVIDER=signet_lab vagrant up
#
# Needs what the embedded lab needs: Linux and root. Boxes, synced folders and Vagrant's networks are not used: the
# lab's hosts have the addresses 10.80.0.11 … in a network namespace, and unix sockets that lead to their sshd.
module SignetLab
  LAB = ENV.fetch('SIGNET_VAGRANT_LAB', 'vagrant').freeze
  PROJECT = File.expand_path('../..', __dir__).freeze

  class Error < Vagrant::Errors::VagrantError
    def initialize(message)
      @text = message
      super()
    end

    def error_message
      @text
    end
  end

  def self.directory
    "/var/lib/signet/labs/#{LAB}"
  end

  def self.socket(host)
    "#{directory}/hosts/#{host}/ssh.sock"
  end

  # `signet lab …` for this lab.
  def self.lab(ui, *words)
    command = ['node', 'bin/signet.js', 'lab', '--name', LAB, *words]
    result = Vagrant::Util::Subprocess.execute(*command, workdir: PROJECT)
    result.stdout.each_line { |line| ui.info(line.chomp) }
    raise Error, "#{words.join(' ')} failed: #{result.stderr.strip}" unless result.exit_code.zero?
  end

  class Plugin < Vagrant.plugin('2')
    name 'signet_lab'
    provider(:signet_lab, box_optional: true, parallel: false) { Provider }
  end

  class Provider < Vagrant.plugin('2', :provider)
    def initialize(machine)
      @machine = machine
    end

    def action(name)
      Actions.public_send(name) if Actions.respond_to?(name)
    end

    def ssh_info
      return unless state.id == :running

      { host: @machine.name.to_s, port: 22, username: 'root', private_key_path: "#{SignetLab.directory}/id_ed25519",
        proxy_command: "socat - UNIX-CONNECT:#{SignetLab.socket(@machine.name)}" }
    end

    def state
      id = if @machine.id.nil? then :not_created
           elsif File.socket?(SignetLab.socket(@machine.name)) then :running
           else :poweroff
           end
      Vagrant::MachineState.new(id, id.to_s.tr('_', ' '), "The host of the embedded lab is #{id.to_s.tr('_', ' ')}.")
    end

    def to_s
      "host #{@machine.name} of the embedded lab"
    end
  end

  # The steps that Vagrant's commands ask for.
  module Actions
    include Vagrant::Action::Builtin

    def self.build(*steps)
      Vagrant::Action::Builder.new.tap { |builder| steps.each { |step| builder.use(step) } }
    end

    def self.up = build(ConfigValidate, Provision, Boot)
    def self.provision = build(ConfigValidate, Provision)
    def self.halt = build(PowerOff)
    def self.destroy = build(PowerOff, Forget)
    def self.ssh = build(SSHExec)
    def self.ssh_run = build(SSHRun)
  end

  class Step
    def initialize(app, _env)
      @app = app
    end

    def call(env)
      perform(env[:machine], env[:ui])
      @app.call(env)
    end
  end

  # `lab up` boots all hosts of the lab that don't run; a machine that Vagrant has not asked for is not shown.
  class Boot < Step
    def perform(machine, ui)
      return if machine.state.id == :running

      count = machine.vagrantfile.machine_names.length
      SignetLab.lab(ui, '--hosts', count.to_s, 'up') unless File.socket?(SignetLab.socket(machine.name))
      machine.id = machine.name.to_s
    end
  end

  class PowerOff < Step
    def perform(machine, ui)
      SignetLab.lab(ui, 'kill', machine.name.to_s) if machine.state.id == :running
    end
  end

  # With its last machine the lab goes.
  class Forget < Step
    def perform(machine, ui)
      machine.id = nil
      left = Dir["#{SignetLab.directory}/hosts/*/ssh.sock"]
      SignetLab.lab(ui, 'down') if left.empty? && Dir.exist?(SignetLab.directory)
    end
  end
end
