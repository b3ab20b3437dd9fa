import { hostLayout, type LabLayout } from './layout.js'

/** The inventory of a lab as YAML: the first half of its hosts is the primary cluster, the rest its replica. */
export function inventoryText(lab: LabLayout, names: readonly string[]): string {
  const half = Math.ceil(names.length / 2)
  const group = (members: readonly string[], indent: string): readonly string[] =>
    members.flatMap((name) => {
      const host = hostLayout(lab, name)
      return [
        `${indent}${name}:`,
        `${indent}  ansible_host: ${host.address}`,
        `${indent}  ansible_ssh_unix_socket: ${host.sshSocket}`,
      ]
    })
  return [
    `# Hosts of the embedded lab \`${lab.name}\` (signet lab up). Printed by \`signet lab inventory\`.`,
    '# ansible_ssh_unix_socket leads into the network namespace of the lab from any shell of this machine.',
    'all:',
    '  vars:',
    '    ansible_user: root',
    `    ansible_ssh_private_key_file: ${lab.keyFile}`,
    `    ansible_ssh_known_hosts_file: ${lab.knownHostsFile}`,
    '  children:',
    '    mysql:',
    '      children:',
    '        primary_cluster:',
    '          hosts:',
    ...group(names.slice(0, half), '            '),
    ...(names.length > half
      ? ['        replica_cluster:', '          hosts:', ...group(names.slice(half), '            ')]
      : []),
    '',
  ].join('\n')
}
