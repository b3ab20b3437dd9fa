import type { Step } from '../host/step.js'
import { defineModule, type Difference } from './module.js'

export const service = defineModule({
  name: 'service',
  aliases: [
    'ansible.builtin.service',
    'systemd',
    'ansible.builtin.systemd',
    'systemd_service',
    'ansible.builtin.systemd_service',
  ],
  summary: 'Sees to services of systemd: started, stopped, restarted, enabled at boot.',
  args: {
    name: { type: 'string', required: true, description: 'Unit.', aliases: ['service', 'unit'] },
    state: {
      type: 'string',
      enum: ['started', 'stopped', 'restarted', 'reloaded'],
      description: 'restarted and reloaded act every time.',
    },
    enabled: { type: 'boolean', description: 'Whether it starts at boot.' },
    masked: { type: 'boolean', description: 'Whether it is kept from starting at all.' },
    daemon_reload: {
      type: 'boolean',
      default: false,
      description: 'Make systemd read its unit files again first.',
      aliases: ['daemon-reload'],
    },
  },
  rules: { requiredOneOf: [['state', 'enabled', 'masked', 'daemon_reload']] },
  returns: {
    name: 'Unit.',
    state: 'started or stopped.',
    enabled: 'Whether it starts at boot.',
    status: 'ActiveState and SubState as systemd names them.',
  },
  examples: [
    {
      description: 'MySQL runs, and starts at boot',
      args: { name: 'mysql', state: 'started', enabled: true },
    },
    { description: 'A restart, for handlers', args: { name: 'cron', state: 'restarted' } },
  ],
  contract: [
    {
      args: { name: 'mysql', state: 'started', enabled: true },
      before: 'systemctl disable mysql 2>/dev/null',
    },
    { args: { name: 'ssh', masked: false, enabled: true } },
  ],
  probe: (host, args) => host.ask({ ask: 'service', name: args.name.replace(/\.service$/, '') }),
  plan: (args, service) => {
    const name = args.name.replace(/\.service$/, '')
    const steps: Step[] = []
    const diff: Difference[] = []
    const act = (
      action: Extract<Step, { do: 'service' }>['action'],
      what: string,
      before: string,
      after: string,
    ): void => {
      steps.push({ do: 'service', name, action })
      diff.push({ what: `${name} (${what})`, before: `${before}\n`, after: `${after}\n` })
    }
    if (!service.exists && service.pending !== undefined) return { steps, diff, unknown: service.pending }
    if (!service.exists && service.enabled !== 'masked') {
      return args.state === 'stopped' && args.enabled !== true
        ? { steps, diff }
        : { steps, diff, failure: `There is no service "${name}".` }
    }
    const running = ['active', 'activating', 'reloading'].includes(service.active)
    if (args.daemon_reload) steps.push({ do: 'daemon_reload' })
    if (args.masked === false && service.enabled === 'masked') act('unmask', 'boot', 'masked', 'unmasked')
    if (
      args.enabled === true &&
      !['enabled', 'enabled-runtime', 'static', 'alias', 'indirect', 'generated'].includes(service.enabled)
    )
      act('enable', 'boot', service.enabled, 'enabled')
    if (args.enabled === false && ['enabled', 'enabled-runtime'].includes(service.enabled))
      act('disable', 'boot', service.enabled, 'disabled')
    if (args.state === 'started' && !running) act('start', 'state', service.active, 'active')
    if (args.state === 'stopped' && running) act('stop', 'state', service.active, 'inactive')
    if (args.state === 'restarted') act('restart', 'state', service.active, 'restarted')
    if (args.state === 'reloaded') act(running ? 'reload' : 'start', 'state', service.active, 'reloaded')
    if (args.masked === true && service.enabled !== 'masked') act('mask', 'boot', service.enabled, 'masked')
    // Reading unit files again changes nothing by itself.
    return {
      steps,
      diff,
      changed: steps.some((step) => step.do === 'service'),
      everyTime: args.state === 'restarted' || args.state === 'reloaded',
    }
  },
  result: (args, service) => ({
    name: args.name,
    state:
      args.state === 'stopped'
        ? 'stopped'
        : args.state === undefined
          ? service.active === 'active'
            ? 'started'
            : 'stopped'
          : 'started',
    enabled: args.enabled ?? service.enabled === 'enabled',
    status: { ActiveState: service.active, SubState: service.substate, UnitFileState: service.enabled },
  }),
})
