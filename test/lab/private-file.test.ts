import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { playHere } from '../e2e/here.js'
import { transcript } from './signet.js'
import { quote, shell, startLab, stopLab, testLab, type TestLab } from './servers.js'

const LAB = testLab('private')

/**
 * A stranger who tries, without a pause, to open everything in the directory of the keys and every upload, and notes
 * whatever can be opened, until the file "stop" is there.
 */
const STRANGER = `
use strict; $| = 1;
my %opened; my $looks = 0;
until (-e '/srv/keys/stop') {
  $looks++;
  for my $directory ('/srv/keys', '/tmp') {
    opendir(my $handle, $directory) or die "$directory: $!";
    for my $name (grep { /key|^[.]signet/ } readdir $handle) {
      $opened{"$directory/$name"} = 1 if open(my $file, '<', "$directory/$name");
    }
  }
  if ($looks == 1) { print "ready\\n" }
}
print "looks $looks\\n";
print "opened $_\\n" for sort keys %opened;
print "end\\n";
`

describe('a private file', () => {
  let lab: TestLab
  before(async () => {
    lab = await startLab(LAB, 1)
    await shell(LAB, 's1', `mkdir -m 755 /srv/keys && printf %s ${quote(STRANGER)} > /srv/stranger.pl`)
  })
  after(() => stopLab(LAB))

  /** What the stranger could open while something was done. */
  async function openedDuring(action: () => Promise<void>): Promise<readonly string[]> {
    await shell(
      LAB,
      's1',
      'rm -f /srv/keys/stop; setpriv --reuid nobody --regid nogroup --clear-groups perl /srv/stranger.pl > /srv/seen 2>&1 < /dev/null & until grep -q ready /srv/seen; do sleep 0.1; done',
    )
    await action()
    const lines = (
      await shell(
        LAB,
        's1',
        'touch /srv/keys/stop; for i in $(seq 600); do grep -q ^end /srv/seen && break; sleep 0.1; done; cat /srv/seen',
      )
    ).split('\n')
    assert.match(lines[1] ?? '', /^looks \d{2,}$/, lines.join('\n'))
    assert.equal(lines.at(-1), 'end', lines.join('\n'))
    return lines.slice(2, -1)
  }

  it('is watched closely enough: a key that is closed to others a moment after it was written is noticed', async () => {
    const opened = await openedDuring(async () => {
      await shell(
        LAB,
        's1',
        'for i in $(seq 200); do cp /etc/hostname /srv/keys/careless-key; chmod 600 /srv/keys/careless-key; rm /srv/keys/careless-key; done',
      )
    })
    assert.deepEqual(opened, ['opened /srv/keys/careless-key'])
  })

  it('is at no moment open to others while it is copied: small and large, new, replaced and kept as a backup', async () => {
    const tasks = ['small', 'large']
      .map(
        (name) =>
          `    - {copy: {src: ${name}.pem, dest: /srv/keys/${name}-key.pem, owner: mysql, group: mysql, mode: "0600", backup: true}}\n`,
      )
      .join('')
    await writeFile(
      join(lab.directory, 'keys.yml'),
      `- hosts: s1\n  gather_facts: false\n  tasks:\n${tasks}    - {copy: {content: "{{ turn }}", dest: /srv/keys/text-key.pem, mode: "0600"}}\n`,
    )
    const opened = await openedDuring(async () => {
      for (const turn of ['1', '2', '3']) {
        await writeFile(join(lab.directory, 'small.pem'), turn.repeat(2000))
        await writeFile(join(lab.directory, 'large.pem'), turn.repeat(3_000_000))
        const run = await playHere(['keys.yml', '-i', 'hosts.yml', '-e', `turn=${turn}`], {
          cwd: lab.directory,
        })
        assert.equal(run.code, 0, transcript(run))
      }
    })
    assert.deepEqual(opened, [])
    assert.equal(
      await shell(
        LAB,
        's1',
        "find /srv/keys -name '*key.pem*' -printf '%m %f\\n' | sed 's/\\.pem\\..*~/~/' | sort -u",
      ),
      '600 large-key.pem\n600 large-key~\n600 small-key.pem\n600 small-key~\n600 text-key.pem',
    )
  })
})
