import { access } from 'node:fs/promises'
import { SignetError } from '../errors.js'
import { attempt } from './process.js'

/** Debian packages of the controller that the lab needs, with a file that tells that each is there. */
const PACKAGES: Readonly<Record<string, string>> = {
  mmdebstrap: '/usr/bin/mmdebstrap',
  'systemd-container': '/usr/bin/systemd-nspawn',
  iproute2: '/usr/sbin/ip',
  socat: '/usr/bin/socat',
  'openssh-client': '/usr/bin/ssh-keygen',
  openssl: '/usr/bin/openssl',
  'debian-archive-keyring': '/usr/share/keyrings/debian-archive-keyring.gpg',
}

/** What the lab asks about the machine, so that tests can answer differently. */
export interface Machine {
  readonly platform: string
  readonly uid: number
}

/** @throws SignetError lab-unsupported when the machine can't run the embedded lab at all. */
export function checkMachine(machine: Machine): void {
  if (machine.platform !== 'linux') {
    throw new SignetError('lab-unsupported', `The embedded lab needs Linux; this is ${machine.platform}.`, {
      hint: 'Use Vagrant here: see docs/labs.md.',
    })
  }
  if (machine.uid !== 0) {
    throw new SignetError(
      'lab-unsupported',
      'The embedded lab needs root: it mounts, makes network namespaces and boots containers.',
      {
        hint: 'Run it with sudo, or use Vagrant: see docs/labs.md.',
      },
    )
  }
}

/** Installs the Debian packages that are missing. @throws SignetError lab-unsupported where there is no apt. */
export async function installMissingPackages(say: (text: string) => void): Promise<void> {
  const missing: string[] = []
  for (const [name, file] of Object.entries(PACKAGES)) {
    await access(file).catch(() => missing.push(name))
  }
  if (missing.length === 0) return
  if ((await attempt('apt-get', ['--version'])).code !== 0) {
    throw new SignetError(
      'lab-unsupported',
      `The embedded lab needs these programs: ${missing.join(', ')}.`,
      {
        hint: 'Install them with the package manager of this machine; on Debian and Ubuntu the lab does it itself.',
      },
    )
  }
  say(`Installing Debian packages: ${missing.join(' ')}`)
  const install = [
    '-o',
    'DPkg::Lock::Timeout=120',
    'install',
    '-y',
    '-q',
    '--no-install-recommends',
    ...missing,
  ]
  const environment = ['DEBIAN_FRONTEND=noninteractive', 'apt-get']
  const first = await attempt('env', [...environment, ...install])
  if (first.code === 0) return
  await attempt('env', [...environment, '-q', 'update'])
  const second = await attempt('env', [...environment, ...install])
  if (second.code !== 0) {
    const lines = second.stderr.trim().split('\n').slice(-5).join('\n')
    throw new SignetError('lab-failed', `apt-get could not install ${missing.join(' ')}:\n${lines}`)
  }
}
