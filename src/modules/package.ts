import type { Step } from '../host/step.js'
import { defineModule } from './module.js'

export const packageModule = defineModule({
  name: 'package',
  aliases: [
    'ansible.builtin.package',
    'apt',
    'ansible.builtin.apt',
    'dnf',
    'ansible.builtin.dnf',
    'yum',
    'ansible.builtin.yum',
  ],
  summary: 'Sees to packages, with the package manager that the host has.',
  args: {
    name: { type: 'strings', description: 'One package or several.', aliases: ['pkg', 'package'] },
    state: {
      type: 'string',
      enum: ['present', 'installed', 'absent', 'removed', 'latest'],
      default: 'present',
      description: 'latest upgrades every time.',
    },
    update_cache: {
      type: 'boolean',
      default: false,
      description: 'Fetch the lists of packages before something is installed.',
      aliases: ['update-cache'],
    },
    cache_valid_time: {
      type: 'integer',
      default: 0,
      description: 'Accepted; lists are fetched only when something is installed.',
    },
    install_recommends: {
      type: 'boolean',
      description: 'Accepted; the configuration of the package manager decides.',
      aliases: ['install-recommends'],
    },
  },
  returns: { packages: 'Name and version of those that were there.' },
  examples: [
    { description: 'Two packages', args: { name: ['openssl', 'ca-certificates'] } },
    { description: 'None of it', args: { name: 'telnet', state: 'absent' } },
  ],
  contract: [
    { args: { name: 'openssl' } },
    { args: { name: ['no-such-package-anywhere'], state: 'absent' } },
  ],
  probe: (host, args) =>
    Promise.all(
      (args.name ?? []).map(async (name) => ({ name, state: await host.ask({ ask: 'package', name }) })),
    ),
  plan: (args, packages) => {
    const absent = args.state === 'absent' || args.state === 'removed'
    const latest = args.state === 'latest'
    const manager = packages.find(({ state }) => state.manager !== '')?.state.manager ?? 'apt'
    if (packages.length > 0 && packages.every(({ state }) => state.manager === ''))
      return {
        steps: [],
        diff: [],
        failure: 'The host has no package manager that signet knows: apt, dnf, apk or zypper.',
      }
    const wrong = packages
      .filter(({ state }) => (absent ? state.installed : !state.installed))
      .map(({ name }) => name)
    const upgradable = latest ? packages.filter(({ state }) => state.installed).map(({ name }) => name) : []
    const steps: Step[] = []
    if (args.update_cache && !absent && (wrong.length > 0 || latest || packages.length === 0))
      steps.push({ do: 'packages', action: 'update_cache', names: [], manager })
    if (wrong.length > 0)
      steps.push({ do: 'packages', action: absent ? 'remove' : 'install', names: wrong, manager })
    if (upgradable.length > 0) steps.push({ do: 'packages', action: 'upgrade', names: upgradable, manager })
    return {
      steps,
      diff: wrong.map((name) => ({
        what: name,
        before: absent ? 'installed\n' : '',
        after: absent ? '' : 'installed\n',
      })),
      changed: wrong.length > 0 || upgradable.length > 0 || (packages.length === 0 && steps.length > 0),
      everyTime: latest || packages.length === 0,
      ...(latest && upgradable.length > 0
        ? { warnings: ['state: latest asks the package manager every time and counts as a change.'] }
        : {}),
    }
  },
  result: (_args, packages) => ({
    packages: packages.map(({ name, state }) => ({
      name,
      installed: state.installed,
      version: state.version ?? '',
    })),
  }),
})
