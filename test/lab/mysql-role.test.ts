import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { upload } from './cluster-hosts.js'
import { checkRunRerun, resultOf, runTask } from './task.js'
import { changes, play, PROJECT, results, signet, transcript, type Run } from './signet.js'
import { fileState, shell, startLab, stopLab, testLab, type TestLab } from './servers.js'

const LAB = testLab('mysql-role')

/** A package of that name whose server is a script; the lab's hosts have no way to a real archive. */
const ARCHIVE = `
set -e
mkdir -p /srv/archive/package/DEBIAN /srv/archive/package/usr/sbin /srv/archive/package/usr/lib/systemd/system
printf 'Package: mysql-server\\nVersion: 1:99.0\\nArchitecture: all\\nMaintainer: nobody\\nDescription: stands for MySQL\\n' > /srv/archive/package/DEBIAN/control
printf '#!/bin/sh\\nexec sleep infinity\\n' > /srv/archive/package/usr/sbin/mysqld
chmod 755 /srv/archive/package/usr/sbin/mysqld
printf '[Service]\\nExecStart=/usr/sbin/mysqld\\n[Install]\\nWantedBy=multi-user.target\\n' > /srv/archive/package/usr/lib/systemd/system/mysql.service
printf '#!/bin/sh\\nsystemctl enable --now mysql\\n' > /srv/archive/package/DEBIAN/postinst
chmod 755 /srv/archive/package/DEBIAN/postinst
cd /srv/archive && dpkg-deb -b package mysql-server_99.0_all.deb
size=$(stat -c %s mysql-server_99.0_all.deb); sum=$(sha256sum mysql-server_99.0_all.deb | cut -d' ' -f1)
{ cat package/DEBIAN/control; printf 'Filename: ./mysql-server_99.0_all.deb\\nSize: %s\\nSHA256: %s\\n' "$size" "$sum"; } > Packages
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/archive ./' > /etc/apt/sources.list.d/archive.list
`
/** The same package in an archive with a Release file, which is printed: it is yet to be signed. */
const REPOSITORY = `
set -e
cd /srv/archive
if ! dpkg -s ca-certificates >/dev/null 2>&1; then
  mkdir -p authorities/DEBIAN
  printf 'Package: ca-certificates\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: stand-in\n' > authorities/DEBIAN/control
  dpkg-deb -b authorities authorities.deb >/dev/null
  dpkg -i authorities.deb >/dev/null
fi
rm /etc/apt/sources.list.d/archive.list
part=mysql-8.4-lts/binary-$(dpkg --print-architecture)
mkdir -p /srv/repository/pool /srv/repository/dists/trixie/$part
cp mysql-server_99.0_all.deb /srv/repository/pool/
sed 's#^Filename: .*#Filename: pool/mysql-server_99.0_all.deb#' Packages > /srv/repository/dists/trixie/$part/Packages
cd /srv/repository/dists/trixie
printf 'Origin: nobody\nSuite: trixie\nCodename: trixie\nArchitectures: all %s\nComponents: mysql-8.4-lts\nDate: %s\nSHA256:\n %s %s %s\n' \\
  "$(dpkg --print-architecture)" "$(LC_ALL=C date -uR)" "$(sha256sum $part/Packages | cut -d' ' -f1)" "$(stat -c %s $part/Packages)" $part/Packages
`
const REMOVE_MYSQL = `
set -e
systemctl stop mysql
DEBIAN_FRONTEND=noninteractive apt-get purge -y -q 'mysql-*' >/dev/null 2>&1
rm -rf /var/lib/mysql /etc/mysql
test ! -e /usr/sbin/mysqld
`

