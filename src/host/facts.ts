import type { Value } from '../value/value.js'

/** Prints facts as `name=value` lines, with nothing but a POSIX shell, /proc and coreutils. */
export const FACTS_SCRIPT = `
u() { printf '%s=%s\\n' "$1" "$2"; }
u nodename "$(uname -n)"; u kernel "$(uname -r)"; u system "$(uname -s)"; u machine "$(uname -m)"
u fqdn "$(hostname -f 2>/dev/null || uname -n)"
if [ -r /etc/os-release ]; then sed -n 's/^\\(ID\\|ID_LIKE\\|VERSION_ID\\|VERSION_CODENAME\\|NAME\\)=/os_\\1=/p' /etc/os-release; fi
[ -r /etc/debian_version ] && u debian_version "$(cat /etc/debian_version)"
[ -d /run/systemd/system ] && u service_mgr systemd
for p in apt-get dnf yum zypper apk; do command -v $p >/dev/null && { u pkg_mgr $p; break; }; done
u user_id "$(id -un)"; u user_uid "$(id -u)"; u user_gid "$(id -g)"; u user_dir "$HOME"; u user_shell "$SHELL"
u vcpus "$(grep -c ^processor /proc/cpuinfo 2>/dev/null)"
sed -n 's/^\\(MemTotal\\|MemFree\\|MemAvailable\\|SwapTotal\\|SwapFree\\):[ ]*\\([0-9]*\\).*/\\1=\\2/p' /proc/meminfo 2>/dev/null
u uptime "$(cut -d. -f1 /proc/uptime 2>/dev/null)"
u machine_id "$(cat /etc/machine-id 2>/dev/null)"
u date "$(date '+%Y-%m-%d %H:%M:%S %s %Z %z %A')"
u virt "$(systemd-detect-virt 2>/dev/null)"
if command -v ip >/dev/null; then ip -o addr show 2>/dev/null | while read -r i dev fam addr rest; do u "addr_$fam" "$dev $addr"; done; ip -4 route show default 2>/dev/null | sed 's/^/route4=/'; fi
[ -d /sys/kernel/security/apparmor ] && u apparmor enabled
env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=/env_\\1=/p'
`

