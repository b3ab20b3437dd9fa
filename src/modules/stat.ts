import { showMode } from './file-mode.js'
import { defineModule } from './module.js'

export const stat = defineModule({
  name: 'stat',
  aliases: ['ansible.builtin.stat'],
  summary: 'Tells how a path stands. Changes nothing.',
  args: {
    path: {
      type: 'string',
      required: true,
      description: 'Absolute path on the host.',
      aliases: ['dest', 'name'],
    },
    follow: { type: 'boolean', default: false, description: 'Look at what a link points to.' },
    get_checksum: { type: 'boolean', default: true, description: 'Also the checksum of a file.' },
    checksum_algorithm: {
      type: 'string',
      enum: ['sha256'],
      default: 'sha256',
      description: 'How the checksum is computed.',
      aliases: ['checksum', 'checksum_algo'],
    },
  },
  returns: {
    stat: 'exists; and if so isdir, isreg, islnk, mode, pw_name, gr_name, uid, gid, size, mtime, checksum, lnk_target …',
  },
  examples: [
    { description: 'Is it there?', args: { path: '/etc/mysql/my.cnf' } },
    { description: 'What is behind the link?', args: { path: '/etc/localtime', follow: true } },
  ],
  contract: [{ args: { path: '/etc/passwd' } }, { args: { path: '/nonexistent' } }],
  probe: (host, args) =>
    host.ask({
      ask: 'file',
      path: args.path,
      follow: args.follow,
      ...(args.get_checksum ? { read: 'hash' as const } : {}),
    }),
  plan: () => ({ steps: [], diff: [] }),
  result: (args, file) => {
    if (file.kind === 'absent') return { stat: { exists: false } }
    return {
      stat: {
        exists: true,
        path: args.path,
        isdir: file.kind === 'directory',
        isreg: file.kind === 'file',
        islnk: file.kind === 'link',
        mode: showMode(file.mode),
        pw_name: file.owner,
        gr_name: file.group,
        uid: file.uid,
        gid: file.gid,
        size: file.size,
        mtime: file.mtime,
        inode: file.inode ?? 0,
        nlink: file.links ?? 0,
        executable: (file.mode & 0o111) !== 0,
        readable: true,
        writeable: (file.mode & 0o222) !== 0,
        ...(file.target === undefined ? {} : { lnk_target: file.target, lnk_source: file.target }),
        ...(file.hash === undefined ? {} : { checksum: file.hash }),
      },
    }
  },
})
