import { NETWORK, type HostLayout, type LabLayout } from './layout.js'
import { attempt, run } from './process.js'

/** Runs lines of ip(8) in one batch. */
function ip(namespace: string | undefined, lines: readonly string[]): Promise<string> {
  const words = namespace === undefined ? ['-batch', '-'] : ['-n', namespace, '-batch', '-']
  return run('ip', words, lines.join('\n') + '\n')
}

/** Names of the network namespaces of this machine. */
export async function namespaces(): Promise<readonly string[]> {
  const text = await run('ip', ['netns', 'list'])
  return text
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '')
}

/**
 * Makes the lab's namespace with a bridge in it. Nothing leaves it: it has no route out.
 * A bridge that is there already is left as it is.
 */
export async function makeLabNetwork(lab: LabLayout): Promise<void> {
  if (!(await namespaces()).includes(lab.namespace)) await run('ip', ['netns', 'add', lab.namespace])
  const bridge = await attempt('ip', ['-n', lab.namespace, 'link', 'show', 'br0'])
  if (bridge.code !== 0) await ip(lab.namespace, ['link add br0 type bridge'])
  await ip(lab.namespace, [
    'link set lo up',
    `addr replace ${NETWORK.controller}/${NETWORK.length} dev br0`,
    'link set br0 up',
  ])
}

/** Makes a host's namespace, joined to the bridge by a veth pair. An older one of that name is replaced. */
export async function makeHostNetwork(lab: LabLayout, host: HostLayout): Promise<void> {
  await removeNamespace(host.namespace)
  await attempt('ip', ['-n', lab.namespace, 'link', 'del', `v-${host.name}`])
  await run('ip', ['netns', 'add', host.namespace])
  await ip(lab.namespace, [
    `link add v-${host.name} type veth peer name eth0 netns ${host.namespace}`,
    `link set v-${host.name} master br0 up`,
  ])
  await ip(host.namespace, [
    'link set lo up',
    `addr replace ${host.address}/${NETWORK.length} dev eth0`,
    'link set eth0 up',
  ])
}

/** Removes a namespace with all that is in it. Does nothing when there is none. */
export async function removeNamespace(name: string): Promise<void> {
  if ((await namespaces()).includes(name)) await run('ip', ['netns', 'del', name])
}