describe('the role mysql_server', () => {
  let lab: TestLab
  const role = (host: string, ...words: string[]): Promise<Run> =>
    play([
      join(lab.directory, 'role.yml'),
      '-i',
      lab.inventory,
      '--roles-path',
      join(PROJECT, 'roles'),
      '-l',
      host,
      ...words,
    ])
  const message = (run: Run, task: string): string => {
    const found = results(run).find((each) => each.task.endsWith(task))
    return JSON.stringify(found?.result)
  }

  before(async () => {
    lab = await startLab(LAB, 2)
    await writeFile(
      join(lab.directory, 'role.yml'),
      '- hosts: mysql\n  become: true\n  gather_facts: false\n  roles: [mysql_server]\n',
    )
  })
  after(async () => {
    // The agent that gpg started for the keys of the test.
    execFileSync('gpgconf', ['--homedir', join(lab.directory, 'gnupg'), '--kill', 'all'])
    await stopLab(LAB)
  })

  it('a server that hangs is told, and not restarted', async () => {
    const started = (): Promise<string> => shell(LAB, 's1', 'systemctl show -p MainPID mysql')
    const before = await started()
    await shell(LAB, 's1', 'systemctl kill -s STOP mysql')
    const args = { option_file: '/etc/mysql/mysql.conf.d/mysqld.cnf' }
    for (const words of [['--check'], []]) {
      const told = await runTask(lab, 's1', 'mysql_server', args, ...words)
      assert.equal(told.code, 2, transcript(told))
      assert.match(
        resultOf(told).message ?? '',
        /^mysqld on s1 runs, but does not answer: .*within 10 s.*not restarted/,
      )
    }
    await shell(LAB, 's1', 'systemctl kill -s CONT mysql')
    const { changed } = await checkRunRerun(lab, 's1', 'mysql_server', args)
    assert.deepEqual(changed, [0, 0, 0])
    assert.equal(await started(), before)
  })

  it('leaves a host alone on which MySQL is installed', async () => {
    const before = await fileState(LAB, 's1')
    const run = await role('s1')
    assert.equal(run.code, 0, transcript(run))
    assert.deepEqual(changes(run), [])
    assert.equal(await fileState(LAB, 's1'), before)
  })

  it("refuses MariaDB's package and says what to do, in a run and in check mode", async () => {
    await shell(
      LAB,
      's1',
      "printf 'Package: mariadb-server\\nStatus: install ok installed\\nPriority: optional\\nSection: database\\nMaintainer: nobody\\nArchitecture: all\\nVersion: 1:11.8\\nDescription: stands for MariaDB\\n\\n' >> /var/lib/dpkg/status",
    )
    const before = await fileState(LAB, 's1')
    for (const words of [[], ['--check']]) {
      const run = await role('s1', ...words)
      assert.equal(run.code, 2, transcript(run))
      assert.match(
        message(run, 'MariaDB is refused'),
        /s1 has MariaDB \(mariadb-server\).*no Group Replication/,
      )
      assert.deepEqual(changes(run), [])
    }
    assert.equal(await fileState(LAB, 's1'), before)
  })

  it("refuses MariaDB's program and data, wherever they came from", async () => {
    await shell(
      LAB,
      's1',
      'dpkg --forget-old-unavail; touch /usr/sbin/mariadbd /var/lib/mysql/aria_log_control',
    )
    const run = await role('s1')
    assert.equal(run.code, 2, transcript(run))
    assert.match(
      message(run, 'MariaDB is refused'),
      /\/usr\/sbin\/mariadbd, \/var\/lib\/mysql\/aria_log_control/,
    )
  })

  it('installs MySQL where there is none, as check mode has foretold; then changes nothing', async () => {
    await shell(LAB, 's2', REMOVE_MYSQL)
    await shell(LAB, 's2', ARCHIVE)
    const options = ['-e', JSON.stringify({ mysql_server_packages: ['mysql-server'] })]
    const before = await fileState(LAB, 's2')
    const looked = await role('s2', '--check', ...options)
    assert.equal(looked.code, 0, transcript(looked))
    assert.equal(await fileState(LAB, 's2'), before)

    const installed = await role('s2', ...options)
    assert.equal(installed.code, 0, transcript(installed))
    assert.deepEqual(changes(looked), changes(installed))
    assert.deepEqual(changes(installed), ['s2: mysql_server : Packages of MySQL'])
    assert.match(message(looked, 'MySQL runs'), /mysql-server were not installed/)
    assert.equal(
      await shell(LAB, 's2', 'systemctl is-active mysql; systemctl is-enabled mysql'),
      'active\nenabled',
    )

    const again = await role('s2', ...options)
    assert.equal(again.code, 0, transcript(again))
    assert.deepEqual(changes(again), [])
  })

  it("adds MySQL's own repository where the distribution has no MySQL", async () => {
    const key = join(lab.directory, 'mysql.asc')
    await writeFile(key, 'a key\n')
    await shell(
      LAB,
      's2',
      'systemctl stop mysql; dpkg -P mysql-server; sed -i -e /VERSION/d -e \'$aVERSION_ID="13"\\nVERSION_CODENAME=trixie\' /etc/os-release; systemctl daemon-reload',
    )
    const variables = { mysql_server_packages: ['mysql-server'], mysql_server_repository_key_file: key }
    const looked = await signet([
      'check',
      join(lab.directory, 'role.yml'),
      '-i',
      lab.inventory,
      '--roles-path',
      join(PROJECT, 'roles'),
      '-l',
      's2',
      '-e',
      JSON.stringify(variables),
    ])
    assert.equal(looked.code, 0, looked.stdout + looked.stderr)
    assert.match(looked.stdout, /URIs: https:\/\/repo\.mysql\.com\/apt\/debian\//)
    assert.match(looked.stdout, /Suites: trixie\n.*Components: mysql-8\.4-lts/)
  })

  it('installs MySQL from such a repository when it is signed by the key, and only then', async () => {
    const gpg = (...words: string[]): Buffer =>
      execFileSync('gpg', ['--batch', '--quiet', '--homedir', join(lab.directory, 'gnupg'), ...words], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    mkdirSync(join(lab.directory, 'gnupg'), { mode: 0o700 })
    for (const name of ['right', 'wrong']) {
      gpg('--passphrase', '', '--quick-generate-key', `${name} <${name}@example.org>`, 'rsa3072', 'sign')
      await writeFile(join(lab.directory, `${name}.asc`), gpg('--armor', '--export', name))
    }
    await writeFile(join(lab.directory, 'Release'), `${await shell(LAB, 's2', REPOSITORY)}\n`)
    gpg(
      '--local-user',
      'right',
      '--output',
      join(lab.directory, 'InRelease'),
      '--clearsign',
      join(lab.directory, 'Release'),
    )
    await upload(lab, 's2', lab.directory, '/srv/repository/dists/trixie', ['InRelease'])
    await shell(LAB, 's2', 'chmod -R a+rX /srv/repository')
    const options = (key: string): string[] => [
      '-e',
      JSON.stringify({
        mysql_server_packages: ['mysql-server'],
        mysql_server_repository_uri: 'file:/srv/repository/',
        mysql_server_repository_key_file: join(lab.directory, `${key}.asc`),
      }),
    ]

    const refused = await role('s2', ...options('wrong'))
    assert.equal(refused.code, 2, transcript(refused))
    assert.match(message(refused, 'Packages of MySQL'), /not signed|signature/i)
    assert.equal(await shell(LAB, 's2', 'ls /usr/sbin/mysqld 2>/dev/null; true'), '')

    const looked = await role('s2', '--check', ...options('right'))
    assert.equal(looked.code, 0, transcript(looked))
    const installed = await role('s2', ...options('right'))
    assert.equal(installed.code, 0, transcript(installed))
    assert.deepEqual(changes(installed), changes(looked))
    assert.equal(
      await shell(LAB, 's2', "systemctl is-active mysql; dpkg-query -W -f '${Version}' mysql-server"),
      'active\n1:99.0',
    )
    const again = await role('s2', ...options('right'))
    assert.deepEqual([again.code, changes(again)], [0, []])
  })
})
