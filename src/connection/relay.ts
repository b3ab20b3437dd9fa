import { Duplex } from 'node:stream'
import { resume, type Channel } from './channel.js'
import { quote } from './quote.js'

const PERL = `use IO::Socket::UNIX;use IO::Select;my $s=IO::Socket::UNIX->new($ARGV[0]) or die "$!\\n";my $l=IO::Select->new(\\*STDIN,$s);while(my @r=$l->can_read){for my $f(@r){my $b;my $n=sysread($f,$b,65536);exit 0 unless $n;my $t=$f==$s?\\*STDOUT:$s;my $o=0;while($o<$n){$o+=syswrite($t,$b,$n-$o,$o)}}}`
const PYTHON = `import socket,select,os,sys
s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])
while 1:
 for f in select.select([0,s],[],[])[0]:
  b=os.read(0,65536) if f==0 else s.recv(65536)
  if not b: sys.exit(0)
  s.sendall(b) if f==0 else os.write(1,b)`

/**
 * A script that joins its input and output to a unix socket, for when the socket must be opened as another user
 * than the one that logged in. It uses what the host has: perl (always on Debian), python3, socat or nc.
 */
export const RELAY = (path: string): string =>
  [
    `if command -v perl >/dev/null; then exec perl -e ${quote(PERL)} ${quote(path)}; fi`,
    `if command -v socat >/dev/null; then exec socat - UNIX-CONNECT:${quote(path)}; fi`,
    `if command -v python3 >/dev/null; then exec python3 -c ${quote(PYTHON)} ${quote(path)}; fi`,
    `if command -v nc >/dev/null; then exec nc -U ${quote(path)}; fi`,
    'echo "none of perl, socat, python3 and nc is there to reach the socket with" >&2; exit 1',
  ].join('; ')

/** The input and output of a command as one stream. */
export function duplexOf(channel: Channel): Duplex {
  const stream = new Duplex({
    read: () => channel.stdout.resume(),
    write: (bytes: Buffer, _encoding, done) => {
      channel.stdin.write(bytes, done)
    },
    final: (done) => {
      channel.stdin.end()
      done()
    },
    destroy: (error, done) => {
      channel.kill()
      done(error)
    },
  })
  let errors = ''
  channel.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
  channel.stdout.on('data', (bytes: Buffer) => {
    if (!stream.push(bytes)) channel.stdout.pause()
  })
  resume(channel)
  void channel.ended.then((end) => {
    if (end.code !== 0 && errors !== '') stream.destroy(new Error(errors.trim()))
    else stream.push(null)
  })
  return stream
}