/** os-release names whose family is another's. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/\b(debian|ubuntu|raspbian|linuxmint)\b/, 'Debian'],
  [/\b(rhel|fedora|centos|rocky|almalinux|ol|amzn)\b/, 'RedHat'],
  [/\b(suse|sles|opensuse\S*)\b/, 'Suse'],
  [/\balpine\b/, 'Alpine'],
  [/\barch\b/, 'Archlinux'],
]
const DISTRIBUTIONS: Readonly<Record<string, string>> = {
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  rhel: 'RedHat',
  centos: 'CentOS',
  rocky: 'Rocky',
  almalinux: 'AlmaLinux',
  fedora: 'Fedora',
  ol: 'OracleLinux',
  alpine: 'Alpine',
  arch: 'Archlinux',
  amzn: 'Amazon',
}

/** The facts of a host as Ansible's setup module names them. */
export function factsOf(text: string): Readonly<Record<string, Value>> {
  const single = new Map<string, string>()
  const lists = new Map<string, string[]>()
  const environment: Record<string, Value> = {}
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z0-9_]+)=(.*)$/.exec(line)
    if (match?.[1] === undefined) continue
    const value = (match[2] ?? '').replace(/^"(.*)"$/, '$1')
    if (match[1].startsWith('env_')) environment[match[1].slice(4)] = match[2] ?? ''
    else if (match[1].startsWith('addr_')) lists.set(match[1], [...(lists.get(match[1]) ?? []), value])
    else if (!single.has(match[1])) single.set(match[1], value)
  }
  const get = (name: string): string => single.get(name) ?? ''
  const megabytes = (name: string): number => Math.floor(Number(get(name) || 0) / 1024)
  const version = get('os_VERSION_ID') || get('debian_version')
  const like = `${get('os_ID')} ${get('os_ID_LIKE')}`
  const [day = '', time = '', epoch = '', zone = '', offset = '', weekday = ''] = get('date').split(' ')
  const nodename = get('nodename')
  const fqdn = get('fqdn') || nodename
  return {
    ansible_hostname: nodename.split('.')[0] ?? nodename,
    ansible_nodename: nodename,
    ansible_fqdn: fqdn,
    ansible_domain: fqdn.includes('.') ? fqdn.slice(fqdn.indexOf('.') + 1) : '',
    ansible_distribution: DISTRIBUTIONS[get('os_ID')] ?? get('os_NAME'),
    ansible_distribution_version: version,
    ansible_distribution_major_version: version.split('.')[0] ?? '',
    ansible_distribution_release: get('os_VERSION_CODENAME'),
    ansible_os_family: FAMILIES.find(([pattern]) => pattern.test(like))?.[1] ?? get('os_NAME'),
    ansible_architecture: get('machine'),
    ansible_machine: get('machine'),
    ansible_kernel: get('kernel'),
    ansible_system: get('system'),
    ansible_service_mgr: get('service_mgr') || 'unknown',
    ansible_pkg_mgr: (get('pkg_mgr') || 'unknown').replace('apt-get', 'apt'),
    ansible_user_id: get('user_id'),
    ansible_user_uid: Number(get('user_uid')),
    ansible_user_gid: Number(get('user_gid')),
    ansible_user_dir: get('user_dir'),
    ansible_user_shell: get('user_shell'),
    ansible_processor_vcpus: Number(get('vcpus') || 1),
    ansible_processor_count: 1,
    ansible_memtotal_mb: megabytes('MemTotal'),
    ansible_memfree_mb: megabytes('MemFree'),
    ansible_swaptotal_mb: megabytes('SwapTotal'),
    ansible_swapfree_mb: megabytes('SwapFree'),
    ansible_uptime_seconds: Number(get('uptime') || 0),
    ansible_machine_id: get('machine_id'),
    ansible_virtualization_type: get('virt') === 'none' || get('virt') === '' ? 'NA' : get('virt'),
    ansible_virtualization_role: get('virt') === 'none' || get('virt') === '' ? 'NA' : 'guest',
    ansible_apparmor: { status: get('apparmor') || 'disabled' },
    ansible_date_time: {
      date: day,
      time,
      epoch,
      tz: zone,
      tz_offset: offset,
      weekday,
      iso8601: new Date(Number(epoch) * 1000).toISOString().replace('.000', ''),
    },
    ansible_env: environment,
    ...network(lists, get('route4')),
    gather_subset: ['all'],
    module_setup: true,
  }
}

function network(
  lists: ReadonlyMap<string, readonly string[]>,
  route: string,
): Readonly<Record<string, Value>> {
  const pairs = (name: string): readonly (readonly [string, string, string])[] =>
    (lists.get(name) ?? []).map((entry) => {
      const [device = '', address = ''] = entry.split(' ')
      const [ip = '', prefix = ''] = address.split('/')
      return [device, ip, prefix]
    })
  const four = pairs('addr_inet')
  const six = pairs('addr_inet6')
  const interfaces = [...new Set([...four, ...six].map(([device]) => device))]
  const outer = four.filter(([device]) => device !== 'lo')
  const via = /dev (\S+)/.exec(route)?.[1]
  const chosen = outer.find(([device]) => device === via) ?? outer[0]
  const facts: Record<string, Value> = {
    ansible_interfaces: interfaces,
    ansible_all_ipv4_addresses: outer.map(([, ip]) => ip),
    ansible_all_ipv6_addresses: six.filter(([device]) => device !== 'lo').map(([, ip]) => ip),
    ansible_default_ipv4:
      chosen === undefined
        ? {}
        : {
            address: chosen[1],
            interface: chosen[0],
            alias: chosen[0],
            prefix: chosen[2],
            gateway: /via (\S+)/.exec(route)?.[1] ?? '',
          },
  }
  for (const device of interfaces) {
    const own = four.find(([name]) => name === device)
    facts[`ansible_${device.replace(/[^A-Za-z0-9_]/g, '_')}`] = {
      device,
      active: true,
      ...(own === undefined ? {} : { ipv4: { address: own[1], prefix: own[2] } }),
    }
  }
  return facts
}
