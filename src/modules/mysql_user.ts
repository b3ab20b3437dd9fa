import { authenticates } from '../mysql/plan-account.js'
import { defineModule } from './module.js'
import { meantAccounts, planUser, questionOf } from './mysql-user-plan.js'
import { USER_ARGS, wantedOf } from './mysql-user-args.js'

export const mysql_user = defineModule({
  name: 'mysql_user',
  aliases: ['community.mysql.mysql_user'],
  summary:
    'Sees to accounts of a MySQL server: password, plugin, TLS demands, privileges, limits. Everything is compared with what the server has.',
  args: USER_ARGS,
  rules: {
    mutuallyExclusive: [
      ['password', 'plugin_hash_string', 'plugin_auth_string'],
      ['append_privs', 'subtract_privs'],
    ],
    requiredIf: [['password_expire', 'interval', ['password_expire_interval']]],
  },
  returns: {
    user: 'User name.',
    host: 'Host part.',
    hosts: 'Host parts of all accounts that were looked at, or made.',
    password_changed: 'Whether the password, or the plugin, was or would be changed.',
  },
  examples: [
    {
      description: 'An application that must present its certificate, and a password',
      args: {
        name: 'app',
        host: '%',
        password: 'Secret-4711',
        priv: 'shop.*:SELECT,INSERT,UPDATE,DELETE',
        tls_requires: { SUBJECT: '/CN=app', ISSUER: '/CN=MyName' },
      },
    },
    {
      description: 'A login without a password for a user of the operating system',
      args: { name: 'deploy', plugin: 'auth_socket', priv: { '*.*': 'SELECT,PROCESS' } },
    },
    {
      description: 'One more privilege',
      args: { name: 'deploy', priv: '*.*:REPLICATION CLIENT', append_privs: true },
    },
    { description: 'No such account, from anywhere', args: { name: 'app', host_all: true, state: 'absent' } },
  ],
  contract: [
    {
      args: {
        name: 'contract',
        host: '%',
        password: 'Contract-1',
        priv: 'contract\\_db.*:ALL,GRANT/mysql.user:SELECT (User, Host)/*.*:PROCESS,BACKUP_ADMIN/PROCEDURE sys.ps_setup_save:EXECUTE',
        tls_requires: { subject: '/CN=contract', issuer: '/CN=MyName' },
        resource_limits: { MAX_USER_CONNECTIONS: 3 },
        password_expire: 'interval',
        password_expire_interval: 90,
        locked: true,
        attributes: { team: 'dba' },
      },
      after: 'mysql -e "DROP USER contract"',
    },
    {
      args: {
        name: 'contract',
        password: 'Contract-2',
        priv: { '*.*': 'SELECT' },
        tls_requires: {},
        resource_limits: { MAX_QUERIES_PER_HOUR: 0 },
        locked: false,
        password_expire: 'never',
        attributes: { team: null, site: 'a' },
      },
      before:
        'mysql -e "CREATE USER contract@localhost IDENTIFIED BY \'old\' REQUIRE X509 WITH MAX_QUERIES_PER_HOUR 5 ACCOUNT LOCK ATTRIBUTE \'{\\"team\\": 1}\'; GRANT ALL ON *.* TO contract@localhost WITH GRANT OPTION; GRANT ALL ON sys.* TO contract@localhost"',
      after: 'mysql -e "DROP USER contract@localhost"',
    },
    {
      args: { name: 'contract', priv: '*.*:ALL,GRANT', append_privs: true },
      before: 'mysql -e "CREATE USER contract@localhost; GRANT SELECT ON sys.* TO contract@localhost"',
      after: 'mysql -e "DROP USER contract@localhost"',
    },
    {
      args: { name: 'contract', host_all: true, state: 'absent' },
      before: 'mysql -e "CREATE USER contract@localhost, contract"',
    },
  ],
  probe: (host, args) => host.ask(questionOf(args)),
  plan: (args, state) => planUser(args, state),
  result: (args, state) => {
    const accounts = meantAccounts(args, state)
    const wanted = wantedOf(args).authentication
    const changed =
      args.state === 'present' &&
      wanted !== undefined &&
      (accounts.length === 0
        ? true
        : args.update_password === 'always' && accounts.some((each) => !authenticates(each, wanted)))
    const hosts = accounts.map((each) => each.host)
    return {
      user: args.name,
      host: args.host,
      hosts: hosts.length === 0 && args.state === 'present' ? [args.host] : hosts,
      password_changed: changed,
    }
  },
})
